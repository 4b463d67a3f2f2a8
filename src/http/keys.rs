//! Public keys that verify access tokens.

use crate::flows::Service;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};
use utoipa::ToSchema;

/// JSON Web Key Set.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what the token adapter writes")]
pub struct KeySet {
    /// All keys whose tokens are accepted.
    keys: Vec<PublicKey>,
}

/// JSON Web Key (RFC 8037).
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what the token adapter writes")]
pub struct PublicKey {
    #[schema(example = "OKP")]
    kty: String,
    #[schema(example = "Ed25519")]
    crv: String,
    /// Public key, base64url.
    #[schema(example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")]
    x: String,
    /// Id of the key, as in the header of a token.
    #[schema(example = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")]
    kid: String,
    #[schema(example = "sig")]
    r#use: String,
    #[schema(example = "EdDSA")]
    alg: String,
}

/// Get the public keys (JWK set).
///
/// Another service can verify access tokens with these keys alone (RFC 7517). Cache the response for at most five
/// minutes, and fetch it again when a token has an unknown `kid`.
#[utoipa::path(
    get, path = "/.well-known/jwks.json", operation_id = "keys.list", tag = "keys",
    responses((status = 200, description = "JSON Web Key Set", body = KeySet))
)]
pub(super) async fn jwks(service: web::Data<Service>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .body(service.jwks().to_owned())
}
