//! Fake Cloopen (Yuntongxun): an HTTP server that checks every request as strictly as the provider does.

use super::fake_server::FakeServer;
use super::provider::{BrokenBody, masked, with_status_500};
use actix_web::http::header::HeaderMap;
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{NaiveDateTime, TimeDelta};
use doorstep::ports::Clock;
use md5::{Digest, Md5};
use serde::Deserialize;
use serde_json::json;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use url::Url;

pub use super::provider::Behaviour;

pub const ACCOUNT_SID: &str = "8a216da85c62c9ad015c8f1fa4fe1a2b";
pub const AUTH_TOKEN: &str = "c5a3f8f1b9d24e7f8a6b0d1e2f3a4b5c";
pub const APP_ID: &str = "8a216da85c62c9ad015c8f1fa55d1a2f";
/// Template with a code and its minutes.
pub const TEMPLATE_ID: &str = "1";
/// Template with a masked number.
pub const NOTICE_TEMPLATE_ID: &str = "2";
/// Notice of a password change.
pub const CHANGED_TEMPLATE_ID: &str = "4";
/// Notice of a password reset.
pub const RESET_TEMPLATE_ID: &str = "5";
pub const DELETION_TEMPLATE_ID: &str = "3";

/// Maximum difference between the time of a request and of this server.
const TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// Accepted message with a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Number as in the request: `13800138000`, `004915123456789`.
    pub to: String,
    pub template_id: String,
    pub code: String,
    pub minutes: String,
    pub req_id: String,
}

/// Server that runs until it is dropped.
pub struct FakeCloopen {
    pub base_url: Url,
    state: Arc<State>,
    _server: FakeServer,
}

struct State {
    clock: Arc<dyn Clock>,
    behaviour: Mutex<Behaviour>,
    requests: AtomicUsize,
    inbox: Mutex<Inbox>,
}

#[derive(Default)]
struct Inbox {
    ids: HashSet<String>,
    codes: HashMap<String, Vec<Accepted>>,
    notices: HashMap<String, Vec<String>>,
}

impl FakeCloopen {
    /// Starts the server on a free port, in a separate thread. It compares the time of a request with `clock`.
    pub fn start(clock: Arc<dyn Clock>) -> Self {
        let state = Arc::new(State {
            clock,
            behaviour: Mutex::new(Behaviour::Accept),
            requests: AtomicUsize::new(0),
            inbox: Mutex::default(),
        });
        let shared = web::Data::from(Arc::clone(&state));
        let served = FakeServer::start(move |routes| {
            let path = "/2013-12-26/Accounts/{account}/SMS/TemplateSMS";
            routes.app_data(shared.clone()).route(path, web::post().to(template_sms));
        });
        Self { base_url: served.url.clone(), state, _server: served }
    }

    /// Sets the behaviour from the next request on.
    pub fn behave(&self, behaviour: Behaviour) {
        *self.state.behaviour.lock().unwrap() = behaviour;
    }

    /// Accepted messages with a code to this phone (E.164), in order.
    pub fn messages_for(&self, phone: &str) -> Vec<Accepted> {
        self.state.inbox.lock().unwrap().codes.get(phone).cloned().unwrap_or_default()
    }

    /// Notices to this phone (E.164), in order: the masked new number, or the template of a notice without values.
    pub fn notices_for(&self, phone: &str) -> Vec<String> {
        self.state.inbox.lock().unwrap().notices.get(phone).cloned().unwrap_or_default()
    }

    /// Code of the last message to this phone (E.164).
    pub fn code_for(&self, phone: &str) -> Option<String> {
        Some(self.state.inbox.lock().unwrap().codes.get(phone)?.last()?.code.clone())
    }

    /// Number of accepted messages.
    pub fn accepted(&self) -> usize {
        self.state.inbox.lock().unwrap().ids.len()
    }

    /// Number of all requests, with any result.
    pub fn requests(&self) -> usize {
        self.state.requests.load(Ordering::SeqCst)
    }
}

const SUCCESS: &str = r#"{"statusCode":"000000"}"#;

/// `statusCode` of the provider, and its text.
type Rejection = (&'static str, &'static str);

#[derive(Deserialize)]
struct Query {
    sig: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    to: String,
    app_id: String,
    template_id: String,
    datas: Vec<String>,
    req_id: String,
}

async fn template_sms(request: HttpRequest, body: Bytes, state: web::Data<State>) -> HttpResponse {
    // Read before the count: a test that waits for the count can then change the behaviour of the next request.
    let behaviour = *state.behaviour.lock().unwrap();
    state.requests.fetch_add(1, Ordering::SeqCst);
    let body = match check_envelope(&request, &state).and_then(|()| check_body(&body)) {
        Ok(body) => body,
        Err((code, text)) => return refuse(code, text),
    };
    match behaviour {
        Behaviour::Accept => accept(body, &state),
        Behaviour::Refuse(code) => refuse(code, &format!("【短信】{} {:?} {}", body.to, body.datas, request.uri())),
        Behaviour::Hang => std::future::pending().await,
        Behaviour::Garbage => HttpResponse::Ok().content_type("text/html").body("<html>运营商劫持</html>"),
        Behaviour::ServerError => HttpResponse::InternalServerError().body(SUCCESS),
        Behaviour::Crash(code) => with_status_500(refuse(code, "")),
        Behaviour::Huge => HttpResponse::Ok().body(format!("{}{SUCCESS}", " ".repeat(1_000_000))),
        Behaviour::Redirect => {
            HttpResponse::TemporaryRedirect().insert_header(("Location", request.uri().to_string())).finish()
        }
        Behaviour::Drop => HttpResponse::Ok().body(BrokenBody),
    }
}

