//! Output of commands.

use crate::config::Problems;
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

pub(super) type Outcome = Result<(), Box<dyn Error>>;

pub(super) fn print(text: &str) -> Outcome {
    Ok(writeln!(io::stdout(), "{text}")?)
}

/// Prints the problems to standard error, if there are any.
pub(super) fn warn(problems: &Problems) -> Outcome {
    Ok(write!(io::stderr(), "{problems}")?)
}

/// Prints the error to standard error.
pub(super) fn fail(error: &dyn Error) -> ExitCode {
    drop(writeln!(io::stderr(), "doorstep: {error}"));
    ExitCode::FAILURE
}
