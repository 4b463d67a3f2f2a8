//! Where the keys come from: the settings, or, in development, two files that the first start makes.

use crate::adapters::jwt;
use crate::config::{KeySettings, MasterKey};
use crate::domain::keys::Keys;
use crate::ports::Random;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

pub(super) struct Loaded {
    pub derived: Keys,
    /// PEM.
    pub jwt: SecretString,
}

pub(super) fn load(settings: &KeySettings, random: &dyn Random) -> io::Result<Loaded> {
    match settings {
        KeySettings::Given { secret_key, jwt_keys } => {
            // Environment files hold one line for each variable.
            let jwt = jwt_keys.expose_secret().replace("\\n", "\n");
            Ok(Loaded { derived: Keys::derive(&secret_key.0), jwt: SecretString::from(jwt) })
        }
        KeySettings::Generated { folder } => {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            let secret = kept(&folder.join("secret_key"), || new_secret_key(random))?;
            let jwt = kept(&folder.join("jwt_keys.pem"), || jwt::generate_key(random))?;
            let master = MasterKey::parse(&secret)
                .ok_or_else(|| io::Error::new(ErrorKind::InvalidData, "the file secret_key is damaged: remove it"))?;
            Ok(Loaded { derived: Keys::derive(&master.0), jwt })
        }
    }
}

/// 32 random bytes, base64url.
pub(super) fn new_secret_key(random: &dyn Random) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(random.bytes::<32>())
}

/// The content of a file, which is made if it is not there, for the owner only.
fn kept(path: &Path, make: impl FnOnce() -> String) -> io::Result<SecretString> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(mut file) => {
            let text = make();
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            tracing::info!(path = %path.display(), "made a key for development");
            Ok(SecretString::from(text))
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(SecretString::from(fs::read_to_string(path)?)),
        Err(error) => Err(error),
    }
}
