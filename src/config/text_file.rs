//! Text of files that people have written with any editor.

use std::io::{self, ErrorKind};

/// Removes the byte order mark that some editors write at the beginning of a file.
pub(super) fn without_mark(text: &str) -> &str {
    text.trim_start_matches('\u{feff}')
}

/// Describes why a file cannot be read.
pub(super) fn describe_error(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::InvalidData => "its text is not UTF-8; save it as UTF-8".to_owned(),
        _ => error.to_string(),
    }
}
