//! A Tencent Cloud SMS service of our own: checks the TC3 signature and each field as the provider does.

use super::provider::{Stage, Taken, Tongue, digits, e164, header, hex, hmac_sha256, masked, sha256_hex};
use super::served::Served;
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
/// Of messages abroad.
pub const INTERNATIONAL_APP_ID: &str = "1400007777";
pub const REGION: &str = "ap-guangzhou";
pub const SIGN_NAME: &str = "小店";
/// Takes a code and its minutes.
pub const TEMPLATE: &str = "1110";
/// The same, for numbers abroad.
pub const INTERNATIONAL_TEMPLATE: &str = "2110";
pub const DELETION_TEMPLATE: &str = "1111";
/// Takes a masked number.
pub const NOTICE_TEMPLATE: &str = "1112";

/// "Timestamp 和服务器时间相差不得超过五分钟" (AuthFailure.SignatureExpire).
const TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// Runs until it is dropped.
pub struct FakeTencent {
    pub base_url: Url,
    pub stage: Arc<Stage>,
    _served: Served,
}

impl FakeTencent {
    pub fn start(clock: Arc<dyn Clock>) -> Self {
        let stage = Stage::new(clock);
        let shared = web::Data::from(Arc::clone(&stage));
        let served = Served::start(move |routes| {
            routes.app_data(shared.clone()).route("/", web::post().to(send_sms));
        });
        Self { base_url: served.url.clone(), stage, _served: served }
    }
}

const TONGUE: Tongue = Tongue {
    status: StatusCode::OK,
    success: r#"{"Response":{"SendStatusSet":[{"SerialNo":"5000:1045710669157053657849499619","PhoneNumber":"+8618511122233","Fee":1,"SessionContext":"test","Code":"Ok","Message":"send success","IsoCode":"CN"}],"RequestId":"a0aabda6"}}"#,
    refuse: refuse_number,
};

/// Of the request as a whole, or of the one number in it.
enum Refusal {
    Request(&'static str),
    Number(&'static str),
}

async fn send_sms(request: HttpRequest, body: Bytes, stage: web::Data<Stage>) -> HttpResponse {
    let behaviour = stage.enter();
    match check_envelope(&request, &body, &stage).and_then(|()| check_body(&body)) {
        Ok(message) => TONGUE.answer(behaviour, &request, message, &stage).await,
        Err(Refusal::Number(code)) => refuse_number(code, "refused"),
        Err(Refusal::Request(code)) => {
            let error = json!({ "Code": code, "Message": "The provided credentials could not be validated." });
            HttpResponse::Ok().json(json!({ "Response": { "Error": error, "RequestId": "ed93f3cb" } }))
        }
    }
}

fn refuse_number(code: &str, text: &str) -> HttpResponse {
    let status = json!({ "SerialNo": "", "PhoneNumber": "", "Fee": 0, "Code": code, "Message": text, "IsoCode": "" });
    HttpResponse::Ok().json(json!({ "Response": { "SendStatusSet": [status], "RequestId": "a0aabda6" } }))
}

fn check_envelope(request: &HttpRequest, body: &Bytes, stage: &Stage) -> Result<(), Refusal> {
    for (name, right, code) in [
        ("x-tc-action", "SendSms", "InvalidAction"),
        ("x-tc-version", "2021-01-11", "NoSuchVersion"),
        ("x-tc-region", REGION, "UnsupportedRegion"),
        ("content-type", "application/json; charset=utf-8", "InvalidParameter"),
    ] {
        if header(request, name) != right {
            return Err(Refusal::Request(code));
        }
    }
    let timestamp = header(request, "x-tc-timestamp");
    let time = timestamp.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let time = time.ok_or(Refusal::Request("InvalidParameter"))?;
    if !stage.is_now(time, TOLERANCE) {
        return Err(Refusal::Request("AuthFailure.SignatureExpire"));
    }
    let day = time.format("%Y-%m-%d").to_string();
    let credential = header(request, "authorization")
        .strip_prefix("TC3-HMAC-SHA256 Credential=")
        .ok_or(Refusal::Request("AuthFailure.InvalidAuthorization"))?;
    let rest = credential
        .strip_prefix(&format!("{SECRET_ID}/{day}/sms/tc3_request, SignedHeaders="))
        .ok_or(Refusal::Request("AuthFailure.SecretIdNotFound"))?;
    let signed = "content-type;host;x-tc-action";
    let signature = rest
        .strip_prefix(&format!("{signed}, Signature="))
        .ok_or(Refusal::Request("AuthFailure.InvalidAuthorization"))?;
    if signature == sign(request, signed, body, timestamp, &day) {
        Ok(())
    } else {
        Err(Refusal::Request("AuthFailure.SignatureFailure"))
    }
}

/// "Signature v3", steps 1 to 3. The values of signed headers are in lower case.
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

/// One number; application, signature and template of its side of the border; as many values as the template has.
fn check_body(body: &[u8]) -> Result<Taken, Refusal> {
    let body: Body = serde_json::from_slice(body).map_err(|_| Refusal::Request("UnknownParameter"))?;
    let [to] = &*body.phone_number_set else { return Err(Refusal::Request("InvalidParameterValue")) };
    let domestic = to.starts_with("+86");
    let (app_id, sign_name) = if domestic { (APP_ID, SIGN_NAME) } else { (INTERNATIONAL_APP_ID, "") };
    if !e164(to) {
        return Err(Refusal::Number("InvalidParameterValue.IncorrectPhoneNumber"));
    }
    if body.sms_sdk_app_id != app_id {
        return Err(Refusal::Request("UnauthorizedOperation.SmsSdkAppIdVerifyFail"));
    }
    if body.sign_name != sign_name {
        return Err(Refusal::Number("FailedOperation.SignatureIncorrectOrUnapproved"));
    }
    if body.session_context.len() >= 512 {
        return Err(Refusal::Request("InvalidParameterValue"));
    }
    let (wanted, right) = match (&*body.template_id, domestic) {
        (TEMPLATE | DELETION_TEMPLATE, true) | (INTERNATIONAL_TEMPLATE, false) => (2, digits as fn(&str) -> bool),
        (NOTICE_TEMPLATE, true) => (1, masked as fn(&str) -> bool),
        _ => return Err(Refusal::Number("FailedOperation.TemplateIncorrectOrUnapproved")),
    };
    if body.template_param_set.len() != wanted || !body.template_param_set.iter().all(|value| right(value)) {
        return Err(Refusal::Number("FailedOperation.TemplateParamSetNotMatchApprovedTemplate"));
    }
    let places = (1..).map(|place: u32| place.to_string());
    Ok(Taken {
        to: to.clone(),
        template: body.template_id,
        signature: body.sign_name,
        values: places.zip(body.template_param_set).collect(),
        id: body.session_context,
        ..Taken::default()
    })
}
