//! What all providers that are asked over HTTP have in common.

use crate::ports::SmsError;
use reqwest::{Client, RequestBuilder, Response, StatusCode, redirect};
use std::error::Error;
use std::time::Duration;
use url::Url;

/// Why a provider's adapter does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the base URL must be an http or https address")]
    BaseUrl,
    #[error("no HTTP client: {0}")]
    Client(String),
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Below the 20 s after which a Tomcat closes a connection by default: a message must not run into a closing one.
const IDLE_CONNECTION: Duration = Duration::from_secs(15);
/// Answers have some 100 bytes.
const LONGEST_ANSWER: usize = 64 * 1024;

/// `timeout` is for a whole request: from the first byte of the connection to the last of the answer. Asks again never: a message
/// could go out twice.
pub(super) fn client(timeout: Duration) -> Result<Client, StartError> {
    let client = Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(timeout)
        .pool_idle_timeout(IDLE_CONNECTION);
    client.build().map_err(|error| StartError::Client(cause(error)))
}

/// An address below the base.
pub(super) fn endpoint<'a>(base: &Url, path: impl IntoIterator<Item = &'a str>) -> Result<Url, StartError> {
    let mut url = base.clone();
    if !matches!(url.scheme(), "http" | "https") {
        return Err(StartError::BaseUrl);
    }
    url.path_segments_mut().map_err(|()| StartError::BaseUrl)?.pop_if_empty().extend(path);
    Ok(url)
}

/// Asks, and reads the whole answer.
pub(super) async fn ask(request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), SmsError> {
    let response = request.send().await.map_err(sms_error)?;
    Ok((response.status(), read(response).await?))
}

async fn read(mut response: Response) -> Result<Vec<u8>, SmsError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(sms_error)? {
        if body.len() + chunk.len() > LONGEST_ANSWER {
            return Err(SmsError::NoAnswer("an answer beyond 64 KiB".to_owned()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// What a request to this address has in its `Host` header.
pub(super) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// A status that says for sure that nothing was done. 408 does not: a proxy may have given up while the provider went on.
pub(super) fn refuses(status: StatusCode) -> bool {
    status.is_client_error() && status != StatusCode::REQUEST_TIMEOUT
}

/// The settings were judged at the start, so this is for regions that nobody thought of.
pub(super) fn no_template() -> SmsError {
    SmsError::Refused("no template for this message and region".to_owned())
}

/// An answer that says neither yes nor no.
pub(super) fn unknown(status: StatusCode) -> SmsError {
    SmsError::NoAnswer(format!("HTTP {} and no answer that is known", status.as_u16()))
}

/// What a provider says of its refusal. It may repeat what was sent, so its digits are hidden: no phone, no code and no signature
/// is left.
pub(super) fn discreet(text: &str) -> String {
    let hide = |c: char| if c.is_numeric() { '#' } else { c };
    text.chars().filter(|c| !c.is_control()).take(100).map(hide).collect()
}

/// Before the connection stood, nothing can have gone out; afterwards nobody knows.
fn sms_error(error: reqwest::Error) -> SmsError {
    match error {
        error if error.is_connect() => SmsError::Unreachable(cause(error)),
        error if error.is_timeout() => SmsError::NoAnswer("timeout".to_owned()),
        error => SmsError::NoAnswer(cause(error)),
    }
}

/// The innermost reason, without the URL, which holds the account and its signature.
fn cause(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut innermost: &dyn Error = &error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_follows_the_base() {
        let below = |base: &str| endpoint(&Url::parse(base).unwrap(), ["v1", "a/b", "send"]).map(|url| url.to_string());
        for base in ["https://sms.example.com:8883", "https://sms.example.com:8883/", "http://127.0.0.1:1/fake"] {
            assert_eq!(below(base).unwrap(), format!("{}/v1/a%2Fb/send", base.trim_end_matches('/')));
        }
        assert!(below("ftp://sms.example.com").is_err() && below("mailto:a@b.c").is_err());
    }

    #[test]
    fn the_host_is_what_the_header_says() {
        let host = |url: &str| host(&Url::parse(url).unwrap());
        assert_eq!(host("https://sms.example.com:443/a"), "sms.example.com");
        assert_eq!((host("http://127.0.0.1:81"), host("http://[::1]:81")), ("127.0.0.1:81".into(), "[::1]:81".into()));
    }
}
