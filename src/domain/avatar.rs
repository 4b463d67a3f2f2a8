//! A picture on its way to the storage: what may be uploaded, what it is called there, and how the upload goes.

use super::Invalid;
use super::user::{AvatarUrl, UserId};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use std::time::Duration;
use url::Url;

/// What pictures may be: what every phone can make and show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AvatarType {
    Jpeg,
    Png,
    Webp,
}

impl AvatarType {
    pub const ALL: [Self; 3] = [Self::Jpeg, Self::Png, Self::Webp];

    /// The media type, as storages compare it: in lower case, without parameters.
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

/// Bytes of a picture: at least one, and not more than the operator allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AvatarSize(u32);

impl AvatarSize {
    pub fn new(bytes: i64, most: u32) -> Result<Self, Invalid> {
        let size = u32::try_from(bytes).map_err(|_| Invalid::OutOfRange)?;
        if (1..=most).contains(&size) { Ok(Self(size)) } else { Err(Invalid::OutOfRange) }
    }

    #[must_use]
    pub const fn bytes(self) -> u32 {
        self.0
    }
}

/// `{user id}/{22 characters}.{jpg|png|webp}`: what a picture is called below the public base, and below the prefix in
/// the bucket. 128 random bits, so that no upload meets another and nobody finds a picture by guessing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvatarName(String);

impl AvatarName {
    /// Of the longest name: a UUID, a slash, 22 characters and `.webp`.
    pub const LONGEST: usize = 36 + 1 + 22 + 5;

    #[must_use]
    pub fn new(owner: UserId, kind: AvatarType, random: [u8; 16]) -> Self {
        Self(format!("{}/{}.{}", owner.0, BASE64_URL_SAFE_NO_PAD.encode(random), kind.extension()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where everybody will see the picture. An error says that `base` is longer than [`AvatarName::longest_base`].
    pub fn url_below(&self, base: &Url) -> Result<AvatarUrl, Invalid> {
        AvatarUrl::parse(&format!("{}/{}", base.as_str().trim_end_matches('/'), self.0), Some(base))
    }

    /// Characters that a public base may have, so that every address below it is an [`AvatarUrl`].
    #[must_use]
    pub const fn longest_base() -> usize {
        AvatarUrl::LONGEST - Self::LONGEST - 1
    }
}

/// The folder of the bucket that pictures lie in: empty, or plain segments that end with a slash (`avatars/`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyPrefix(String);

impl KeyPrefix {
    /// With a name below it far from the 750 bytes of a key at Qiniu and the 1024 at S3.
    pub const LONGEST: usize = 200;

    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.len() > Self::LONGEST {
            return Err(Invalid::TooLong);
        }
        // What an URL would resolve or escape is no key that a client could ask for.
        let plain = |segment: &str| {
            segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
                && !["", ".", ".."].contains(&segment)
        };
        let segments = text.strip_suffix('/').map(|folders| folders.split('/').all(plain));
        if text.is_empty() || segments == Some(true) { Ok(Self(text.to_owned())) } else { Err(Invalid::Format) }
    }

    /// The key of a picture in the bucket.
    #[must_use]
    pub fn key(&self, name: &AvatarName) -> String {
        format!("{}{}", self.0, name.0)
    }
}

/// What a permit is asked for, and what it is bound to.
#[derive(Debug, Clone)]
pub struct Upload {
    pub name: AvatarName,
    pub kind: AvatarType,
    pub size: AvatarSize,
    /// From now on.
    pub life: Duration,
}

/// One upload that the storage will accept. Whoever holds it can make it: a bearer secret, never printed.
pub enum Permit {
    /// A PUT of the picture to `url`, with these headers.
    Put { url: Url, headers: Vec<(&'static str, String)> },
    /// A `multipart/form-data` POST to `url`: these fields, then the picture in a field `file`.
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
    fn types_are_exactly_three() {
        for kind in AvatarType::ALL {
            assert_eq!(AvatarType::parse(kind.media_type()), Ok(kind));
        }
        for text in ["image/gif", "image/svg+xml", "IMAGE/PNG", "image/png;q=1", "image/*", "png", ""] {
            assert_eq!(AvatarType::parse(text), Err(Invalid::NotAllowed), "{text}");
        }
    }

    #[test]
    fn sizes_go_from_one_byte_to_the_most() {
        for bytes in [1, 2_048] {
            assert_eq!(AvatarSize::new(bytes, 2_048).map(|size| i64::from(size.bytes())), Ok(bytes));
        }
        for bytes in [0, -1, 2_049, i64::MAX, i64::MIN, 1 << 32] {
            assert_eq!(AvatarSize::new(bytes, 2_048), Err(Invalid::OutOfRange), "{bytes}");
        }
    }

    #[test]
    fn a_name_is_the_owner_and_22_characters() {
        let name = name(AvatarType::Jpeg);
        let (owner, file) = name.as_str().split_once('/').unwrap();
        assert_eq!(owner.len(), 36);
        assert_eq!(file, "-_v7-_v7-_v7-_v7-_v7-w.jpg");
        assert_eq!(self::name(AvatarType::Webp).as_str().len(), AvatarName::LONGEST);
    }

    /// What a client is told to send to `PATCH /v1/me` must be accepted there.
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
