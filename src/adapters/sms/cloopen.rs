//! SMS through Cloopen (Yuntongxun): its REST interface of version 2013-12-26, `TemplateSMS`.

use crate::ports::{Clock, Message, Sms, SmsFailure, Text};
use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::TimeDelta;
use md5::{Digest, Md5};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Client, Response, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// The account that pays, and the templates that word the messages.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `https://app.cloopen.com:8883`, or `https://sandboxapp.cloopen.com:8883` for trying out.
    pub base_url: Url,
    pub account_sid: String,
    pub auth_token: SecretString,
    pub app_id: String,
    /// For codes. Template 1 of a test account reads: your code is {1}, enter it within {2} minutes; a template of one's own
    /// must take the same two values.
    pub template_id: String,
    /// For codes that delete an account, with the same two values; it must say so.
    pub deletion_template_id: String,
    /// For the notice that an account has another number: {1} is that number, masked.
    pub notice_template_id: String,
    /// From the first byte of the connection to the last of the answer.
    pub timeout: Duration,
}

/// Why the adapter does not start.
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
const ACCEPTED: &str = "000000";

pub struct Cloopen {
    settings: Settings,
    endpoint: Url,
    clock: Arc<dyn Clock>,
    client: Client,
}

impl Cloopen {
    /// Connects to nothing yet.
    pub fn new(settings: Settings, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        let endpoint = endpoint(&settings).ok_or(StartError::BaseUrl)?;
        let client = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(settings.timeout)
            .pool_idle_timeout(IDLE_CONNECTION)
            .build()
            .map_err(|error| StartError::Client(cause(error)))?;
        Ok(Self { settings, endpoint, clock, client })
    }

    async fn request(&self, message: &Message) -> Result<Response, SmsFailure> {
        let Settings { account_sid, auth_token, app_id, .. } = &self.settings;
        // China Standard Time is UTC+8 all year.
        let timestamp = (self.clock.now() + TimeDelta::hours(8)).format("%Y%m%d%H%M%S").to_string();
        let signature = signature(account_sid, auth_token, &timestamp);
        let mut url = self.endpoint.clone();
        url.set_query(Some(&format!("sig={signature}")));
        let (template_id, datas) = self.wording(&message.text);
        let body = Body { to: &recipient(message.to.e164()), app_id, template_id, datas, req_id: &message.id };
        self.client
            .post(url)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json;charset=utf-8")
            .header(AUTHORIZATION, BASE64_STANDARD.encode(format!("{account_sid}:{timestamp}")))
            .json(&body)
            .send()
            .await
            .map_err(failure)
    }

    /// The template, and what it calls {1}, {2} …
    fn wording<'a>(&'a self, text: &'a Text) -> (&'a str, Vec<Cow<'a, str>>) {
        match text {
            Text::Code { code, minutes } => {
                (&self.settings.template_id, vec![code.expose().into(), minutes.to_string().into()])
            }
            Text::DeletionCode { code, minutes } => {
                (&self.settings.deletion_template_id, vec![code.expose().into(), minutes.to_string().into()])
            }
            Text::PhoneChanged { to } => (&self.settings.notice_template_id, vec![to.into()]),
        }
    }
}

#[async_trait]
impl Sms for Cloopen {
    async fn send(&self, message: &Message) -> Result<(), SmsFailure> {
        let response = self.request(message).await?;
        let status = response.status();
        let answer: Option<Answer> = serde_json::from_slice(&read(response).await?).ok();
        match answer {
            Some(answer) if answer.status_code == ACCEPTED && status.is_success() => Ok(()),
            Some(answer) if answer.status_code != ACCEPTED => Err(answer.refusal()),
            _ => Err(SmsFailure::NoAnswer(format!("HTTP {} and no answer that is known", status.as_u16()))),
        }
    }
}

fn endpoint(settings: &Settings) -> Option<Url> {
    let mut url = settings.base_url.clone();
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    let path = ["2013-12-26", "Accounts", &settings.account_sid, "SMS", "TemplateSMS"];
    url.path_segments_mut().ok()?.pop_if_empty().extend(path);
    Some(url)
}

