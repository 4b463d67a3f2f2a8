//! Body of an error.

use super::flow::NextStep;
use super::ownership::ActName;
use serde::Serialize;
use utoipa::ToSchema;

/// Error (RFC 9457). Handle it by its `code`; `title` and `detail` are for people, in the language of
/// `Accept-Language`.
#[derive(Serialize, ToSchema)]
pub struct Problem<'a> {
    /// URI of the error code.
    #[schema(format = "uri")]
    pub r#type: String,
    pub title: &'a str,
    pub status: u16,
    /// Stable error code.
    #[schema(example = "validation_failed")]
    pub code: &'a str,
    pub detail: &'a str,
    /// Same id as in the header `X-Request-Id`.
    pub request_id: &'a str,
    /// Invalid fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<FieldProblem<'a>>,
    /// Number of attempts that are left for the code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u32, required = false)]
    pub attempts_left: Option<u32>,
    /// Next step of the flow, if the request was for another step, or if a right code was not enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = NextStep, required = false)]
    pub step: Option<NextStep>,
    /// Act whose right code was not enough. `number_claim`: the new number of a change belongs to another account,
    /// whose owner decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = ActName, required = false)]
    pub act: Option<&'static str>,
    /// `true` if the person can start a new account with the ticket, after a right code that was not enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    pub start_anew: Option<bool>,
    /// Proof of work that the client must do, if one is required.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Work, required = false)]
    pub proof_of_work: Option<Work>,
    /// Documents in force that the user must accept, if the request did not accept exactly these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, example = json!(["terms@2026-11-01", "privacy@2026-11-01"]))]
    pub documents: Vec<String>,
    /// Ticket of the flow that the request has started: a secret, as from `send-code`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    pub ticket: Option<&'a str>,
    /// Seconds until this flow expires if the code is not verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false)]
    pub expires_in: Option<u64>,
    /// Seconds until the code can be sent again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false)]
    pub resend_in: Option<u64>,
    /// Seconds until the client may retry, as in the header `Retry-After`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false)]
    pub retry_after: Option<u64>,
}

/// Invalid field.
#[derive(Serialize, ToSchema)]
pub struct FieldProblem<'a> {
    /// Path of the field, with dots; empty for the body itself.
    #[schema(example = "proof_of_work.nonce")]
    pub field: &'a str,
    /// The same as a JSON Pointer in a URI fragment (RFC 6901), as in RFC 9457.
    #[schema(example = "#/proof_of_work/nonce")]
    pub pointer: String,
    /// Stable field code.
    #[schema(example = "invalid_format")]
    pub code: &'a str,
    #[schema(example = "The format is invalid.")]
    pub detail: &'a str,
}

/// Proof of work that the client must do.
#[derive(Serialize, ToSchema)]
pub struct Work {
    #[schema(example = "sha-256", extensions(("x-extensible-enum" = json!(["sha-256"]))))]
    pub algorithm: &'static str,
    /// Text to hash, unchanged: ASCII.
    #[schema(example = "ARIAAAGh7v1SAHf3b1Q2mC9dKp4x8w0LqzVt5Ncu7YyJhR3gWe6oSaBk")]
    pub challenge: String,
    /// Number of zero bits at the beginning of the hash. It takes 2 to the power of `bits` hashes on average.
    #[schema(example = 18)]
    pub bits: u8,
    /// Seconds until the challenge expires.
    #[schema(example = 120)]
    pub expires_in: u64,
}
