//! Keys from the settings or, in development, from two files that the first start creates.

use crate::adapters::jwt::{self, KeyError, KeyType, Tokens};
use crate::config::{Config, KeySettings, TokenSettings};
use crate::domain::keys::Keys;
use crate::domain::master_key::MasterKey;
use crate::domain::master_keys::MasterKeys;
use crate::ports::{Clock, Random};
use secrecy::{ExposeSecret, SecretString};
use std::error::Error;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use zeroize::Zeroizing;

pub(super) struct Loaded {
    pub derived: Keys,
    pub tokens: Tokens,
}

pub(super) fn load(config: &Config, clock: &dyn Clock, random: &dyn Random) -> Result<Loaded, Box<dyn Error>> {
    match &config.keys {
        KeySettings::Given { master_keys, jwt_keys } => {
            tracing::info!(ids = ?master_keys, "secret keys loaded");
            Ok(Loaded { derived: Keys::new(master_keys), tokens: given(jwt_keys, &config.token)? })
        }
        KeySettings::Generated => {
            let folder = &config.data_folder;
            let secret = read_or_create(&folder.join("secret_key"), || new_secret_key(clock, random))?;
            let jwt = read_or_create(&folder.join("jwt_keys.pem"), || jwt::generate_key(KeyType::default(), random))?;
            let master_keys = MasterKeys::parse(secret.expose_secret())
                .map_err(|_| io::Error::new(ErrorKind::InvalidData, "the file secret_key is damaged: remove it"))?;
            let tokens = tokens(jwt.expose_secret(), &config.token)
                .map_err(|error| format!("the file jwt_keys.pem is damaged ({error}): remove it"))?;
            Ok(Loaded { derived: Keys::new(&master_keys), tokens })
        }
    }
}

/// Parses the signing keys of the settings.
pub(super) fn given(jwt_keys: &SecretString, settings: &TokenSettings) -> Result<Tokens, KeyError> {
    // A variable in an environment file has one line, with `\n` in place of line breaks.
    let pem = Zeroizing::new(jwt_keys.expose_secret().replace("\\n", "\n"));
    tokens(&pem, settings)
}

fn tokens(pem: &str, settings: &TokenSettings) -> Result<Tokens, KeyError> {
    Tokens::from_pem(pem, &settings.issuer, &settings.audience)
}

/// Creates a key for `SECRET_KEY`.
pub fn new_secret_key(clock: &dyn Clock, random: &dyn Random) -> String {
    MasterKey::new(clock.now(), random.bytes()).expose()
}

/// Reads a file, or creates it, readable for its owner only. The file gets its name when it is complete, so that two
/// first starts at the same time read the same key.
fn read_or_create(path: &Path, create: impl FnOnce() -> String) -> io::Result<SecretString> {
    if !path.exists() {
        let draft = path.with_extension(format!("{}.draft", std::process::id()));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(create().as_bytes())?;
        file.sync_all()?;
        match fs::hard_link(&draft, path) {
            Ok(()) => tracing::info!(path = %path.display(), "development key created"),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        fs::remove_file(&draft)?;
    }
    Ok(SecretString::from(fs::read_to_string(path)?))
}
