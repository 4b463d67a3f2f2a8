//! Storage of avatars.
//!
//! The object `{AVATAR_PREFIX}{name}` of the bucket is public at `{AVATAR_BASE_URL}/{name}`.

use super::env::Env;
use super::mode::Mode;
use crate::domain::avatar::{AvatarName, KeyPrefix};
use crate::domain::policy::AvatarPolicy;
use secrecy::SecretString;
use url::Url;

#[derive(Debug)]
pub enum AvatarSettings {
    /// No uploads.
    None,
    S3(S3Settings),
    Qiniu(QiniuSettings),
}

impl AvatarSettings {
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::S3(_) => "s3",
            Self::Qiniu(_) => "qiniu",
        }
    }
}

#[derive(Debug)]
pub struct S3Settings {
    pub endpoint: String,
    pub region: String,
    pub bucket: String,
    pub path_style: bool,
    pub access_key_id: String,
    pub secret_access_key: SecretString,
    pub prefix: KeyPrefix,
}

#[derive(Debug)]
pub struct QiniuSettings {
    pub upload_url: String,
    pub bucket: String,
    pub access_key: String,
    pub secret_key: SecretString,
    pub prefix: KeyPrefix,
}

const KIB: u32 = 1024;
const MIB: u32 = 1024 * KIB;

pub(super) fn base(env: &mut Env) -> Option<Url> {
    env.read("AVATAR_BASE_URL", None, |text| match Url::parse(text) {
        Ok(url) if url.as_str().len() > AvatarName::longest_base() => {
            Err(format!("expected at most {} characters", AvatarName::longest_base()))
        }
        Ok(url) if url.scheme() == "https" && url.query().is_none() && url.fragment().is_none() => Ok(Some(url)),
        _ => Err("expected an https:// URL without query and fragment".to_owned()),
    })
}

pub(super) fn policy(env: &mut Env, defaults: &AvatarPolicy) -> AvatarPolicy {
    AvatarPolicy { max_bytes: env.number("AVATAR_MAX_BYTES", defaults.max_bytes, KIB, 20 * MIB), ..defaults.clone() }
}

pub(super) fn read(env: &mut Env, mode: Mode) -> AvatarSettings {
    let storage = env.text("AVATAR_STORAGE").unwrap_or_else(|| "none".to_owned());
    let settings = match storage.as_str() {
        "none" => return AvatarSettings::None,
        "s3" => AvatarSettings::S3(s3(env, mode)),
        "qiniu" => AvatarSettings::Qiniu(qiniu(env, mode)),
        _ => {
            env.problem("AVATAR_STORAGE", "expected none, s3 or qiniu");
            return AvatarSettings::None;
        }
    };
    if env.text("AVATAR_BASE_URL").is_none() {
        env.problem("AVATAR_BASE_URL", format!("must be set with AVATAR_STORAGE={storage}: it is the URL of uploads"));
    }
    settings
}

fn s3(env: &mut Env, mode: Mode) -> S3Settings {
    S3Settings {
        endpoint: upload_url(env, mode, "AVATAR_S3_ENDPOINT"),
        region: env.required("AVATAR_S3_REGION"),
        bucket: bucket(env, "AVATAR_S3_BUCKET"),
        path_style: env.flag("AVATAR_S3_PATH_STYLE", false),
        access_key_id: env.required("AVATAR_S3_ACCESS_KEY_ID"),
        secret_access_key: env.required_secret("AVATAR_S3_SECRET_ACCESS_KEY"),
        prefix: prefix(env),
    }
}

fn qiniu(env: &mut Env, mode: Mode) -> QiniuSettings {
    QiniuSettings {
        upload_url: upload_url(env, mode, "AVATAR_QINIU_UPLOAD_URL"),
        bucket: bucket(env, "AVATAR_QINIU_BUCKET"),
        access_key: env.required("AVATAR_QINIU_ACCESS_KEY"),
        secret_key: env.required_secret("AVATAR_QINIU_SECRET_KEY"),
        prefix: prefix(env),
    }
}

fn prefix(env: &mut Env) -> KeyPrefix {
    env.read("AVATAR_PREFIX", KeyPrefix::default(), |text| {
        let expected = "expected folders with a slash at the end, like avatars/; allowed: letters, digits, - . _ and ~";
        KeyPrefix::parse(text).map_err(|_| expected.to_owned())
    })
}

/// Reads a URL to which clients send pictures.
fn upload_url(env: &mut Env, mode: Mode, name: &str) -> String {
    let text = env.text(name).unwrap_or_default();
    let url = Url::parse(&text).ok().filter(is_plain);
    if !url.is_some_and(|url| url.scheme() == "https" || url.scheme() == "http" && mode == Mode::Development) {
        env.problem(name, "expected an https:// URL without user and query (http:// is allowed in development)");
    }
    text
}

/// Tells whether a URL has a host, and no part that would be lost or shown to every client.
fn is_plain(url: &Url) -> bool {
    url.has_host() && url.query().is_none() && url.fragment().is_none() && url.username().is_empty()
}

