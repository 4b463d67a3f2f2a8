//! Fake Alibaba Cloud SMS service: checks the ACS3 signature and each parameter like the provider.

use super::fake_server::FakeServer;
use super::provider::{ResponseFormat, Stage, Taken, digits, header, hex, hmac_sha256, masked, sha256_hex};
use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{NaiveDateTime, TimeDelta};
use doorstep::ports::Clock;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use url::Url;
use url::form_urlencoded::parse;

pub const KEY_ID: &str = "LTAI5tFakeKeyOfTheTests1";
pub const KEY_SECRET: &str = "vK7FakeSecretOfTheTests2026abc";
pub const SIGN_NAME: &str = "小店";
/// Template with the variables `code` and `time`.
pub const TEMPLATE: &str = "SMS_1001";
/// Template with the variable `code`.
pub const DELETION_TEMPLATE: &str = "SMS_1002";
/// Template with the variable `phone`, a masked number.
pub const NOTICE_TEMPLATE: &str = "SMS_1003";

/// Maximum difference between the time of a request and of the provider ("InvalidTimeStamp.Expired").
const TOLERANCE: TimeDelta = TimeDelta::minutes(15);

/// Server that runs until it is dropped.
pub struct FakeAliyun {
    pub base_url: Url,
    pub stage: Arc<Stage>,
    _server: FakeServer,
}

impl FakeAliyun {
    pub fn start(clock: Arc<dyn Clock>) -> Self {
        let stage = Stage::new(clock);
        let shared = web::Data::from(Arc::clone(&stage));
        let served = FakeServer::start(move |routes| {
            routes.app_data(shared.clone()).route("/", web::post().to(send_sms));
        });
        Self { base_url: served.url.clone(), stage, _server: served }
    }
}

const RESPONSE_FORMAT: ResponseFormat = ResponseFormat {
    status: StatusCode::OK,
    success: concat!(
        r#"{"Message":"OK","RequestId":"F655A8D5-B967-440B-8683-DAD6FF8DE990","#,
        r#""Code":"OK","BizId":"900619746936498440^0"}"#,
    ),
    refuse: refuse_by_service,
};

/// HTTP status, error code and text. The gateway rejects with an error status, the service itself with status 200.
type Rejection = (u16, &'static str, &'static str);

async fn send_sms(request: HttpRequest, body: Bytes, stage: web::Data<Stage>) -> HttpResponse {
    let behaviour = stage.enter();
    match check_envelope(&request, &body, &stage).and_then(|()| check_parameters(&request)) {
        Ok(message) => RESPONSE_FORMAT.respond(behaviour, &request, message, &stage).await,
        Err((200, code, text)) => refuse_by_service(code, text),
        Err((status, code, text)) => refuse(status, code, text),
    }
}

fn refuse_by_service(code: &str, text: &str) -> HttpResponse {
    refuse(200, code, text)
}

fn refuse(status: u16, code: &str, text: &str) -> HttpResponse {
    let status = StatusCode::from_u16(status).unwrap();
    HttpResponse::build(status).json(json!({ "Code": code, "Message": text, "RequestId": "F655A8D5" }))
}

