//! Errors of SQLite. diesel keeps the message only; it is a constant of the bundled library, in English.

/// Messages of errors that pass, or that an operator can make pass, and the remedy.
const PASSING: [(&str, &str); 9] = [
    ("database is locked", "another process uses the file"),
    ("database table is locked", "another process uses the file"),
    ("database or disk is full", "free disk space, or raise max_page_count"),
    ("disk I/O error", "check the disk of DATA_DIR: it may be full or broken"),
    ("attempt to write a readonly database", "make the file and its folder writable for doorstep"),
    ("unable to open database file", "make the file and its folder readable and writable for doorstep"),
    ("out of memory", "free memory"),
    ("no such table", "run `doorstep migrate`"),
    ("no such column", "run `doorstep migrate`"),
];

/// Returns the remedy if the error can pass.
pub(super) fn remedy(message: &str) -> Option<&'static str> {
    PASSING.iter().find(|(text, _)| message.contains(text)).map(|(_, remedy)| *remedy)
}
