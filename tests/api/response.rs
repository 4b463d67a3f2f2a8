//! Response of the service, and its checks against the OpenAPI document.

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;
use std::sync::LazyLock;

/// Response of the service. The body is `null` if it is not JSON.
#[derive(Debug)]
pub struct Response {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Response {
    pub fn text(&self, field: &str) -> String {
        self.body[field].as_str().unwrap_or_else(|| panic!("no {field} in {self:?}")).to_owned()
    }

    pub fn number(&self, field: &str) -> u64 {
        self.body[field].as_u64().unwrap_or_else(|| panic!("no {field} in {self:?}"))
    }

    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// Checks that the response has this status.
    #[track_caller]
    pub fn assert_status(&self, status: u16) {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
    }

    /// Checks that the response is this error, with this status.
    #[track_caller]
    pub fn assert_error(&self, status: u16, code: &str) {
        assert_eq!((self.status.as_u16(), self.code()), (status, code), "{self:?}");
    }

    /// Checks that the response is an error of this field with this field error code.
    #[track_caller]
    pub fn assert_field_error(&self, status: u16, code: &str, field: &str, reason: &str) {
        self.assert_error(status, code);
        let errors = self.body["errors"].as_array().unwrap();
        let found = errors.iter().any(|error| error["field"] == field && error["code"] == reason);
        assert!(found, "{field} {reason} in {self:?}");
    }

    /// Checks the format of an error: `application/problem+json`, with `Retry-After` and further members exactly as
    /// openapi/error-codes.json says.
    #[track_caller]
    pub fn assert_problem(&self) {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{self:?}");
        assert_eq!(self.headers["cache-control"], "no-store");
        let base = ["type", "title", "code", "detail", "request_id"];
        for member in base {
            assert!(self.body[member].is_string(), "{member} in {self:?}");
        }
        assert_eq!(self.body["status"], self.status.as_u16());
        assert_eq!(self.body["request_id"].as_str().unwrap(), self.headers["x-request-id"]);
        let guide = ERROR_CODES["errors"].as_array().unwrap();
        let guide = guide.iter().find(|entry| entry["code"] == self.code()).unwrap();
        assert_eq!(guide["status"], self.status.as_u16());
        let further = guide["fields"].as_array().unwrap();
        for member in self.body.as_object().unwrap().keys().filter(|name| *name != "status") {
            let is_base = base.contains(&member.as_str());
            assert!(is_base || further.contains(&member.as_str().into()), "{member} is not in the guide: {self:?}");
        }
        let can_retry = guide["retry_after"] == true;
        assert_eq!(can_retry, self.headers.contains_key("retry-after"), "{self:?}");
        if can_retry {
            assert_eq!(self.headers["retry-after"].to_str().unwrap(), self.number("retry_after").to_string());
        }
    }
}

static ERROR_CODES: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../openapi/error-codes.json")).unwrap());

pub static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(&doorstep::http::openapi::DOCUMENT).unwrap());

/// Target of a reference in the OpenAPI document, or the value itself.
pub fn resolve(value: &'static Value) -> &'static Value {
    let Some(reference) = value["$ref"].as_str() else { return value };
    DOCUMENT.pointer(&reference[1..]).unwrap_or_else(|| panic!("{reference} is missing"))
}

/// Checks that the error code is among the examples of its endpoint. Unknown paths and methods are not documented.
#[track_caller]
pub fn assert_documented(method: &str, path: &str, response: &Response) {
    let operation = &DOCUMENT["paths"][path][method];
    if operation.is_null() {
        assert!(["not_found", "method_not_allowed"].contains(&response.code()), "{response:?}");
        return;
    }
    let documented = resolve(&operation["responses"][response.status.as_str()]);
    let example = &documented["content"]["application/problem+json"]["examples"][response.code()];
    assert!(example.is_object(), "{method} {path}: {} {} is not documented", response.status, response.code());
}
