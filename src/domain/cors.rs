//! Origins of web pages that may call the API from a browser (CORS).

use super::Invalid;
use url::Url;

/// Origin as a browser sends it (RFC 6454 section 6.2): scheme, host and, unless the scheme implies it, port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// Reads an origin of any scheme: pages of an app shell have one of their own, like `capacitor://localhost`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let url = Url::parse(text).map_err(|_| Invalid::Format)?;
        let host = url.host_str().filter(|host| !host.is_empty() && !host.contains('*')).ok_or(Invalid::Format)?;
        let has_more = !url.username().is_empty() || url.password().is_some() || !["", "/"].contains(&url.path());
        if has_more || url.query().is_some() || url.fragment().is_some() {
            return Err(Invalid::NotAllowed);
        }
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        Ok(Self(format!("{}://{}{port}", url.scheme(), host.to_ascii_lowercase())))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Origins whose pages may read the responses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum AllowedOrigins {
    #[default]
    None,
    /// Every origin. The API has no cookies: a page can do nothing with it that a program cannot.
    Any,
    Only(Vec<Origin>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_the_form_that_browsers_send() {
        for (text, origin) in [
            ("https://app.example.com", "https://app.example.com"),
            ("https://App.Example.com:443/", "https://app.example.com"),
            ("http://localhost:5173", "http://localhost:5173"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
            ("capacitor://LocalHost", "capacitor://localhost"),
        ] {
            assert_eq!(Origin::parse(text).as_ref().map(Origin::as_str), Ok(origin), "{text}");
        }
    }

    #[test]
    fn anything_else_than_an_origin_is_refused() {
        for text in [
            "",
            "null",
            "*",
            "app.example.com",
            "localhost:5173",
            "https://",
            "https://*.example.com",
            "https://example.com/app",
            "https://example.com?a",
            "https://example.com#a",
            "https://user@example.com",
            "file:///tmp",
            "data:text/plain,a",
        ] {
            assert!(Origin::parse(text).is_err(), "{text}");
        }
    }
}