/// Checks of the gateway, in this order: headers, time, signature, new nonce.
fn check_envelope(request: &HttpRequest, body: &Bytes, stage: &Stage) -> Result<(), Rejection> {
    for (name, expected) in [("x-acs-action", "SendSms"), ("x-acs-version", "2017-05-25")] {
        if header(request, name) != expected {
            return Err((404, "InvalidAction.NotFound", "Specified api is not found"));
        }
    }
    if header(request, "x-acs-content-sha256") != sha256_hex(body) {
        return Err((400, "SignatureDoesNotMatch", "the hash of the body"));
    }
    let time = NaiveDateTime::parse_from_str(header(request, "x-acs-date"), "%Y-%m-%dT%H:%M:%SZ")
        .map_err(|_| (400, "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted."))?;
    if !stage.is_now(time.and_utc(), TOLERANCE) {
        return Err((400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired."));
    }
    let authorization = header(request, "authorization");
    let (names, signature) = authorization
        .strip_prefix(&format!("ACS3-HMAC-SHA256 Credential={KEY_ID},SignedHeaders="))
        .and_then(|rest| rest.split_once(",Signature="))
        .ok_or((404, "InvalidAccessKeyId.NotFound", "Specified access key is not found."))?;
    if names != signed_headers(request) {
        return Err((400, "IncompleteSignature", "every x-acs header, host and content-type has to be signed"));
    }
    if signature != sign(request, names, body) {
        return Err((400, "SignatureDoesNotMatch", "Specified signature is not matched with our calculation."));
    }
    if !stage.is_new(header(request, "x-acs-signature-nonce")) {
        return Err((400, "SignatureNonceUsed", "Specified signature nonce was used already."));
    }
    Ok(())
}

fn signed_headers(request: &HttpRequest) -> String {
    let mut names: Vec<&str> = request.headers().keys().map(actix_web::http::header::HeaderName::as_str).collect();
    names.retain(|name| name.starts_with("x-acs-") || ["host", "content-type"].contains(name));
    names.sort_unstable();
    names.join(";")
}

/// Computes the signature ("Request syntax and signature method V3", steps 1 to 3).
fn sign(request: &HttpRequest, names: &str, body: &[u8]) -> String {
    let mut text = format!("{}\n{}\n{}\n", request.method(), request.path(), canonical_query(request));
    for name in names.split(';') {
        text += &format!("{name}:{}\n", header(request, name).trim());
    }
    text += &format!("\n{names}\n{}", sha256_hex(body));
    hex(&hmac_sha256(KEY_SECRET.as_bytes(), &format!("ACS3-HMAC-SHA256\n{}", sha256_hex(text.as_bytes()))))
}

/// Parses the query and encodes it again: a different encoding leads to a different signature.
fn canonical_query(request: &HttpRequest) -> String {
    let mut pairs: Vec<(String, String)> = parse(request.query_string().as_bytes()).into_owned().collect();
    pairs.sort();
    let mut text = String::new();
    for (name, value) in pairs {
        let value: String = value
            .bytes()
            .map(|byte| match byte {
                byte if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) => String::from(byte as char),
                byte => format!("%{byte:02X}"),
            })
            .collect();
        text += &format!("{}{name}={value}", if text.is_empty() { "" } else { "&" });
    }
    text
}

/// Checks of the service: exactly these parameters, each with a valid value.
fn check_parameters(request: &HttpRequest) -> Result<Taken, Rejection> {
    let pairs: BTreeMap<String, String> = parse(request.query_string().as_bytes()).into_owned().collect();
    let names: Vec<&str> = pairs.keys().map(String::as_str).collect();
    if names != ["OutId", "PhoneNumbers", "SignName", "TemplateCode", "TemplateParam"] {
        return Err((400, "InvalidParameter", "a parameter is missing or unknown"));
    }
    let (to, template) = (&pairs["PhoneNumbers"], &pairs["TemplateCode"]);
    let chinese = to.len() == 11 && to.starts_with('1');
    let foreign = (8..=15).contains(&to.len()) && !to.starts_with("86") && !to.starts_with('0');
    if !to.bytes().all(|byte| byte.is_ascii_digit()) || !(chinese || foreign) {
        return Err((200, "isv.MOBILE_NUMBER_ILLEGAL", "号码不合法"));
    }
    if pairs["SignName"] != SIGN_NAME {
        return Err((200, "isv.SMS_SIGNATURE_ILLEGAL", "该账号下找不到对应签名"));
    }
    let variables: &[&str] = match &**template {
        TEMPLATE => &["code", "time"],
        DELETION_TEMPLATE => &["code"],
        NOTICE_TEMPLATE => &["phone"],
        _ => return Err((200, "isv.SMS_TEMPLATE_ILLEGAL", "该账号下找不到对应模板")),
    };
    let values: BTreeMap<String, Value> = serde_json::from_str(&pairs["TemplateParam"])
        .map_err(|_| (200, "isv.INVALID_JSON_PARAM", "参数必须传JSON字符串"))?;
    if values.keys().ne(variables) {
        return Err((200, "isv.TEMPLATE_MISSING_PARAMETERS", "模板变量与模板不符"));
    }
    let is_valid = |(name, value): (&String, &Value)| {
        value.as_str().is_some_and(|value| if name == "phone" { masked(value) } else { digits(value) })
    };
    if !values.iter().all(is_valid) {
        return Err((200, "isv.TEMPLATE_PARAMS_ILLEGAL", "传入的变量内容和实际申请模板时变量所选择的属性类型不配"));
    }
    let values = values.into_iter().map(|(name, value)| (name, value.as_str().unwrap().to_owned())).collect();
    Ok(Taken {
        to: to.clone(),
        template: template.clone(),
        signature: SIGN_NAME.to_owned(),
        values,
        id: pairs["OutId"].clone(),
        ..Taken::default()
    })
}
