//! The webhook: a signed request with everything that a program needs to send a message.

use super::{CODE, Case, GERMAN_PHONE, ID, PHONE, Settings, clock, message, notice, pairs, with_text};
use crate::support::provider::{Behaviour, Taken};
use crate::support::webhook::{FakeWebhook, SECRET};
use chrono::TimeDelta;
use doorstep::adapters::sms::Provider;
use doorstep::adapters::sms::webhook::Webhook;
use doorstep::config::sms::webhook::{self, WebhookUrl};
use doorstep::domain::message::Autofill;
use doorstep::ports::SmsError;
use secrecy::SecretString;

pub struct Fake(FakeWebhook);

impl Case for Fake {
    const REJECTS_DUPLICATES: bool = true;
    const SUCCESS_NEEDS_THE_BODY: bool = false;
    const REFUSAL: (&'static str, &'static str) = ("422", "HTTP 422");
    /// Status, and the seconds in the body.
    const PHONE_LIMITS: &'static [(&'static str, u64)] =
        &[("429 600", 600), ("429 0", 1), ("429 90000", 86_400), ("429 -", 3_600)];
    const SECRETS: &'static [&'static str] = &[SECRET, "tenant="];

    fn start() -> Self {
        Self(FakeWebhook::start(clock(TimeDelta::zero())))
    }

    fn provider(&self, settings: Settings) -> Box<dyn Provider> {
        let webhook_settings = webhook::Settings {
            url: WebhookUrl(settings.base_url.map_or_else(|| self.0.url.clone(), |url| url.0)),
            secret: SecretString::from(settings.key.unwrap_or(SECRET).to_owned()),
            timeout: settings.timeout,
        };
        Box::new(Webhook::new(webhook_settings, settings.clock).unwrap())
    }

    fn behave(&self, behaviour: Behaviour) {
        self.0.stage.behave(behaviour);
    }

    fn accepted(&self) -> usize {
        self.0.stage.taken().len()
    }

    fn requests(&self) -> usize {
        self.0.stage.requests()
    }
}

#[actix_web::test]
async fn the_text_and_its_values_are_sent() {
    let fake = Fake::start();
    let webhook = fake.provider(Settings::default());
    let ios = Autofill::Domain("example.com".to_owned());
    let chinese = with_text("zh", PHONE, message(PHONE, ID).content, Some(&ios), ID);
    for message in [chinese, message(GERMAN_PHONE, "1"), notice("2")] {
        webhook.send(&message).await.unwrap();
    }
    let accepted = |to: &str, template: &str, text: &str, values: &[(&str, &str)], id: &str| Taken {
        to: to.to_owned(),
        template: template.to_owned(),
        text: text.to_owned(),
        values: pairs(values),
        id: id.to_owned(),
        ..Taken::default()
    };
    let chinese = format!("【Acme】注册验证码{CODE}，5分钟内有效，请勿告知他人。\n@example.com #{CODE}");
    let english = format!("Acme: your sign-up code is {CODE}, valid for 5 min. Do not share it.");
    let notice_text = "Acme: your account now has the number +86139****9001. If this was not you, contact us.";
    let code = [("code", CODE), ("minutes", "5")];
    let expected = [
        accepted(PHONE, "CN zh-CN register", &chinese, &code, ID),
        accepted(GERMAN_PHONE, "DE en register", &english, &code, "1"),
        accepted(PHONE, "CN en phone_changed", notice_text, &[("phone", "+86139****9001")], "2"),
    ];
    assert_eq!(fake.0.stage.taken(), expected);
}

/// The body has no other meaning. Status 408 can come from a proxy that timed out while the program continued.
#[actix_web::test]
async fn only_the_status_decides_whether_a_message_was_sent() {
    let fake = Fake::start();
    let webhook = fake.provider(Settings::default());
    fake.behave(Behaviour::Garbage);
    webhook.send(&message(PHONE, ID)).await.unwrap();
    for (status, is_refusal) in [
        ("400", true),
        ("404", true),
        ("429", true),
        ("400 600", true),
        ("408", false),
        ("500", false),
        ("503 600", false),
    ] {
        fake.behave(Behaviour::Refuse(status));
        let error = webhook.send(&message(PHONE, status)).await.unwrap_err();
        assert_eq!(matches!(error, SmsError::Refused(_)), is_refusal, "{status}: {error}");
        assert_eq!(matches!(error, SmsError::NoAnswer(_)), !is_refusal, "{status}: {error}");
    }
}