/// Reads 3 to 63 characters that can be a part of a host name.
fn bucket(env: &mut Env, name: &str) -> String {
    let text = env.required(name);
    let allowed = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    let fits = text.is_empty() || (3..=63).contains(&text.len());
    if !allowed || !fits {
        env.problem(name, "expected 3 to 63 letters, digits, hyphens, dots or underscores");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Problems};

    const S3: &[(&str, &str)] = &[
        ("AVATAR_STORAGE", "s3"),
        ("AVATAR_BASE_URL", "https://cdn.example.com/avatars/"),
        ("AVATAR_PREFIX", "avatars/"),
        ("AVATAR_S3_ENDPOINT", "https://s3.eu-central-1.amazonaws.com"),
        ("AVATAR_S3_REGION", "eu-central-1"),
        ("AVATAR_S3_BUCKET", "pictures"),
        ("AVATAR_S3_ACCESS_KEY_ID", "key"),
        ("AVATAR_S3_SECRET_ACCESS_KEY", "hush"),
    ];
    const QINIU: &[(&str, &str)] = &[
        ("AVATAR_STORAGE", "qiniu"),
        ("AVATAR_BASE_URL", "https://cdn.example.com"),
        ("AVATAR_QINIU_UPLOAD_URL", "https://up-z0.qiniup.com"),
        ("AVATAR_QINIU_BUCKET", "pictures"),
        ("AVATAR_QINIU_ACCESS_KEY", "key"),
        ("AVATAR_QINIU_SECRET_KEY", "hush"),
    ];

    /// Reads `settings` and `changes`, which override them. An empty value removes a setting.
    fn with(settings: &[(&str, &str)], changes: &[(&str, &str)]) -> Result<Config, Problems> {
        let vars = settings.iter().chain(changes);
        Config::from_vars(vars.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn without_settings_there_are_no_uploads() {
        let config = with(&[], &[]).unwrap();
        assert!(matches!(config.avatar, AvatarSettings::None));
        assert_eq!(config.policy.avatar, AvatarPolicy::default());
    }

    #[test]
    fn each_storage_has_its_settings_and_hides_its_secret() {
        let (s3, qiniu) = (with(S3, &[]).unwrap(), with(QINIU, &[]).unwrap());
        assert!(matches!(&s3.avatar, AvatarSettings::S3(s3) if s3.bucket == "pictures" && !s3.path_style));
        assert!(matches!(&qiniu.avatar, AvatarSettings::Qiniu(qiniu) if qiniu.prefix == KeyPrefix::default()));
        let printed = format!("{s3:?}{qiniu:?}");
        assert!(!printed.contains("hush"), "{printed}");
    }

    #[test]
    fn all_missing_settings_of_a_storage_are_reported_at_once() {
        for (settings, storage) in [(S3, "s3"), (QINIU, "qiniu")] {
            let Problems { errors: problems, .. } = with(&[("AVATAR_STORAGE", storage)], &[]).unwrap_err();
            let required = settings.iter().filter(|(name, _)| !["AVATAR_STORAGE", "AVATAR_PREFIX"].contains(name));
            for (name, _) in required.clone() {
                assert_eq!(problems.iter().filter(|line| line.starts_with(&format!("{name}: "))).count(), 1, "{name}");
            }
            assert_eq!(problems.len(), required.count(), "{problems:?}");
        }
    }

    #[test]
    fn each_invalid_value_is_reported() {
        let long = format!("https://cdn.example.com/{}", "a".repeat(500));
        for (settings, name, value) in [
            (S3, "AVATAR_STORAGE", "ftp"),
            (S3, "AVATAR_BASE_URL", "http://cdn.example.com"),
            (S3, "AVATAR_BASE_URL", &long),
            (S3, "AVATAR_PREFIX", "avatars"),
            (S3, "AVATAR_PREFIX", "/avatars/"),
            (S3, "AVATAR_MAX_BYTES", "1023"),
            (S3, "AVATAR_MAX_BYTES", "20971521"),
            (S3, "AVATAR_S3_ENDPOINT", "s3.amazonaws.com"),
            (S3, "AVATAR_S3_ENDPOINT", "https://key@s3.amazonaws.com"),
            (S3, "AVATAR_S3_BUCKET", "a/b/c"),
            (S3, "AVATAR_S3_PATH_STYLE", "maybe"),
            (QINIU, "AVATAR_QINIU_UPLOAD_URL", "https://up.qiniup.com?x"),
            (QINIU, "AVATAR_QINIU_BUCKET", "my:bucket"),
        ] {
            let Problems { errors: problems, .. } = with(settings, &[(name, value)]).unwrap_err();
            assert!(
                matches!(&problems[..], [line] if line.starts_with(&format!("{name}: "))),
                "{name} in {problems:?}"
            );
        }
    }

    #[test]
    fn only_development_allows_uploads_without_tls() {
        let production = &[("APP_ENV", "production")];
        for (settings, name) in [(S3, "AVATAR_S3_ENDPOINT"), (QINIU, "AVATAR_QINIU_UPLOAD_URL")] {
            let settings = [settings, &[(name, "http://127.0.0.1:9000")]].concat();
            assert!(with(&settings, &[]).is_ok());
            let Problems { errors: problems, .. } = with(&settings, production).unwrap_err();
            assert!(problems.iter().any(|line| line.starts_with(name)), "{problems:?}");
        }
    }
}
