//! HTTP client and error mapping, shared by the providers with an HTTP API.

use crate::ports::SmsError;
use reqwest::{Client, RequestBuilder, Response, StatusCode, redirect};
use std::error::Error;
use std::time::Duration;
use url::Url;

/// Error that prevents the start of a provider's adapter.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the base URL must be an http or https URL")]
    BaseUrl,
    #[error("the secret must be a secret of Standard Webhooks")]
    Secret,
    #[error("HTTP client not created: {0}")]
    Client(String),
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Time after which an idle connection is closed. It is shorter than the default of Tomcat, 20 s: a message must not be
/// sent over a connection that the server is closing.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);
/// Limit for a response, which usually has about 100 bytes.
const MAX_RESPONSE_BYTES: usize = 64 * 1024;

/// Creates a client. `timeout` is for a whole request, from the first byte of the connection to the last byte of the
/// response. The client never retries, because a message could be sent twice.
pub(super) fn client(timeout: Duration) -> Result<Client, StartError> {
    let client = Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(timeout)
        .pool_idle_timeout(IDLE_TIMEOUT);
    client.build().map_err(|error| StartError::Client(cause(error)))
}

/// Returns the URL of `path` below the base URL.
pub(super) fn endpoint<'a>(base: &Url, path: impl IntoIterator<Item = &'a str>) -> Result<Url, StartError> {
    let mut url = base.clone();
    if !matches!(url.scheme(), "http" | "https") {
        return Err(StartError::BaseUrl);
    }
    url.path_segments_mut().map_err(|()| StartError::BaseUrl)?.pop_if_empty().extend(path);
    Ok(url)
}

/// Sends a request, and reads the whole response.
pub(super) async fn send(request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), SmsError> {
    let response = request.send().await.map_err(sms_error)?;
    Ok((response.status(), read(response).await?))
}

async fn read(mut response: Response) -> Result<Vec<u8>, SmsError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(sms_error)? {
        if body.len() + chunk.len() > MAX_RESPONSE_BYTES {
            return Err(SmsError::NoAnswer("a response larger than 64 KiB".to_owned()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Returns the `Host` header of a request to this URL.
pub(super) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Returns whether the status proves that the message was not sent. 408 does not prove it: a proxy may have stopped
/// waiting while the provider continued.
pub(super) fn is_refusal(status: StatusCode) -> bool {
    status.is_client_error() && status != StatusCode::REQUEST_TIMEOUT
}

/// Error for a region without a template. It should not occur, because the settings are validated at the start.
pub(super) fn no_template() -> SmsError {
    SmsError::Refused("no template for this message and region".to_owned())
}

/// Error for a response that is neither an acceptance nor a refusal.
pub(super) fn unknown_outcome(status: StatusCode) -> SmsError {
    SmsError::NoAnswer(format!("HTTP {} with an unexpected response", status.as_u16()))
}

/// Returns the text of a refusal for the log, with its digits hidden. The provider may repeat the request in this text;
/// without digits there is no phone number, no code and no signature in it.
pub(super) fn redacted(text: &str) -> String {
    let hide = |c: char| if c.is_numeric() { '#' } else { c };
    text.chars().filter(|c| !c.is_control()).take(100).map(hide).collect()
}

/// Maps an error of the client. A message cannot be sent before the connection is established; after that, the outcome
/// is unknown.
fn sms_error(error: reqwest::Error) -> SmsError {
    match error {
        error if error.is_connect() => SmsError::Unreachable(cause(error)),
        error if error.is_timeout() => SmsError::NoAnswer("timeout".to_owned()),
        error => SmsError::NoAnswer(cause(error)),
    }
}

/// Returns the innermost cause, without the URL, which contains the account and its signature.
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
    fn the_path_is_appended_to_the_base_url() {
        let below = |base: &str| endpoint(&Url::parse(base).unwrap(), ["v1", "a/b", "send"]).map(|url| url.to_string());
        for base in ["https://sms.example.com:8883", "https://sms.example.com:8883/", "http://127.0.0.1:1/fake"] {
            assert_eq!(below(base).unwrap(), format!("{}/v1/a%2Fb/send", base.trim_end_matches('/')));
        }
        assert!(below("ftp://sms.example.com").is_err() && below("mailto:a@b.c").is_err());
    }

    #[test]
    fn the_host_header_has_a_port_only_if_it_is_not_the_default() {
        let host = |url: &str| host(&Url::parse(url).unwrap());
        assert_eq!(host("https://sms.example.com:443/a"), "sms.example.com");
        assert_eq!((host("http://127.0.0.1:81"), host("http://[::1]:81")), ("127.0.0.1:81".into(), "[::1]:81".into()));
    }
}
