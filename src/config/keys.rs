//! Keys of the service: `SECRET_KEY` and `JWT_KEYS`.

use super::env::Env;
use super::variable::Production::Rule;
use super::variable::{Variable, secret, section};
use crate::domain::master_key::MasterKey;
use crate::domain::master_keys::MasterKeys;
use secrecy::{ExposeSecret, SecretString};

#[derive(Debug)]
pub enum KeySettings {
    /// Created at the first start and stored in the data folder. Development only.
    Generated,
    Given {
        master_keys: MasterKeys,
        jwt_keys: SecretString,
    },
}

section! {
    pub(super) fn section = "Keys";
    /// One to four keys of 32 random bytes, base64url: `doorstep keygen --secret-key`. Commas or line breaks separate
    /// them. The same on every replica. The first key makes codes and tokens, all keys check them, the oldest names the
    /// counters of rate limits. A key that is removed too early ends flows and sessions: docs/operations.md describes
    /// the rotation. doorstep refuses text and patterns.
    static SECRET_KEY: Variable<SecretString> = secret()
        .default_in_words("created at the first start in development, if JWT_KEYS is not set either")
        .production(Rule("must be set"));
    /// One or more private keys, PEM (PKCS #8): Ed25519 for EdDSA (`doorstep keygen`) or EC P-256 for ES256 (`doorstep
    /// keygen --alg ES256`). The first key signs, all keys verify. \n can replace a line break.
    static JWT_KEYS: Variable<SecretString> = secret()
        .default_in_words("created at the first start in development, if SECRET_KEY is not set either")
        .production(Rule("must be set"));
}

pub(super) fn read(env: &mut Env) -> KeySettings {
    let (secret_key, jwt_keys) = (env.secret(&SECRET_KEY), env.secret(&JWT_KEYS));
    if !env.is_production() && secret_key.is_none() && jwt_keys.is_none() {
        return KeySettings::Generated;
    }
    let mut missing =
        |name: &str, command: &str| env.problem(name, format!("must be set (or {name}_FILE): `{command}` creates one"));
    if secret_key.is_none() {
        missing(SECRET_KEY.name, "doorstep keygen --secret-key");
    }
    if jwt_keys.is_none() {
        missing(JWT_KEYS.name, "doorstep keygen");
    }
    let master_keys = secret_key.and_then(|text| read_master_keys(env, &text));
    KeySettings::Given {
        master_keys: master_keys.unwrap_or_else(|| MasterKeys::new(MasterKey::from([0; 32]), Vec::new())),
        jwt_keys: jwt_keys.unwrap_or_default(),
    }
}

fn read_master_keys(env: &mut Env, text: &SecretString) -> Option<MasterKeys> {
    let keys = MasterKeys::parse(text.expose_secret());
    let keys = keys.map_err(|errors| errors.iter().for_each(|error| env.problem(SECRET_KEY.name, error))).ok()?;
    // The oldest key names the counters: see docs/adr/0038-secret-key-rotation.md.
    if keys.iter().filter(|key| !key.is_dated()).count() > 1 {
        let what = "which key is the oldest is unknown, so rate limits may begin anew when a key is added: create new \
                    keys with `doorstep keygen --secret-key`";
        env.warning(SECRET_KEY.name, what);
    }
    Some(keys)
}
