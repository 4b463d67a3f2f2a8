//! Fake Tencent Cloud SMS service: checks the TC3 signature and each field like the provider.

use super::fake_server::FakeServer;
use super::provider::{ResponseFormat, Stage, Taken, digits, e164, header, hex, hmac_sha256, masked, sha256_hex};
use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, TimeDelta};
use doorstep::ports::Clock;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use url::Url;

pub const SECRET_ID: &str = "AKIDFakeIdOfTheTests0000000000000001";
pub const SECRET_KEY: &str = "FakeKeyOfTheTests000000000000002";
pub const APP_ID: &str = "1400006666";
/// Application for international numbers.
pub const INTERNATIONAL_APP_ID: &str = "1400007777";
pub const REGION: &str = "ap-guangzhou";
pub const SIGN_NAME: &str = "小店";
/// Template with a code and its minutes.
pub const TEMPLATE: &str = "1110";
/// Template with a code and its minutes, for international numbers.
pub const INTERNATIONAL_TEMPLATE: &str = "2110";
pub const DELETION_TEMPLATE: &str = "1111";
/// Template with a masked number.
pub const NOTICE_TEMPLATE: &str = "1112";

/// Maximum difference between the timestamp and the time of the server: "Timestamp 和服务器时间相差不得超过五分钟"
/// (AuthFailure.SignatureExpire).
const TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// Server that runs until it is dropped.
pub struct FakeTencent {
    pub base_url: Url,
    pub stage: Arc<Stage>,
    _server: FakeServer,
}

impl FakeTencent {
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
        r#"{"Response":{"SendStatusSet":[{"SerialNo":"5000:1045710669157053657849499619","#,
        r#""PhoneNumber":"+8618511122233","Fee":1,"SessionContext":"test","Code":"Ok","#,
        r#""Message":"send success","IsoCode":"CN"}],"RequestId":"a0aabda6"}}"#,
    ),
    refuse: refuse_number,
};

