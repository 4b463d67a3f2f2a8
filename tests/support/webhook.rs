//! Fake receiver of a webhook: verifies requests like the libraries of Standard Webhooks, and reads every field.

use super::fake_server::FakeServer;
use super::provider::{ResponseFormat, Stage, Taken, digits, e164, header, hmac_sha256, masked};
use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, TimeDelta};
use doorstep::ports::Clock;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use url::Url;

/// Secret of 32 bytes.
pub const SECRET: &str = "whsec_RmFrZVNlY3JldE9mVGhlVGVzdHMwMDAwMDAwMDAwMDA=";
const PATH: &str = "/hooks/sms";

/// Tolerance of the timestamp: the libraries allow five minutes ("Verifying timestamp").
const TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// Server that runs until it is dropped.
pub struct FakeWebhook {
    pub url: Url,
    pub stage: Arc<Stage>,
    _server: FakeServer,
}

impl FakeWebhook {
    pub fn start(clock: Arc<dyn Clock>) -> Self {
        let stage = Stage::new(clock);
        let shared = web::Data::from(Arc::clone(&stage));
        let served = FakeServer::start(move |routes| {
            routes.app_data(shared.clone()).route(PATH, web::post().to(hook));
        });
        let mut url = served.url.join(PATH).unwrap();
        url.set_query(Some("tenant=acme"));
        Self { url, stage, _server: served }
    }
}

const RESPONSE_FORMAT: ResponseFormat = ResponseFormat {
    status: StatusCode::ACCEPTED,
    success: "{}",
    refuse: |code, text| match code.split_once(' ') {
        Some((status, seconds)) => refuse_phone(status.parse().unwrap(), seconds.parse().ok()),
        None => refuse(code.parse().unwrap(), text),
    },
};

/// HTTP status and error text.
type Rejection = (u16, &'static str);

async fn hook(request: HttpRequest, body: Bytes, stage: web::Data<Stage>) -> HttpResponse {
    let behaviour = stage.enter();
    let message = match check_envelope(&request, &body, &stage).and_then(|()| check_body(&request, &body)) {
        Ok(message) => message,
        Err((status, text)) => return refuse(status, text),
    };
    // A receiver accepts a retry of an accepted message, and sends nothing.
    if stage.taken().iter().any(|taken| taken.id == message.id) {
        return HttpResponse::Ok().json(json!({}));
    }
    RESPONSE_FORMAT.respond(behaviour, &request, message, &stage).await
}

fn refuse(status: u16, text: &str) -> HttpResponse {
    HttpResponse::build(StatusCode::from_u16(status).unwrap()).json(json!({ "error": text }))
}

/// Refuses because of a limit for this number.
fn refuse_phone(status: u16, retry_after: Option<u64>) -> HttpResponse {
    let body = json!({ "code": "phone_limit_reached", "retry_after": retry_after });
    HttpResponse::build(StatusCode::from_u16(status).unwrap()).json(body)
}

fn check_envelope(request: &HttpRequest, body: &Bytes, stage: &Stage) -> Result<(), Rejection> {
    let (id, timestamp) = (header(request, "webhook-id"), header(request, "webhook-timestamp"));
    if request.query_string() != "tenant=acme" || header(request, "content-type") != "application/json" {
        return Err((404, "wrong address or type"));
    }
    let time = timestamp.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    if id.is_empty() || !time.is_some_and(|time| stage.is_now(time, TOLERANCE)) {
        return Err((400, "Message timestamp too old or too new"));
    }
    let key = BASE64_STANDARD.decode(SECRET.strip_prefix("whsec_").unwrap()).unwrap();
    let text = format!("{id}.{timestamp}.{}", std::str::from_utf8(body).unwrap());
    let expected = format!("v1,{}", BASE64_STANDARD.encode(hmac_sha256(&key, &text)));
    let signatures = header(request, "webhook-signature");
    if signatures.split(' ').any(|signature| signature == expected) {
        Ok(())
    } else {
        Err((401, "No matching signature"))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    r#type: String,
    timestamp: String,
    data: Data,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    to: String,
    region: String,
    language: String,
    topic: String,
    text: String,
    values: BTreeMap<String, String>,
}

fn check_body(request: &HttpRequest, body: &[u8]) -> Result<Taken, Rejection> {
    let Body { r#type, timestamp, data } = serde_json::from_slice(body).map_err(|_| (422, "no such body"))?;
    let second = header(request, "webhook-timestamp");
    let time = DateTime::parse_from_rfc3339(&timestamp).map_err(|_| (422, "no such time"))?;
    if r#type != "sms.send" || time.timestamp().to_string() != second {
        return Err((422, "another type or time"));
    }
    if !e164(&data.to) || data.region.len() != 2 || !["en", "zh-CN"].contains(&&*data.language) {
        return Err((422, "no such number, region or language"));
    }
    let expected: &[&str] = match &*data.topic {
        "register" | "login" | "reset_password" | "change_phone" | "delete_account" | "set_password"
        | "confirm_phone" => &["code", "minutes"],
        "phone_changed" => &["phone"],
        _ => return Err((422, "no such topic")),
    };
    let is_valid = |(name, value): (&String, &String)| if name == "phone" { masked(value) } else { digits(value) };
    if data.values.keys().ne(expected) || !data.values.iter().all(is_valid) || data.text.is_empty() {
        return Err((422, "other values"));
    }
    Ok(Taken {
        to: data.to,
        template: format!("{} {} {}", data.region, data.language, data.topic),
        values: data.values.into_iter().collect(),
        text: data.text,
        id: header(request, "webhook-id").to_owned(),
        ..Taken::default()
    })
}
