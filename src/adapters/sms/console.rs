//! Prints messages for developers instead of sending them. Only this adapter may print a code.

use super::Provider;
use crate::adapters::stdout::STDOUT;
use crate::config::sms::console::NAME;
use crate::domain::outbox::Outbox;
use crate::ports::{Message, SmsError};
use async_trait::async_trait;
use secrecy::ExposeSecret;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Writes each message to standard output, adds it to the outbox and, if configured, appends it to a file. For
/// development only.
pub struct Console {
    file: Arc<Mutex<Option<File>>>,
    outbox: Outbox,
}

impl Console {
    /// Opens the file, and creates it if it does not exist.
    pub fn new(file: Option<&Path>, outbox: Outbox) -> io::Result<Self> {
        // The file contains phone numbers and codes, so only its owner may read it.
        let open = |path| OpenOptions::new().append(true).create(true).mode(0o600).open(path);
        let file = file.map(open).transpose()?;
        Ok(Self { file: Arc::new(Mutex::new(file)), outbox })
    }
}

#[async_trait]
impl Provider for Console {
    fn name(&self) -> &'static str {
        NAME
    }

    /// Writes on a blocking thread, because a disk can be slow.
    async fn send(&self, message: &Message) -> Result<(), SmsError> {
        let line = line(message);
        self.outbox.push(message.to.e164().to_owned(), message.text.expose_secret().to_owned());
        let file = Arc::clone(&self.file);
        let written = tokio::task::spawn_blocking(move || write(&file, line.as_bytes())).await;
        written
            .unwrap_or_else(|_| Err(io::Error::other("the write panicked")))
            .map_err(|error| SmsError::Unreachable(error.to_string()))
    }
}

/// Returns the line for a message. `sed -n 's/.* code is \([0-9]*\),.*/\1/p'` extracts the codes from English messages.
fn line(message: &Message) -> String {
    format!("SMS to {}: {}\n", message.to.e164(), message.text.expose_secret())
}

/// Writes the line to the terminal and to the file. The file stays locked during both, so that both have the same order
/// of lines.
fn write(file: &Mutex<Option<File>>, line: &[u8]) -> io::Result<()> {
    let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
    STDOUT.push(line);
    // A `File` has no buffer: other processes can read the line immediately.
    file.as_mut().map_or(Ok(()), |file| file.write_all(line))
}
