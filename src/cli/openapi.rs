//! `doorstep openapi`.

use super::output::Outcome;
use crate::http::openapi::DOCUMENT;
use std::io::{self, Write};

pub(super) fn run() -> Outcome {
    Ok(io::stdout().write_all(DOCUMENT.as_bytes())?)
}
