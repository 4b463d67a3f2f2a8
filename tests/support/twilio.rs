//! Fake Twilio: checks the account, the key and every field of a message like the provider.

use super::fake_server::FakeServer;
use super::provider::{ResponseFormat, Stage, Taken, e164, header};
use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use base64::{Engine, prelude::BASE64_STANDARD};
use doorstep::ports::Clock;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use url::Url;
use url::form_urlencoded::parse;

pub const ACCOUNT_SID: &str = "ACfa4e0000000000000000000000000001";
pub const KEY_SID: &str = "SKfa4e0000000000000000000000000002";
pub const KEY_SECRET: &str = "FakeSecretOfTheTests000000000003";
pub const FROM: &str = "+15005550006";
pub const SERVICE_SID: &str = "MGfa4e0000000000000000000000000004";

/// Server that runs until it is dropped.
pub struct FakeTwilio {
    pub base_url: Url,
    pub stage: Arc<Stage>,
    _server: FakeServer,
}

impl FakeTwilio {
    pub fn start(clock: Arc<dyn Clock>) -> Self {
        let stage = Stage::new(clock);
        let shared = web::Data::from(Arc::clone(&stage));
        let served = FakeServer::start(move |routes| {
            let path = "/2010-04-01/Accounts/{account}/Messages.json";
            routes.app_data(shared.clone()).route(path, web::post().to(messages));
        });
        Self { base_url: served.url.clone(), stage, _server: served }
    }

    /// Texts to this phone (E.164), in order.
    pub fn texts_for(&self, phone: &str) -> Vec<String> {
        self.stage.taken().into_iter().filter(|taken| taken.to == phone).map(|taken| taken.text).collect()
    }
}

const RESPONSE_FORMAT: ResponseFormat = ResponseFormat {
    status: StatusCode::CREATED,
    success: concat!(
        r#"{"sid":"SMfa4e0000000000000000000000000005","status":"queued","#,
        r#""error_code":null,"error_message":null}"#,
    ),
    refuse: |code, text| refuse(400, code.parse().unwrap(), text),
};

/// HTTP status, error code and text.
type Rejection = (u16, u32, &'static str);

async fn messages(request: HttpRequest, body: Bytes, stage: web::Data<Stage>) -> HttpResponse {
    let behaviour = stage.enter();
    match check_envelope(&request).and_then(|()| check_form(&body)) {
        Ok(message) => RESPONSE_FORMAT.respond(behaviour, &request, message, &stage).await,
        Err((status, code, text)) => refuse(status, code, text),
    }
}

fn refuse(status: u16, code: u32, text: &str) -> HttpResponse {
    let more = format!("https://www.twilio.com/docs/errors/{code}");
    let body = json!({ "code": code, "message": text, "more_info": more, "status": status });
    HttpResponse::build(StatusCode::from_u16(status).unwrap()).json(body)
}

fn check_envelope(request: &HttpRequest) -> Result<(), Rejection> {
    let credentials = BASE64_STANDARD.encode(format!("{KEY_SID}:{KEY_SECRET}"));
    if header(request, "authorization") != format!("Basic {credentials}") {
        return Err((401, 20003, "Authenticate"));
    }
    if request.match_info().get("account") != Some(ACCOUNT_SID) {
        return Err((404, 20404, "The requested resource was not found"));
    }
    if header(request, "content-type") != "application/x-www-form-urlencoded" {
        return Err((400, 20001, "Bad Request"));
    }
    Ok(())
}

/// Checks the recipient, the text and the sender.
fn check_form(body: &[u8]) -> Result<Taken, Rejection> {
    let pairs: Vec<(String, String)> = parse(body).into_owned().collect();
    let form: BTreeMap<&str, &str> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let field = |name: &str| form.get(name).copied().unwrap_or_default();
    if pairs.len() != 3 || form.len() != 3 {
        return Err((400, 20001, "a field is missing, unknown or duplicated"));
    }
    if !e164(field("To")) {
        return Err((400, 21211, "The 'To' number is not a valid phone number."));
    }
    let sender = match (field("From"), field("MessagingServiceSid")) {
        ("", SERVICE_SID) => SERVICE_SID,
        (FROM, "") => FROM,
        _ => return Err((400, 21603, "A 'From' phone number is required.")),
    };
    if !(1..=1_600).contains(&field("Body").chars().count()) {
        return Err((400, 21602, "Message body is required."));
    }
    let (to, text, signature) = (field("To").to_owned(), field("Body").to_owned(), sender.to_owned());
    Ok(Taken { to, text, signature, ..Taken::default() })
}
