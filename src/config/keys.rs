//! Keys of the service: `SECRET_KEY` and `JWT_KEYS`.

use super::env::Env;
use super::master_key::MasterKey;
use super::variable::Production::Rule;
use super::variable::{Variable, secret, section};
use secrecy::SecretString;

#[derive(Debug)]
pub enum KeySettings {
    /// Created at the first start and stored in the data folder. Development only.
    Generated,
    Given {
        secret_key: Box<MasterKey>,
        jwt_keys: SecretString,
    },
}

section! {
    pub(super) fn section = "Keys";
    /// 32 random bytes, base64url: `doorstep keygen --secret-key`. The same on every replica. Codes, rate limits of
    /// phones and refresh tokens depend on it: a change ends all flows and sessions. doorstep refuses text and
    /// patterns.
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
    let master = secret_key.and_then(|text| {
        MasterKey::parse(&text).or_else(|| {
            let what = "expected 32 random bytes in base64url: `doorstep keygen --secret-key` creates them";
            env.problem(SECRET_KEY.name, what);
            None
        })
    });
    KeySettings::Given {
        secret_key: Box::new(master.unwrap_or(MasterKey([0; 32]))),
        jwt_keys: jwt_keys.unwrap_or_default(),
    }
}
