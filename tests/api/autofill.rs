//! `client_id`: messages that a phone reads by itself. The texts are read where they arrive, at a provider with free text.

use crate::people::until;
use crate::support::twilio::{ACCOUNT_SID, FROM, FakeTwilio, KEY_SECRET, KEY_SID};
use crate::test_server::{Answer, BYPASS, BackEnds, PASSWORD, TestServer, fresh_phone};
use doorstep::adapters::system::SystemClock;
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Makes two tests out of each function.
macro_rules! over_both {
    ($($test:ident),+ $(,)?) => {
        mod embedded {
            $(#[actix_web::test]
            async fn $test() { super::$test(super::Shop::open(super::BackEnds::Embedded).await).await; })+
        }
        mod real {
            $(#[actix_web::test]
            async fn $test() { super::$test(super::Shop::open(super::BackEnds::Real).await).await; })+
        }
    };
}

over_both!(
    every_flow_carries_the_line_of_the_app_and_so_does_its_resend,
    an_app_that_is_not_known_is_refused_before_anything_happens,
    the_reader_chooses_the_language,
);

/// Every endpoint that sends a code begins with one of these.
const FLOWS: [&str; 6] = ["register", "login", "password-reset", "account-deletion", "me/phone", "me/deletion"];
const COOLDOWN: Duration = Duration::from_secs(10);

/// A house with two apps, whose messages Twilio carries.
struct Shop {
    server: TestServer,
    twilio: FakeTwilio,
}

/// Somebody who is signed in.
struct Customer {
    phone: String,
    access: String,
}

impl Shop {
    async fn open(back_ends: BackEnds) -> Self {
        let twilio = FakeTwilio::start(Arc::new(SystemClock));
        let settings = [
            ("SMS_PROVIDERS", "twilio"),
            ("SMS_TWILIO_BASE_URL", twilio.base_url.as_str()),
            ("SMS_TWILIO_ACCOUNT_SID", ACCOUNT_SID),
            ("SMS_TWILIO_KEY_SID", KEY_SID),
            ("SMS_TWILIO_KEY_SECRET", KEY_SECRET),
            ("SMS_TWILIO_FROM", FROM),
            ("SMS_BRAND", "Acme"),
            ("CLIENT_APPS", "shop-ios=ios:example.com, shop-android=android:FA+9qCX9VSu"),
            // Many messages in a short time.
            ("COOLDOWN_SECONDS", "10"),
            ("LIMIT_PHONE_HOUR", "100"),
            ("LIMIT_PHONE_DAY", "100"),
            ("LIMIT_IP_UNVERIFIED_HOUR", "100"),
        ];
        Self { server: TestServer::with(back_ends, &settings).await, twilio }
    }

    async fn customer(&self) -> Customer {
        let phone = fresh_phone();
        let sent = self.ask("register", &phone, None, json!(null)).await;
        let (ticket, code) = (sent.text("ticket"), self.next_text(&phone, 0).await.1);
        self.server.verify(&ticket, &code).await.assert_done(200);
        self.server.set_password(&ticket).await.assert_done(200);
        let signed_up = self.server.submit(&ticket).await;
        signed_up.assert_done(201);
        self.server.advance(COOLDOWN);
        Customer { phone, access: signed_up.text("access_token") }
    }

    /// `send-code` of a flow, to this phone, for this app.
    async fn ask(&self, flow: &str, phone: &str, customer: Option<&Customer>, app: Value) -> Answer {
        let body = match flow {
            "me/deletion" => json!({"client_id": app}),
            "me/phone" => json!({"phone_number": phone, "current_password": PASSWORD, "client_id": app}),
            _ => {
                let captcha = self.server.captcha().await;
                json!({"phone_number": phone, "captcha_id": captcha, "captcha_answer": BYPASS, "client_id": app})
            }
        };
        self.call(&format!("/v1/{flow}/send-code"), customer, body).await
    }

    async fn call(&self, path: &str, customer: Option<&Customer>, body: Value) -> Answer {
        let request = self.server.request(Method::POST, path).json(&body);
        let request = match customer {
            Some(customer) if path.starts_with("/v1/me/") => request.bearer_auth(&customer.access),
            _ => request,
        };
        self.server.send(request, path).await
    }

