//! `doorstep openapi`.

use super::output::Outcome;
use crate::http::openapi::{DOCUMENT, SDK_DOCUMENT};
use std::io::{self, Write};

pub(super) fn run(for_sdk: bool) -> Outcome {
    let document = if for_sdk { &SDK_DOCUMENT } else { &DOCUMENT };
    Ok(io::stdout().write_all(document.as_bytes())?)
}
