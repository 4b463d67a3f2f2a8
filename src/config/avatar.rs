//! Storage of avatars.
//!
//! The object `{AVATAR_PREFIX}{name}` of the bucket is public at `{AVATAR_BASE_URL}/{name}`.

use super::env::Env;
use super::urls::{BaseUrl, base_url};
use super::variable::{Required, Variable, WithDefault, flag, number, secret, section, text};
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

/// Bucket and key. The key needs only the permission to put objects below `prefix`.
#[derive(Debug, Clone)]
pub struct S3Settings {
    /// URL of the region, without the bucket: `https://s3.eu-central-1.amazonaws.com`.
    pub endpoint: BaseUrl,
    pub region: String,
    pub bucket: String,
    /// The bucket is the first path segment instead of a part of the host name.
    pub path_style: bool,
    pub access_key_id: String,
    pub secret_access_key: SecretString,
    pub prefix: KeyPrefix,
}

/// Bucket and key pair. Qiniu's keys are valid for the whole Qiniu account.
#[derive(Debug, Clone)]
pub struct QiniuSettings {
    /// Upload URL of the bucket's region: `https://up-z0.qiniup.com` is East China.
    pub upload_url: BaseUrl,
    pub bucket: String,
    pub access_key: String,
    pub secret_key: SecretString,
    pub prefix: KeyPrefix,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    None,
    S3,
    Qiniu,
}

section! {
    pub(super) fn section = "Avatars";
    /// doorstep accepts only avatar URLs below this URL, and none if it is not set. Uploads need it.
    pub(super) static AVATAR_BASE_URL: Variable<Url> =
        Variable::new("an https:// URL without query and fragment", |text, about| match Url::parse(text) {
            Ok(url) if url.as_str().len() > AvatarName::longest_base() => {
                Err(format!("expected at most {} characters", AvatarName::longest_base()))
            }
            Ok(url) if url.scheme() == "https" && url.query().is_none() && url.fragment().is_none() => Ok(url),
            _ => Err(about.expected()),
        })
        .example("https://cdn.example.com/avatars/");
    /// Storage to which apps upload avatars: none, s3 (every storage with the S3 API) or qiniu. docs/avatars.md
    /// describes the set-up.
    static AVATAR_STORAGE: WithDefault<Kind> = Variable::new("none, s3 or qiniu", |text, about| match text {
        "none" => Ok(Kind::None),
        "s3" => Ok(Kind::S3),
        "qiniu" => Ok(Kind::Qiniu),
        _ => Err(about.expected()),
    })
    .shown_default(|| Kind::None, |_| "none".to_owned());
    /// Folder in the bucket: empty, or with a slash at the end. AVATAR_BASE_URL + / + name must show the object
    /// AVATAR_PREFIX + name. If https://cdn.example.com/ shows the bucket, avatars/ fits the AVATAR_BASE_URL above.
    static AVATAR_PREFIX: Variable<KeyPrefix> = Variable::new(
        "folders with a slash at the end, like avatars/; allowed: letters, digits, - . _ and ~",
        |text, about| about.unless_none(KeyPrefix::parse(text).ok()),
    )
    .example("avatars/");
    /// Size limit of a picture in bytes.
    static AVATAR_MAX_BYTES: WithDefault<u32> =
        number(1_024, 20 * 1_024 * 1_024).default(|| AvatarPolicy::default().max_bytes);
}

section! {
    pub(super) fn s3_section = "Avatars: S3";
    /// Address of the region, without the bucket, user and query.
    static AVATAR_S3_ENDPOINT: Required<Url> = base_url().example("https://s3.eu-central-1.amazonaws.com").required();
    /// Region of the bucket.
    static AVATAR_S3_REGION: Required<String> = text().example("eu-central-1").required();
    /// Name of the bucket.
    static AVATAR_S3_BUCKET: Required<String> = bucket().required();
    /// true: https://endpoint/bucket/key (for example MinIO); false: https://bucket.endpoint/key
    static AVATAR_S3_PATH_STYLE: WithDefault<bool> = flag().default(|| false);
    /// A key whose only permission is to put objects below the prefix.
    static AVATAR_S3_ACCESS_KEY_ID: Required<String> = text().required();
    /// Secret of this key.
    static AVATAR_S3_SECRET_ACCESS_KEY: Required<SecretString> = secret().required();
}

section! {
    pub(super) fn qiniu_section = "Avatars: Qiniu";
    /// Upload address of the bucket's region: z0 is East China, z1 North China, z2 South China, na0 North America, as0
    /// South-East Asia.
    static AVATAR_QINIU_UPLOAD_URL: Required<Url> = base_url().example("https://up-z0.qiniup.com").required();
    /// Name of the bucket.
    static AVATAR_QINIU_BUCKET: Required<String> = bucket().required();
    /// Access key of the Qiniu account.
    static AVATAR_QINIU_ACCESS_KEY: Required<String> = text().required();
    /// Secret of this key.
    static AVATAR_QINIU_SECRET_KEY: Required<SecretString> = secret().required();
}

/// Setting with 3 to 63 characters that can be a part of a host name.
const fn bucket() -> Variable<String> {
    Variable::new("3 to 63 letters, digits, hyphens, dots or underscores", |text, about| {
        let allowed = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
        about.unless_none((allowed && (3..=63).contains(&text.len())).then(|| text.to_owned()))
    })
}

pub(super) fn read_policy(env: &mut Env) -> AvatarPolicy {
    AvatarPolicy { max_bytes: env.get(&AVATAR_MAX_BYTES), ..AvatarPolicy::default() }
}

pub(super) fn read(env: &mut Env) -> AvatarSettings {
    let settings = match env.get(&AVATAR_STORAGE) {
        Kind::None => return AvatarSettings::None,
        Kind::S3 => AvatarSettings::S3(s3(env)),
        Kind::Qiniu => AvatarSettings::Qiniu(qiniu(env)),
    };
    if env.text(AVATAR_BASE_URL.name).is_none() {
        let what = format!("must be set with AVATAR_STORAGE={}: it is the URL of uploads", settings.name());
        env.problem(AVATAR_BASE_URL.name, what);
    }
    settings
}

fn s3(env: &mut Env) -> S3Settings {
    S3Settings {
        endpoint: upload_url(env, &AVATAR_S3_ENDPOINT),
        region: env.required(&AVATAR_S3_REGION),
        bucket: env.required(&AVATAR_S3_BUCKET),
        path_style: env.get(&AVATAR_S3_PATH_STYLE),
        access_key_id: env.required(&AVATAR_S3_ACCESS_KEY_ID),
        secret_access_key: env.required_secret(&AVATAR_S3_SECRET_ACCESS_KEY),
        prefix: env.optional(&AVATAR_PREFIX).unwrap_or_default(),
    }
}

fn qiniu(env: &mut Env) -> QiniuSettings {
    QiniuSettings {
        upload_url: upload_url(env, &AVATAR_QINIU_UPLOAD_URL),
        bucket: env.required(&AVATAR_QINIU_BUCKET),
        access_key: env.required(&AVATAR_QINIU_ACCESS_KEY),
        secret_key: env.required_secret(&AVATAR_QINIU_SECRET_KEY),
        prefix: env.optional(&AVATAR_PREFIX).unwrap_or_default(),
    }
}

/// Reads a URL to which clients send pictures. A query would be lost.
fn upload_url(env: &mut Env, variable: &Required<Url>) -> BaseUrl {
    let url = env.required_url(variable);
    if url.query().is_some() || url.fragment().is_some() {
        env.problem(variable.name, "expected a URL without query and fragment");
    }
    url
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
