//! SMS autofill with `client_id`. The tests read the texts at a fake Twilio, a provider with free text.

use crate::server_tests;
use crate::support::twilio::{ACCOUNT_SID, FROM, FakeTwilio, KEY_SECRET, KEY_SID};
use crate::test_server::{BYPASS, BackEnds, PASSWORD, Response, TestServer, fresh_phone};
use crate::users::wait_until;
use doorstep::adapters::system::SystemClock;
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

server_tests!(
    start: super::TwilioServer::start;
    every_message_contains_the_autofill_line_of_the_app,
    an_unknown_app_is_rejected_without_side_effects,
    the_message_is_in_the_language_of_the_request,
);

/// Beginnings of the paths that send a code.
const FLOWS: [&str; 6] = ["register", "login", "password-reset", "account-deletion", "me/phone", "me/deletion"];
/// Texts of a language that is not built in.
const ARABIC: &str = r#"{"ar": {
    "register": "{brand}: رمز التسجيل هو {code}",
    "login": "{brand}: رمز تسجيل الدخول هو {code}",
    "reset_password": "{brand}: رمز إعادة تعيين كلمة المرور هو {code}",
    "change_phone": "{brand}: رمز تغيير الرقم هو {code}",
    "delete_account": "{brand}: رمز حذف الحساب هو {code}",
    "set_password": "{brand}: رمز تعيين كلمة المرور هو {code}",
    "confirm_phone": "{brand}: رمز تأكيد الرقم هو {code}",
    "phone_changed": "{brand}: رقم حسابك الآن هو {phone}"
}}"#;
const COOLDOWN: Duration = Duration::from_secs(10);

/// Service with two client apps, and Twilio as the SMS provider.
struct TwilioServer {
    server: TestServer,
    twilio: FakeTwilio,
    _folder: TempDir,
}

/// User with a session.
struct AppUser {
    phone: String,
    access_token: String,
}

impl TwilioServer {
    async fn start(back_ends: BackEnds) -> Self {
        let twilio = FakeTwilio::start(Arc::new(SystemClock));
        let folder = tempfile::tempdir().unwrap();
        let texts = folder.path().join("texts.json");
        std::fs::write(&texts, ARABIC).unwrap();
        let settings = [
            ("SMS_PROVIDERS", "twilio"),
            ("SMS_TWILIO_BASE_URL", twilio.base_url.as_str()),
            ("SMS_TWILIO_ACCOUNT_SID", ACCOUNT_SID),
            ("SMS_TWILIO_KEY_SID", KEY_SID),
            ("SMS_TWILIO_KEY_SECRET", KEY_SECRET),
            ("SMS_TWILIO_FROM", FROM),
            ("SMS_BRAND", "Acme"),
            ("SMS_TEXTS", texts.to_str().unwrap()),
            ("CLIENT_APPS", "shop-ios=ios:example.com, shop-android=android:FA+9qCX9VSu"),
            // Many messages in a short time.
            ("COOLDOWN_SECONDS", "10"),
            ("LIMIT_PHONE_HOUR", "100"),
            ("LIMIT_PHONE_DAY", "100"),
            ("LIMIT_IP_UNVERIFIED_HOUR", "100"),
        ];
        Self { server: TestServer::with(back_ends, &settings).await, twilio, _folder: folder }
    }

    async fn create_user(&self) -> AppUser {
        let phone = fresh_phone();
        let sent = self.send_code("register", &phone, None, json!(null)).await;
        let (ticket, code) = (sent.text("ticket"), self.next_text(&phone, 0).await.1);
        self.server.verify_code(&ticket, &code).await.assert_status(200);
        self.server.set_password(&ticket).await.assert_status(200);
        let signed_up = self.server.submit_profile(&ticket).await;
        signed_up.assert_status(201);
        self.server.advance(COOLDOWN);
        AppUser { phone, access_token: signed_up.text("access_token") }
    }

    /// Requests a code of a flow, to this phone, for this app.
    async fn send_code(&self, flow: &str, phone: &str, user: Option<&AppUser>, app: Value) -> Response {
        let mut body = match flow {
            "me/deletion" => json!({"client_id": app}),
            "me/phone" => json!({"phone_number": phone, "current_password": PASSWORD, "client_id": app}),
            _ => {
                let captcha = self.server.captcha().await;
                json!({"phone_number": phone, "captcha_id": captcha, "captcha_answer": BYPASS, "client_id": app})
            }
        };
        if body["client_id"].is_null() {
            body.as_object_mut().unwrap().remove("client_id");
        }
        self.call(&format!("/v1/{flow}/send-code"), user, body).await
    }

