//! Uploads of avatars: allowed types and sizes, names of objects, and upload permits.

use super::Invalid;
use super::user::{AvatarUrl, UserId};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use std::time::Duration;
use url::Url;

/// Allowed types of pictures. Every phone can create and show them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AvatarType {
    Jpeg,
    Png,
    Webp,
}

impl AvatarType {
    pub const ALL: [Self; 3] = [Self::Jpeg, Self::Png, Self::Webp];

    /// Media type in the form that storages compare: lower case, without parameters.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
        }
    }

    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
        }
    }

    pub fn parse(text: &str) -> Result<Self, Invalid> {
        Self::ALL.into_iter().find(|kind| kind.media_type() == text).ok_or(Invalid::NotAllowed)
    }
}

/// Size of a picture in bytes: at least one, and at most the maximum of the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AvatarSize(u32);

impl AvatarSize {
    pub fn new(bytes: i64, max: u32) -> Result<Self, Invalid> {
        let size = u32::try_from(bytes).map_err(|_| Invalid::OutOfRange)?;
        if (1..=max).contains(&size) { Ok(Self(size)) } else { Err(Invalid::OutOfRange) }
    }

    #[must_use]
    pub const fn bytes(self) -> u32 {
        self.0
    }
}

/// Name of a picture below the public base URL, and below the prefix in the bucket:
/// `{user id}/{22 characters}.{jpg|png|webp}`. It has 128 random bits, so that two uploads never have the same name and
/// an attacker cannot guess a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvatarName(String);

impl AvatarName {
    /// Maximum length: a UUID, a slash, 22 characters and `.webp`.
    pub const LONGEST: usize = 36 + 1 + 22 + 5;

    #[must_use]
    pub fn new(owner: UserId, kind: AvatarType, random: [u8; 16]) -> Self {
        Self(format!("{}/{}.{}", owner.0, BASE64_URL_SAFE_NO_PAD.encode(random), kind.extension()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the public URL of the picture. Fails if `base` is longer than [`AvatarName::longest_base`].
    pub fn url_below(&self, base: &Url) -> Result<AvatarUrl, Invalid> {
        AvatarUrl::parse(&format!("{}/{}", base.as_str().trim_end_matches('/'), self.0), Some(base))
    }

    /// Maximum length of a public base URL, so that every URL below it is a valid [`AvatarUrl`].
    #[must_use]
    pub const fn longest_base() -> usize {
        AvatarUrl::LONGEST - Self::LONGEST - 1
    }
}

/// Folder of the pictures in the bucket: empty, or plain segments with a slash at the end (`avatars/`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyPrefix(String);

impl KeyPrefix {
    /// Maximum length. With a name below it, a key stays far below the maximum of Qiniu (750 bytes) and S3 (1024).
    pub const LONGEST: usize = 200;

    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.len() > Self::LONGEST {
            return Err(Invalid::TooLong);
        }
        // A client could not request a key that contains a segment or a character which a URL resolves or escapes.
        let is_plain = |segment: &str| {
            segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
                && !["", ".", ".."].contains(&segment)
        };
        let segments = text.strip_suffix('/').map(|folders| folders.split('/').all(is_plain));
        if text.is_empty() || segments == Some(true) { Ok(Self(text.to_owned())) } else { Err(Invalid::Format) }
    }

    /// Returns the key of a picture in the bucket.
    #[must_use]
    pub fn key(&self, name: &AvatarName) -> String {
        format!("{}{}", self.0, name.0)
    }
}

/// Upload for which a client requests a permit. The permit is bound to these values.
#[derive(Debug, Clone)]
pub struct Upload {
    pub name: AvatarName,
    pub kind: AvatarType,
    pub size: AvatarSize,
    /// Lifetime of the permit, from now on.
    pub ttl: Duration,
}

/// Signed permission for one upload to the storage. Bearer secret, never printed.
pub enum Permit {
    /// PUT of the picture to `url`, with these headers.
    Put { url: Url, headers: Vec<(&'static str, String)> },
    /// POST of `multipart/form-data` to `url`: these fields, then the picture in a field `file`.
    Form { url: Url, fields: Vec<(&'static str, String)> },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(kind: AvatarType) -> AvatarName {
        let owner = UserId::new("2026-11-20T12:00:00Z".parse().unwrap(), [7; 10]);
        AvatarName::new(owner, kind, [0xfb; 16])
    }

    #[test]
    fn jpeg_png_and_webp_are_the_allowed_types() {
        for kind in AvatarType::ALL {
            assert_eq!(AvatarType::parse(kind.media_type()), Ok(kind));
        }
        for text in ["image/gif", "image/svg+xml", "IMAGE/PNG", "image/png;q=1", "image/*", "png", ""] {
            assert_eq!(AvatarType::parse(text), Err(Invalid::NotAllowed), "{text}");
        }
    }

    #[test]
    fn sizes_are_from_one_byte_to_the_maximum() {
        for bytes in [1, 2_048] {
            assert_eq!(AvatarSize::new(bytes, 2_048).map(|size| i64::from(size.bytes())), Ok(bytes));
        }
        for bytes in [0, -1, 2_049, i64::MAX, i64::MIN, 1 << 32] {
            assert_eq!(AvatarSize::new(bytes, 2_048), Err(Invalid::OutOfRange), "{bytes}");
        }
    }

    #[test]
    fn a_name_contains_the_owner_and_22_characters() {
        let name = name(AvatarType::Jpeg);
        let (owner, file) = name.as_str().split_once('/').unwrap();
        assert_eq!(owner.len(), 36);
        assert_eq!(file, "-_v7-_v7-_v7-_v7-_v7-w.jpg");
        assert_eq!(self::name(AvatarType::Webp).as_str().len(), AvatarName::LONGEST);
    }

    /// `PATCH /v1/me` must accept the URL that the response to an upload request contains.
    #[test]
    fn every_public_url_is_an_avatar_url() {
        let longest = format!("https://cdn.example.com/{}", "a".repeat(AvatarName::longest_base() - 24));
        for base in [
            "https://cdn.example.com",
            "https://cdn.example.com/",
            "https://cdn.example.com/avatars",
            "https://cdn.example.com/avatars/",
            "https://cdn.example.com:8443/a/b//",
            "https://头像.example.com/图",
            &longest,
        ] {
            let base = Url::parse(base).unwrap();
            for kind in AvatarType::ALL {
                let url = name(kind).url_below(&base).unwrap();
                assert_eq!(AvatarUrl::parse(url.as_str(), Some(&base)), Ok(url.clone()));
                assert!(url.as_str().ends_with(&format!("/{}", name(kind).as_str())), "{url:?}");
            }
        }
        let too_long = Url::parse(&format!("{longest}a")).unwrap();
        assert_eq!(name(AvatarType::Webp).url_below(&too_long), Err(Invalid::TooLong));
    }

    #[test]
    fn a_prefix_is_a_folder() {
        let name = name(AvatarType::Png);
        for text in ["", "avatars/", "a/b-c/d_1.~/"] {
            let key = KeyPrefix::parse(text).unwrap().key(&name);
            assert_eq!(key, format!("{text}{}", name.as_str()));
        }
        for text in ["avatars", "/", "/avatars/", "a//b/", "a/../b/", "./", "a b/", "头像/", "a%2f/", "a?/", "a:b/"] {
            assert_eq!(KeyPrefix::parse(text), Err(Invalid::Format), "{text}");
        }
        assert_eq!(KeyPrefix::parse(&format!("{}/", "a".repeat(200))), Err(Invalid::TooLong));
    }
}
