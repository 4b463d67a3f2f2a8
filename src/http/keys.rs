//! The keys that access tokens are verified with.

use crate::flows::Service;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};
use utoipa::ToSchema;

/// A JSON Web Key Set.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what the token adapter writes")]
pub struct KeySet {
    /// Every key whose tokens are accepted.
    keys: Vec<PublicKey>,
}

/// A JSON Web Key (RFC 8037).
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what the token adapter writes")]
pub struct PublicKey {
    #[schema(example = "OKP")]
    kty: String,
    #[schema(example = "Ed25519")]
    crv: String,
    /// The public key, base64url.
    #[schema(example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")]
    x: String,
    /// What the header of a token calls this key.
    #[schema(example = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")]
    kid: String,
    #[schema(example = "sig")]
    r#use: String,
    #[schema(example = "EdDSA")]
    alg: String,
}

/// The public keys of access tokens (RFC 7517).
///
/// Another service verifies access tokens with these alone. May be cached for five minutes; fetch it again when a token
/// names an unknown `kid`.
#[utoipa::path(
    get, path = "/.well-known/jwks.json", operation_id = "keys.list", tag = "keys",
    responses((status = 200, description = "A JSON Web Key Set", body = KeySet))
)]
pub(super) async fn jwks(service: web::Data<Service>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .body(service.jwks().to_owned())
}
