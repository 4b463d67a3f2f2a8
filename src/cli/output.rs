//! Output of commands.

use crate::config::Problems;
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

pub(super) type Outcome = Result<(), Box<dyn Error>>;

pub(super) fn print(text: &str) -> Outcome {
    Ok(writeln!(io::stdout(), "{text}")?)
}

/// Prints the problems to standard error, if there are any.
pub(super) fn warn(problems: &Problems) -> Outcome {
    Ok(write!(io::stderr(), "{problems}")?)
}

/// Time for the last message of the process. A reader that has stopped must not keep the process from its end.
const FAIL_TIMEOUT: Duration = Duration::from_secs(3);

/// Prints the error to standard error.
pub(super) fn fail(error: &dyn Error) -> ExitCode {
    let (line, (sender, written)) = (format!("doorstep: {error}\n"), mpsc::channel::<()>());
    // The thread drops the sender, and so ends the wait.
    let print = move || drop((io::stderr().write_all(line.as_bytes()), sender));
    if thread::Builder::new().spawn(print).is_ok() {
        // An error means that the line is written: the sender has gone.
        written.recv_timeout(FAIL_TIMEOUT).ok();
    }
    ExitCode::FAILURE
}
