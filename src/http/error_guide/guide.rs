//! Guide to one error code.

use super::next::Next;
use crate::http::error::Code;
use serde::Serialize;

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

/// Sentence for the user of an app: no names of fields, no technical words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Sentence {
    pub en: &'static str,
    pub zh: &'static str,
}

pub(in crate::http) const fn show(en: &'static str, zh: &'static str) -> Option<Sentence> {
    Some(Sentence { en, zh })
}

/// A defect of the app, which the user can only escape with another version.
pub(super) const DEFECT: Option<Sentence> =
    show("Something went wrong in the app. Please update it and try again.", "应用出现问题，请更新到最新版本后重试。");
