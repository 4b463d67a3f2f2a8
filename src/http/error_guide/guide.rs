//! Guide to one error code.

use super::next::Next;
use super::sentence::Sentence;
use crate::http::error::Code;

/// Guide to one code.
#[derive(Clone, Copy)]
pub struct Guide {
    pub code: Code,
    /// Cases in which the service returns the code, for developers.
    pub when: &'static str,
    /// Sentence that an app shows to its user. `None` if the app repairs the error by itself.
    pub show: Option<Sentence>,
    pub next: Next,
    /// Action of the client in a sentence, for developers.
    pub next_detail: &'static str,
}
