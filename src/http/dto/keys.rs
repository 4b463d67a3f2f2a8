//! Body of `GET /.well-known/jwks.json`.

use utoipa::ToSchema;

/// JSON Web Key Set.
#[derive(ToSchema)]
pub struct KeySet {
    /// All keys whose tokens are accepted.
    pub keys: Vec<PublicKey>,
}

/// JSON Web Key: Ed25519 (RFC 8037) or EC P-256 (RFC 7518).
#[derive(ToSchema)]
pub struct PublicKey {
    /// `OKP` (Ed25519) or `EC` (P-256).
    #[schema(example = "EC", extensions(("x-extensible-enum" = json!(["OKP", "EC"]))))]
    pub kty: String,
    #[schema(example = "P-256", extensions(("x-extensible-enum" = json!(["Ed25519", "P-256"]))))]
    pub crv: String,
    /// Public key of Ed25519, or the first coordinate of a point on P-256, base64url.
    #[schema(example = "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs")]
    pub x: String,
    /// Second coordinate of a point on P-256, base64url. Only present with `kty: EC`.
    #[schema(required = false, example = "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA")]
    pub y: String,
    /// Id of the key, as in the header of a token.
    #[schema(example = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I")]
    pub kid: String,
    #[schema(example = "sig", extensions(("x-extensible-enum" = json!(["sig"]))))]
    pub r#use: String,
    /// Only algorithm of the key.
    #[schema(example = "ES256", extensions(("x-extensible-enum" = json!(["EdDSA", "ES256"]))))]
    pub alg: String,
}