fn refuse(code: &str, text: &str) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "statusCode": code, "statusMsg": text }))
}

fn accept(mut body: Body, state: &State) -> HttpResponse {
    let mut inbox = state.inbox.lock().unwrap();
    if !inbox.ids.insert(body.req_id.clone()) {
        return refuse("160054", "【短信】请求重复");
    }
    let phone = match body.to.strip_prefix("00") {
        Some(international) => format!("+{international}"),
        None => format!("+86{}", body.to),
    };
    let sid = body.req_id.clone();
    match <[String; 2]>::try_from(std::mem::take(&mut body.datas)) {
        Ok([code, minutes]) => {
            let Body { to, template_id, req_id, .. } = body;
            let message = Accepted { to, template_id, code, minutes, req_id };
            inbox.codes.entry(phone).or_default().push(message);
        }
        Err(values) => {
            let notice = values.into_iter().next().unwrap_or(body.template_id);
            inbox.notices.entry(phone).or_default().push(notice);
        }
    }
    let sms = json!({ "smsMessageSid": sid, "dateCreated": china_time(state).format("%Y%m%d%H%M%S").to_string() });
    HttpResponse::Ok().json(json!({ "statusCode": "000000", "templateSMS": sms }))
}

fn china_time(state: &State) -> NaiveDateTime {
    state.clock.now().naive_utc() + TimeDelta::hours(8)
}

/// Checks everything except the body: account, headers, time and signature.
fn check_envelope(request: &HttpRequest, state: &State) -> Result<(), Rejection> {
    if request.match_info().get("account") != Some(ACCOUNT_SID) {
        return Err(("111141", "主账户不存在"));
    }
    let headers = request.headers();
    if header(headers, "accept") != "application/json"
        || header(headers, "content-type") != "application/json;charset=utf-8"
    {
        return Err(("111100", "请求头有误"));
    }
    let authorization = header(headers, "authorization");
    if authorization.is_empty() {
        return Err(("161101", "请求包头Authorization参数为空"));
    }
    let decoded = BASE64_STANDARD.decode(authorization).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let decoded = decoded.ok_or(("161102", "请求包头Authorization参数Base64解码失败"))?;
    let timestamp = decoded
        .strip_prefix(ACCOUNT_SID)
        .and_then(|rest| rest.strip_prefix(':'))
        .ok_or(("161103", "请求包头Authorization参数解码后格式有误"))?;
    let time = NaiveDateTime::parse_from_str(timestamp, "%Y%m%d%H%M%S")
        .map_err(|_| ("161108", "请求包头Authorization参数解码后时间戳格式有误"))?;
    if (china_time(state) - time).abs() > TOLERANCE {
        return Err(("161106", "请求包头Authorization参数解码后时间戳过期"));
    }
    let expected: String =
        Md5::digest(format!("{ACCOUNT_SID}{AUTH_TOKEN}{timestamp}")).iter().map(|byte| format!("{byte:02X}")).collect();
    match web::Query::<Query>::from_query(request.query_string()) {
        Ok(query) if query.sig == expected => Ok(()),
        _ => Err(("111109", "请求地址Sig校验失败")),
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Checks the number of values and the kind of each, by the template.
fn check_values(template_id: &str, values: &[String]) -> Result<(), Rejection> {
    let digits = |value: &String| !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let (count, valid) = match template_id {
        TEMPLATE_ID | DELETION_TEMPLATE_ID => (2, values.iter().all(digits)),
        NOTICE_TEMPLATE_ID => (1, values.iter().all(|value| masked(value))),
        CHANGED_TEMPLATE_ID | RESET_TEMPLATE_ID => (0, true),
        _ => return Err(("160032", "【短信】短信模板无效")),
    };
    if values.len() != count {
        Err(("160031", "【短信】参数解析失败"))
    } else if !valid {
        Err(("160052", "【短信】模板变量格式有误"))
    } else {
        Ok(())
    }
}

/// Checks the fields, the id, the phone number and the values of the template.
fn check_body(body: &[u8]) -> Result<Body, Rejection> {
    let body: Body = serde_json::from_slice(body).map_err(|_| ("160031", "【短信】参数解析失败"))?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let chinese = body.to.len() == 11 && body.to.starts_with('1');
    let foreign = (8..=17).contains(&body.to.len()) && body.to.starts_with("00") && !body.to.starts_with("0086");
    if body.app_id != APP_ID {
        Err(("112353", "【短信】应用不属于该主账号"))
    } else if !digits(&body.to) || !(chinese || foreign) {
        Err(("160042", "【短信】号码格式有误"))
    } else if body.req_id.is_empty()
        || body.req_id.len() > 32
        || !body.req_id.bytes().all(|b| b.is_ascii_alphanumeric())
    {
        Err(("160055", "【短信】请求reqId超长"))
    } else {
        check_values(&body.template_id, &body.datas).map(|()| body)
    }
}
