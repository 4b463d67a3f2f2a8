//! `doorstep settings`.

use super::output::Outcome;
use crate::config::reference;
use std::io::{self, Write};

pub(super) fn run(markdown: bool) -> Outcome {
    let text = if markdown { reference::markdown() } else { reference::env_example() };
    Ok(io::stdout().write_all(text.as_bytes())?)
}
