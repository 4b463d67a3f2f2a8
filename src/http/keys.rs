//! Public keys that verify access tokens.

use super::contract::{Contract, Output, Success, schema};
use super::dto::keys::KeySet;
use super::endpoint::{Endpoint, get};
use crate::flows::Service;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, Responder, web};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/.well-known/jwks.json", jwks)
            .operation("keys.list", "Get the public keys (JWK set).")
            .description(
                "Another service can verify access tokens with these keys alone (RFC 7517). Cache the response for at \
                 most five minutes, and fetch it again when a token has an unknown `kid`, but not more often than \
                 every few seconds.",
            )
            .success("JSON Web Key Set"),
    ]
}

/// Key set as JSON text.
struct KeySetReply(String);

async fn jwks(service: web::Data<Service>) -> KeySetReply {
    KeySetReply(service.jwks().to_owned())
}

impl Responder for KeySetReply {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        response.content_type("application/json").insert_header((CACHE_CONTROL, "public, max-age=300"));
        response.body(self.0)
    }
}

impl Output for KeySetReply {
    fn describe(contract: &mut Contract) {
        let content = vec![("application/json", Some(schema::<KeySet> as _))];
        contract.success = Success { status: 200, content, headers: &[] };
    }
}
