//! Messages for the developer's eyes: printed instead of sent. The one place that may show a code.

use super::Provider;
use crate::ports::{Message, SmsError};
use async_trait::async_trait;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Writes each message to standard output and, if asked, to the end of a file. For development only.
pub struct Console {
    brand: String,
    file: Arc<Mutex<Option<File>>>,
}

impl Console {
    /// Opens the file, which is created when it is not there. `brand` says whose messages these are.
    pub fn new(brand: &str, file: Option<&Path>) -> io::Result<Self> {
        // Phones and codes: for the owner only.
        let open = |path| OpenOptions::new().append(true).create(true).mode(0o600).open(path);
        let file = file.map(open).transpose()?;
        Ok(Self { brand: brand.to_owned(), file: Arc::new(Mutex::new(file)) })
    }
}

#[async_trait]
impl Provider for Console {
    fn name(&self) -> &'static str {
        "console"
    }

    /// Takes its time on a thread that may block: a terminal or a pipe can be slow.
    async fn send(&self, message: &Message) -> Result<(), SmsError> {
        let line = line(message, &self.brand);
        let file = Arc::clone(&self.file);
        let written = tokio::task::spawn_blocking(move || write(&file, line.as_bytes())).await;
        written
            .unwrap_or_else(|_| Err(io::Error::other("the writing panicked")))
            .map_err(|error| SmsError::Unreachable(error.to_string()))
    }
}

/// `sed -n 's/.* code is \([0-9]*\),.*/\1/p'` picks the codes of English messages.
fn line(message: &Message, brand: &str) -> String {
    let words = message.content.words(brand, message.language, message.autofill.as_ref());
    format!("SMS to {}: {words}\n", message.to.e164())
}

/// The file's lock is held throughout, so that lines come in the same order on both sides, each in one piece.
fn write(file: &Mutex<Option<File>>, line: &[u8]) -> io::Result<()> {
    let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
    let mut terminal = io::stdout().lock();
    terminal.write_all(line)?;
    terminal.flush()?;
    // A `File` has no buffer of its own: what is written is there for every reader.
    file.as_mut().map_or(Ok(()), |file| file.write_all(line))
}