    /// The text that comes after the first so many to a phone, and the code in it.
    async fn next_text(&self, phone: &str, before: usize) -> (String, String) {
        until("a message", || self.twilio.texts_for(phone).len() > before).await;
        let text = self.twilio.texts_for(phone).remove(before);
        let at = text.as_bytes().windows(6).position(|six| six.iter().all(u8::is_ascii_digit)).unwrap();
        let code = text[at..at + 6].to_owned();
        (text, code)
    }
}

/// The number that a flow sends to: one's own, or a new one.
fn recipient(flow: &str, customer: &Customer) -> String {
    if ["register", "me/phone"].contains(&flow) { fresh_phone() } else { customer.phone.clone() }
}

async fn every_flow_carries_the_line_of_the_app_and_so_does_its_resend(shop: Shop) {
    let customer = shop.customer().await;
    for flow in FLOWS {
        for app in [json!("shop-ios"), json!("shop-android"), json!(null)] {
            let phone = recipient(flow, &customer);
            let before = shop.twilio.texts_for(&phone).len();
            let sent = shop.ask(flow, &phone, Some(&customer), app.clone()).await;
            sent.assert_done(200);
            let (text, code) = shop.next_text(&phone, before).await;
            let line = match app.as_str() {
                Some("shop-ios") => Some(format!("@example.com #{code}")),
                Some(_) => Some("FA+9qCX9VSu".to_owned()),
                None => None,
            };
            assert_eq!(text.lines().nth(1).map(str::to_owned), line, "{flow} for {app}: {text}");
            shop.server.advance(COOLDOWN);
            let again = json!({"ticket": sent.text("ticket")});
            shop.call(&format!("/v1/{flow}/resend-code"), Some(&customer), again).await.assert_done(200);
            let text = text.replace("for 5 min", "for 4 min");
            assert_eq!(shop.next_text(&phone, before + 1).await.0, text, "{flow} for {app}");
            shop.server.advance(COOLDOWN);
        }
    }
}

async fn an_app_that_is_not_known_is_refused_before_anything_happens(shop: Shop) {
    let customer = shop.customer().await;
    let messages = shop.twilio.stage.requests();
    for flow in FLOWS {
        let phone = recipient(flow, &customer);
        for (app, why) in [
            ("shop-web", "not_allowed"),
            ("SHOP-IOS", "not_allowed"),
            ("", "too_short"),
            (&*"x".repeat(65), "too_long"),
            ("shop ios", "invalid_format"),
            ("shop\n@evil.example #1", "invalid_format"),
            ("店", "invalid_format"),
        ] {
            let answer = shop.ask(flow, &phone, Some(&customer), json!(app)).await;
            answer.assert_field(422, "validation_failed", "client_id", why);
        }
        let answer = shop.ask(flow, &phone, Some(&customer), json!(7)).await;
        answer.assert_field(400, "malformed_request", "client_id", "invalid_type");
    }
    // Nothing was sent, no cooldown began, and a captcha can still be tried.
    let captcha = shop.server.captcha().await;
    let body = |app| json!({"phone_number": customer.phone, "captcha_id": captcha, "captcha_answer": BYPASS, "client_id": app});
    shop.call("/v1/login/send-code", None, body("shop-web")).await.assert_refused(422, "validation_failed");
    assert_eq!(shop.twilio.stage.requests(), messages);
    shop.call("/v1/login/send-code", None, body("shop-ios")).await.assert_done(200);
    shop.next_text(&customer.phone, 1).await;
}

async fn the_reader_chooses_the_language(shop: Shop) {
    for (accepted, beginning) in [("zh-CN,en;q=0.5", "【Acme】注册验证码"), ("fr,en;q=0.5", "Acme: your sign-up code")]
    {
        let phone = fresh_phone();
        let captcha = shop.server.captcha().await;
        let body =
            json!({"phone_number": phone, "captcha_id": captcha, "captcha_answer": BYPASS, "client_id": "shop-ios"});
        let path = "/v1/register/send-code";
        let request = shop.server.request(Method::POST, path).header("accept-language", accepted).json(&body);
        shop.server.send(request, path).await.assert_done(200);
        let (text, code) = shop.next_text(&phone, 0).await;
        assert!(text.starts_with(beginning) && text.ends_with(&format!("\n@example.com #{code}")), "{text}");
    }
}
