//! The guide as JSON, for SDKs and apps.

use super::next::Next;
use super::sentence::{Sentence, show};
use crate::http::error::Code;
use crate::http::field_codes::{FIELD_CODES, FieldCode};
use crate::http::openapi::example_problem;
use serde::Serialize;

/// Members that every problem has.
const BASE: [&str; 6] = ["type", "title", "status", "code", "detail", "request_id"];

/// Sentence for a code that a released app does not know.
const UNKNOWN: Option<Sentence> = show("Something went wrong. Please try again later.", "出现问题，请稍后再试。");

/// Sentence for a request without a response.
const NO_RESPONSE: Option<Sentence> =
    show("There is no connection. Please check your network and try again.", "网络连接失败，请检查网络后重试。");

/// openapi/error-codes.json.
#[derive(Serialize)]
pub struct Document {
    /// Codes, in the order of the table.
    pub errors: Vec<Entry>,
    /// Codes in `errors` of a problem.
    pub fields: Vec<Field>,
    /// Values of `next`.
    pub next: Vec<Action>,
    /// A code that is not in the list, and a request without a response.
    pub unknown_code: Fallback,
    pub no_response: Fallback,
}

#[derive(Serialize)]
pub struct Entry {
    pub code: &'static str,
    pub status: u16,
    pub when: &'static str,
    pub show: Option<Sentence>,
    pub next: Next,
    pub next_detail: &'static str,
    /// The problem has the field and the header `Retry-After`.
    pub retry_after: bool,
    /// Further members of the problem, in alphabetical order.
    pub fields: Vec<String>,
}

#[derive(Serialize)]
pub struct Field {
    pub code: &'static str,
    /// The text `detail` of the service, for developers.
    pub detail: Sentence,
    pub show: Option<Sentence>,
}

#[derive(Serialize)]
pub struct Action {
    pub next: Next,
    pub meaning: &'static str,
}

#[derive(Serialize)]
pub struct Fallback {
    pub show: Option<Sentence>,
    pub next: Next,
}

impl From<Code> for Entry {
    fn from(code: Code) -> Self {
        let (row, guide, fields) = (code.row(), code.guide(), fields(code));
        Self {
            code: row.name,
            status: row.status,
            when: guide.when,
            show: guide.show,
            next: guide.next,
            next_detail: guide.next_detail,
            retry_after: fields.iter().any(|field| field == "retry_after"),
            fields,
        }
    }
}

impl From<&FieldCode> for Field {
    fn from(row: &FieldCode) -> Self {
        Self { code: row.name, detail: Sentence { en: row.en, zh: row.zh }, show: row.show }
    }
}

/// Returns the members of a problem with this code, beside those of every problem.
fn fields(code: Code) -> Vec<String> {
    let example = example_problem(code);
    let members = example.as_object().into_iter().flat_map(|members| members.keys());
    let mut fields: Vec<String> = members.filter(|name| !BASE.contains(&name.as_str())).cloned().collect();
    fields.sort_unstable();
    fields
}

/// Returns the whole guide.
#[must_use]
pub fn document() -> Document {
    let action = |next: Next| Action { next, meaning: next.meaning() };
    Document {
        errors: Code::all().map(Entry::from).collect(),
        fields: FIELD_CODES.iter().map(Field::from).collect(),
        next: Next::ALL.into_iter().map(action).collect(),
        unknown_code: Fallback { show: UNKNOWN, next: Next::RetryLater },
        no_response: Fallback { show: NO_RESPONSE, next: Next::Retry },
    }
}

/// Returns the guide as JSON text.
///
/// # Errors
///
/// Fails if the guide has no JSON form.
pub fn json() -> serde_json::Result<String> {
    Ok(serde_json::to_string_pretty(&document())? + "\n")
}
