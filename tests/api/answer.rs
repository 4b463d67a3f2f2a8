//! What the service said, held against the contract.

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;
use std::sync::LazyLock;

/// What the service said.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    pub fn text(&self, field: &str) -> String {
        self.body[field].as_str().unwrap_or_else(|| panic!("no {field} in {self:?}")).to_owned()
    }

    pub fn number(&self, field: &str) -> u64 {
        self.body[field].as_u64().unwrap_or_else(|| panic!("no {field} in {self:?}"))
    }

    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// Is this refusal, with this status.
    #[track_caller]
    pub fn assert_refused(&self, status: u16, code: &str) {
        assert_eq!((self.status.as_u16(), self.code()), (status, code), "{self:?}");
    }

    /// Is a refusal of this field, for this reason.
    #[track_caller]
    pub fn assert_field(&self, status: u16, code: &str, field: &str, why: &str) {
        self.assert_refused(status, code);
        let errors = self.body["errors"].as_array().unwrap();
        let found = errors.iter().any(|error| error["field"] == field && error["code"] == why);
        assert!(found, "{field} {why} in {self:?}");
    }

    #[track_caller]
    pub fn assert_envelope(&self) {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{self:?}");
        assert_eq!(self.headers["cache-control"], "no-store");
        for member in ["type", "title", "code", "detail", "request_id"] {
            assert!(self.body[member].is_string(), "{member} in {self:?}");
        }
        assert_eq!(self.body["status"], self.status.as_u16());
        assert_eq!(self.body["request_id"].as_str().unwrap(), self.headers["x-request-id"]);
        let waits = self.code() == "request_in_progress" || [429, 503].contains(&self.status.as_u16());
        assert_eq!(waits, self.headers.contains_key("retry-after"), "{self:?}");
        if waits {
            assert_eq!(self.headers["retry-after"].to_str().unwrap(), self.number("retry_after").to_string());
        }
    }
}

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(&doorstep::http::openapi::DOCUMENT).unwrap());

/// Every code that an endpoint answers must be among its examples. Addresses and methods that do not exist are not documented.
#[track_caller]
pub fn assert_documented(method: &str, path: &str, answer: &Answer) {
    let operation = &DOCUMENT["paths"][path][method];
    if operation.is_null() {
        assert!(["not_found", "method_not_allowed"].contains(&answer.code()), "{answer:?}");
        return;
    }
    let response = &operation["responses"][answer.status.as_str()];
    let example = &response["content"]["application/problem+json"]["examples"][answer.code()];
    assert!(example.is_object(), "{method} {path}: {} {} is not documented", answer.status, answer.code());
}
