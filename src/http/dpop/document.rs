//! DPoP in the OpenAPI document: the header of a proof, and the header with a nonce.

use super::PROBLEMS;
use crate::domain::dpop::DpopProof;
use crate::http::openapi::headers::{parameter, parameter_reference, response_header};
use utoipa::Modify;
use utoipa::openapi::path::{Operation, Parameter};
use utoipa::openapi::{ObjectBuilder, OpenApi, RefOr, Type};

/// Paths whose POST accepts a proof.
const PATHS: [&str; 4] = ["/v1/register/submit-profile", "/v1/login", "/v1/login/verify-code", "/v1/token/refresh"];

/// Component of the parameter.
const PARAMETER: &str = "DPoP";

/// Header with a nonce.
pub const NONCE: &str = "DPoP-Nonce";

/// Adds DPoP to the document. It runs after the modifier that adds the error responses, and extends these.
pub struct Dpop;

impl Modify for Dpop {
    fn modify(&self, document: &mut OpenApi) {
        let components = document.components.get_or_insert_default();
        components.parameters.insert(PARAMETER.to_owned(), proof_parameter());
        for path in PATHS {
            if let Some(post) = document.paths.paths.get_mut(path).and_then(|item| item.post.as_mut()) {
                post.parameters.get_or_insert_default().push(parameter_reference(PARAMETER));
                add_nonce_header(post);
            }
        }
    }
}

fn proof_parameter() -> RefOr<Parameter> {
    let description = "DPoP proof (RFC 9449), ES256, for this request: `htm` is POST, and `htu` is the URL of the \
                       request. At a sign-in it binds the refresh token to the key of the proof. A session that is \
                       bound needs a proof of the same key at each refresh.";
    parameter("DPoP", description, ObjectBuilder::new().max_length(Some(DpopProof::LONGEST)))
}

fn add_nonce_header(post: &mut Operation) {
    for code in PROBLEMS {
        if let Some(RefOr::T(response)) = post.responses.responses.get_mut(&code.row().status.to_string()) {
            let description = "With `use_dpop_nonce`: the claim `nonce` of the next proof";
            response.headers.insert(NONCE.to_owned(), response_header(Type::String, description));
        }
    }
}