/// Error code of the whole request, or of its one number.
enum Rejection {
    Request(&'static str),
    Number(&'static str),
}

async fn send_sms(request: HttpRequest, body: Bytes, stage: web::Data<Stage>) -> HttpResponse {
    let behaviour = stage.enter();
    match check_envelope(&request, &body, &stage).and_then(|()| check_body(&body)) {
        Ok(message) => RESPONSE_FORMAT.respond(behaviour, &request, message, &stage).await,
        Err(Rejection::Number(code)) => refuse_number(code, "refused"),
        Err(Rejection::Request(code)) => {
            let error = json!({ "Code": code, "Message": "The provided credentials could not be validated." });
            HttpResponse::Ok().json(json!({ "Response": { "Error": error, "RequestId": "ed93f3cb" } }))
        }
    }
}

fn refuse_number(code: &str, text: &str) -> HttpResponse {
    let status = json!({ "SerialNo": "", "PhoneNumber": "", "Fee": 0, "Code": code, "Message": text, "IsoCode": "" });
    HttpResponse::Ok().json(json!({ "Response": { "SendStatusSet": [status], "RequestId": "a0aabda6" } }))
}

fn check_envelope(request: &HttpRequest, body: &Bytes, stage: &Stage) -> Result<(), Rejection> {
    for (name, expected, code) in [
        ("x-tc-action", "SendSms", "InvalidAction"),
        ("x-tc-version", "2021-01-11", "NoSuchVersion"),
        ("x-tc-region", REGION, "UnsupportedRegion"),
        ("content-type", "application/json; charset=utf-8", "InvalidParameter"),
    ] {
        if header(request, name) != expected {
            return Err(Rejection::Request(code));
        }
    }
    let timestamp = header(request, "x-tc-timestamp");
    let time = timestamp.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let time = time.ok_or(Rejection::Request("InvalidParameter"))?;
    if !stage.is_now(time, TOLERANCE) {
        return Err(Rejection::Request("AuthFailure.SignatureExpire"));
    }
    let day = time.format("%Y-%m-%d").to_string();
    let credential = header(request, "authorization")
        .strip_prefix("TC3-HMAC-SHA256 Credential=")
        .ok_or(Rejection::Request("AuthFailure.InvalidAuthorization"))?;
    let rest = credential
        .strip_prefix(&format!("{SECRET_ID}/{day}/sms/tc3_request, SignedHeaders="))
        .ok_or(Rejection::Request("AuthFailure.SecretIdNotFound"))?;
    let signed = "content-type;host;x-tc-action";
    let signature = rest
        .strip_prefix(&format!("{signed}, Signature="))
        .ok_or(Rejection::Request("AuthFailure.InvalidAuthorization"))?;
    if signature == sign(request, signed, body, timestamp, &day) {
        Ok(())
    } else {
        Err(Rejection::Request("AuthFailure.SignatureFailure"))
    }
}

/// Computes the signature ("Signature v3", steps 1 to 3). The values of signed headers are in lower case.
fn sign(request: &HttpRequest, names: &str, body: &[u8], timestamp: &str, day: &str) -> String {
    let mut text = format!("{}\n/\n{}\n", request.method(), request.query_string());
    for name in names.split(';') {
        text += &format!("{name}:{}\n", header(request, name).trim().to_lowercase());
    }
    text += &format!("\n{names}\n{}", sha256_hex(body));
    let hashed = sha256_hex(text.as_bytes());
    let mut key = format!("TC3{SECRET_KEY}").into_bytes();
    for part in [day, "sms", "tc3_request"] {
        key = hmac_sha256(&key, part);
    }
    hex(&hmac_sha256(&key, &format!("TC3-HMAC-SHA256\n{timestamp}\n{day}/sms/tc3_request\n{hashed}")))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Body {
    phone_number_set: Vec<String>,
    sms_sdk_app_id: String,
    template_id: String,
    #[serde(default)]
    sign_name: String,
    template_param_set: Vec<String>,
    session_context: String,
}

/// Checks the fields: one number; application, signature and template for its country; the values of the template.
fn check_body(body: &[u8]) -> Result<Taken, Rejection> {
    let body: Body = serde_json::from_slice(body).map_err(|_| Rejection::Request("UnknownParameter"))?;
    let [to] = &*body.phone_number_set else { return Err(Rejection::Request("InvalidParameterValue")) };
    let domestic = to.starts_with("+86");
    let (app_id, sign_name) = if domestic { (APP_ID, SIGN_NAME) } else { (INTERNATIONAL_APP_ID, "") };
    if !e164(to) {
        return Err(Rejection::Number("InvalidParameterValue.IncorrectPhoneNumber"));
    }
    if body.sms_sdk_app_id != app_id {
        return Err(Rejection::Request("UnauthorizedOperation.SmsSdkAppIdVerifyFail"));
    }
    if body.sign_name != sign_name {
        return Err(Rejection::Number("FailedOperation.SignatureIncorrectOrUnapproved"));
    }
    if body.session_context.len() >= 512 {
        return Err(Rejection::Request("InvalidParameterValue"));
    }
    let (count, is_valid) = match (&*body.template_id, domestic) {
        (TEMPLATE | DELETION_TEMPLATE, true) | (INTERNATIONAL_TEMPLATE, false) => (2, digits as fn(&str) -> bool),
        (NOTICE_TEMPLATE, true) => (1, masked as fn(&str) -> bool),
        _ => return Err(Rejection::Number("FailedOperation.TemplateIncorrectOrUnapproved")),
    };
    if body.template_param_set.len() != count || !body.template_param_set.iter().all(|value| is_valid(value)) {
        return Err(Rejection::Number("FailedOperation.TemplateParamSetNotMatchApprovedTemplate"));
    }
    let positions = (1..).map(|position: u32| position.to_string());
    Ok(Taken {
        to: to.clone(),
        template: body.template_id,
        signature: body.sign_name,
        values: positions.zip(body.template_param_set).collect(),
        id: body.session_context,
        ..Taken::default()
    })
}
