//! URLs of other systems.

use super::variable::{About, Variable, WithDefault};
use std::fmt;
use std::ops::Deref;
use url::Url;

/// URL of a provider, which is printed as a text and not as its parts.
#[derive(Clone)]
pub struct BaseUrl(pub Url);

impl Deref for BaseUrl {
    type Target = Url;

    fn deref(&self) -> &Url {
        &self.0
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.0.as_str(), f)
    }
}

/// Setting with the base URL of a provider. It must not contain a password, because `check-config` prints it.
pub(super) const fn base_url() -> Variable<Url> {
    Variable::new("an https:// URL (http:// is allowed in development)", parse)
}

fn parse(text: &str, about: &About) -> Result<Url, String> {
    match Url::parse(text) {
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            Err("expected a URL without user and password".to_owned())
        }
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        _ => Err(about.expected()),
    }
}

impl Variable<Url> {
    pub(super) const fn default_url(self, default: fn() -> Url) -> WithDefault<Url> {
        self.shown_default(default, |url| url.as_str().trim_end_matches('/').to_owned())
    }
}

/// Value of a required URL after an error. The service does not start then.
pub(super) fn missing() -> BaseUrl {
    BaseUrl(constant("https://missing.invalid"))
}

#[expect(clippy::expect_used, reason = "the text is a constant, and a test reads every default")]
pub(super) fn constant(text: &'static str) -> Url {
    Url::parse(text).expect("a constant is a valid URL")
}