    async fn call(&self, path: &str, user: Option<&AppUser>, body: Value) -> Response {
        let request = self.server.request(Method::POST, path).json(&body);
        let request = match user {
            Some(user) if path.starts_with("/v1/me/") => request.bearer_auth(&user.access_token),
            _ => request,
        };
        self.server.send(request, path).await
    }

    /// Waits for a text to this phone after the first `before` texts. Returns the text and its code.
    async fn next_text(&self, phone: &str, before: usize) -> (String, String) {
        wait_until("message", || self.twilio.texts_for(phone).len() > before).await;
        let text = self.twilio.texts_for(phone).remove(before);
        let at = text.as_bytes().windows(6).position(|six| six.iter().all(u8::is_ascii_digit)).unwrap();
        let code = text[at..at + 6].to_owned();
        (text, code)
    }
}

/// Number that a flow sends to: the number of the user, or a new one.
fn recipient(flow: &str, user: &AppUser) -> String {
    if ["register", "me/phone"].contains(&flow) { fresh_phone() } else { user.phone.clone() }
}

async fn every_message_contains_the_autofill_line_of_the_app(twilio_server: TwilioServer) {
    let user = twilio_server.create_user().await;
    for flow in FLOWS {
        for app in [json!("shop-ios"), json!("shop-android"), json!(null)] {
            let phone = recipient(flow, &user);
            let before = twilio_server.twilio.texts_for(&phone).len();
            let sent = twilio_server.send_code(flow, &phone, Some(&user), app.clone()).await;
            sent.assert_status(200);
            let (text, code) = twilio_server.next_text(&phone, before).await;
            let line = match app.as_str() {
                Some("shop-ios") => Some(format!("@example.com #{code}")),
                Some(_) => Some("FA+9qCX9VSu".to_owned()),
                None => None,
            };
            assert_eq!(text.lines().nth(1).map(str::to_owned), line, "{flow} for {app}: {text}");
            twilio_server.server.advance(COOLDOWN);
            let again = json!({"ticket": sent.text("ticket")});
            twilio_server.call(&format!("/v1/{flow}/resend-code"), Some(&user), again).await.assert_status(200);
            let text = text.replace("for 5 min", "for 4 min");
            assert_eq!(twilio_server.next_text(&phone, before + 1).await.0, text, "{flow} for {app}");
            twilio_server.server.advance(COOLDOWN);
        }
    }
}

async fn an_unknown_app_is_rejected_without_side_effects(twilio_server: TwilioServer) {
    let user = twilio_server.create_user().await;
    let messages = twilio_server.twilio.stage.requests();
    for flow in FLOWS {
        let phone = recipient(flow, &user);
        for (app, reason) in [
            ("shop-web", "not_allowed"),
            ("SHOP-IOS", "not_allowed"),
            ("", "too_short"),
            (&*"x".repeat(65), "too_long"),
            ("shop ios", "invalid_format"),
            ("shop\n@evil.example #1", "invalid_format"),
            ("店", "invalid_format"),
        ] {
            let response = twilio_server.send_code(flow, &phone, Some(&user), json!(app)).await;
            response.assert_field_error(422, "validation_failed", "client_id", reason);
        }
        let response = twilio_server.send_code(flow, &phone, Some(&user), json!(7)).await;
        response.assert_field_error(400, "malformed_request", "client_id", "invalid_type");
    }
    // Nothing was sent, no cooldown started, and the captcha is not used up.
    let captcha = twilio_server.server.captcha().await;
    let body =
        |app| json!({"phone_number": user.phone, "captcha_id": captcha, "captcha_answer": BYPASS, "client_id": app});
    twilio_server.call("/v1/login/send-code", None, body("shop-web")).await.assert_error(422, "validation_failed");
    assert_eq!(twilio_server.twilio.stage.requests(), messages);
    twilio_server.call("/v1/login/send-code", None, body("shop-ios")).await.assert_status(200);
    twilio_server.next_text(&user.phone, 1).await;
}

async fn the_message_is_in_the_language_of_the_request(twilio_server: TwilioServer) {
    for (accepted, beginning) in [
        ("zh-CN,en;q=0.5", "【Acme】注册验证码"),
        ("fr,en;q=0.5", "Acme: your sign-up code"),
        ("ar-EG", "Acme: رمز التسجيل هو"),
    ] {
        let phone = fresh_phone();
        let captcha = twilio_server.server.captcha().await;
        let body =
            json!({"phone_number": phone, "captcha_id": captcha, "captcha_answer": BYPASS, "client_id": "shop-ios"});
        let path = "/v1/register/send-code";
        let request = twilio_server.server.request(Method::POST, path).header("accept-language", accepted).json(&body);
        twilio_server.server.send(request, path).await.assert_status(200);
        let (text, code) = twilio_server.next_text(&phone, 0).await;
        assert!(text.starts_with(beginning) && text.ends_with(&format!("\n@example.com #{code}")), "{text}");
    }
}