/// Upper-case hexadecimal MD5 of account, token and time: the provider's choice.
fn signature(account_sid: &str, auth_token: &SecretString, timestamp: &str) -> String {
    let mut md5 = Md5::new();
    for part in [account_sid, auth_token.expose_secret(), timestamp] {
        md5.update(part.as_bytes());
    }
    md5.finalize().iter().map(|byte| format!("{byte:02X}")).collect()
}

/// Chinese numbers go out in national form, all others with the international prefix 00.
fn recipient(e164: &str) -> String {
    match e164.strip_prefix("+86") {
        Some(national) => national.to_owned(),
        None => format!("00{}", e164.trim_start_matches('+')),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    to: &'a str,
    app_id: &'a str,
    template_id: &'a str,
    datas: Vec<Cow<'a, str>>,
    /// A second request with the same id within the day is refused, so that nobody gets a message twice.
    req_id: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status_code: String,
    #[serde(default)]
    status_msg: String,
}

impl Answer {
    fn refusal(&self) -> SmsFailure {
        let code: String = self.status_code.chars().filter(char::is_ascii_digit).take(6).collect();
        // The text may repeat what was sent, so its digits are hidden: no phone, no code and no signature is left.
        let hide = |c: char| if c.is_numeric() { '#' } else { c };
        let text: String = self.status_msg.chars().filter(|c| !c.is_control()).take(100).map(hide).collect();
        SmsFailure::Refused(format!("statusCode {code} {text}").trim_end().to_owned())
    }
}

async fn read(mut response: Response) -> Result<Vec<u8>, SmsFailure> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failure)? {
        if body.len() + chunk.len() > LONGEST_ANSWER {
            return Err(SmsFailure::NoAnswer("an answer beyond 64 KiB".to_owned()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Before the connection stood, nothing can have gone out; afterwards nobody knows.
fn failure(error: reqwest::Error) -> SmsFailure {
    match error {
        error if error.is_connect() => SmsFailure::Unreachable(cause(error)),
        error if error.is_timeout() => SmsFailure::NoAnswer("timeout".to_owned()),
        error => SmsFailure::NoAnswer(cause(error)),
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
    fn the_signature_is_upper_case_hexadecimal_md5() {
        // printf 'sidtoken20261120200000' | md5sum | tr a-f A-F
        let token = SecretString::from("token".to_owned());
        assert_eq!(signature("sid", &token, "20261120200000"), "404DB1CE6030237100D39C51C52F1CBC");
    }

    #[test]
    fn numbers_in_the_providers_form() {
        assert_eq!(recipient("+8613800138000"), "13800138000");
        assert_eq!(recipient("+4915123456789"), "004915123456789");
    }

    #[test]
    fn the_address_follows_the_base() {
        let settings = |base: &str| Settings {
            base_url: Url::parse(base).unwrap(),
            account_sid: "a/b".to_owned(),
            auth_token: SecretString::default(),
            app_id: String::new(),
            template_id: String::new(),
            deletion_template_id: String::new(),
            notice_template_id: String::new(),
            timeout: Duration::from_secs(1),
        };
        let path = "2013-12-26/Accounts/a%2Fb/SMS/TemplateSMS";
        for base in ["https://app.cloopen.com:8883", "https://app.cloopen.com:8883/", "http://127.0.0.1:1/fake"] {
            let expected = format!("{}/{path}", base.trim_end_matches('/'));
            assert_eq!(endpoint(&settings(base)).unwrap().as_str(), expected);
        }
        assert!(endpoint(&settings("ftp://app.cloopen.com")).is_none());
        assert!(endpoint(&settings("mailto:a@b.c")).is_none());
    }

    #[test]
    fn a_refusal_shows_no_digits_of_its_text() {
        let answer = Answer {
            status_code: "160042".to_owned(),
            status_msg: "13800138000 １２３\n号码格式有误".to_owned(),
        };
        assert_eq!(answer.refusal().to_string(), "refused: statusCode 160042 ########### ###号码格式有误");
    }
}
