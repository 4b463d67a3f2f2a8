//! Sentences for the users of apps.

use serde::Serialize;

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
