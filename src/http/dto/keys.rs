//! Body of `GET /.well-known/jwks.json`.

use utoipa::ToSchema;

/// JSON Web Key Set.
#[derive(ToSchema)]
pub struct KeySet {
    /// All keys whose tokens are accepted.
    pub keys: Vec<PublicKey>,
}

/// JSON Web Key (RFC 8037).
#[derive(ToSchema)]
pub struct PublicKey {
    #[schema(example = "OKP", extensions(("x-extensible-enum" = json!(["OKP"]))))]
    pub kty: String,
    #[schema(example = "Ed25519", extensions(("x-extensible-enum" = json!(["Ed25519"]))))]
    pub crv: String,
    /// Public key, base64url.
    #[schema(example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")]
    pub x: String,
    /// Id of the key, as in the header of a token.
    #[schema(example = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")]
    pub kid: String,
    #[schema(example = "sig", extensions(("x-extensible-enum" = json!(["sig"]))))]
    pub r#use: String,
    #[schema(example = "EdDSA", extensions(("x-extensible-enum" = json!(["EdDSA"]))))]
    pub alg: String,
}
