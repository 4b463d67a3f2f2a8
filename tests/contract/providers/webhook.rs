//! The webhook: everything that a program needs to send a message, signed.

use super::{ABROAD, CODE, Case, ID, PHONE, Settings, clock, message, notice, pairs};
use crate::support::provider::{Behaviour, Taken};
use crate::support::webhook::{FakeWebhook, SECRET};
use chrono::TimeDelta;
use doorstep::adapters::sms::Provider;
use doorstep::adapters::sms::webhook::{self, Webhook};
use doorstep::domain::language::Language;
use doorstep::domain::message::Autofill;
use doorstep::domain::webhook::WebhookSecret;
use doorstep::ports::{Message, SmsError};

pub struct Fake(FakeWebhook);

impl Case for Fake {
    const TELLS_REPETITIONS: bool = true;
    const SAYS_YES_IN_WORDS: bool = false;
    const REFUSAL: (&'static str, &'static str) = ("422", "HTTP 422");
    const SECRETS: &'static [&'static str] = &[SECRET, "tenant="];

    fn start() -> Self {
        Self(FakeWebhook::start(clock(TimeDelta::zero())))
    }

    fn provider(&self, settings: Settings) -> Box<dyn Provider> {
        let of_webhook = webhook::Settings {
            url: settings.base_url.unwrap_or_else(|| self.0.url.clone()),
            secret: WebhookSecret::parse(settings.key.unwrap_or(SECRET)).unwrap(),
            brand: "Acme".to_owned(),
            timeout: settings.timeout,
        };
        Box::new(Webhook::new(of_webhook, settings.clock).unwrap())
    }

    fn behave(&self, behaviour: Behaviour) {
        self.0.stage.behave(behaviour);
    }

    fn taken(&self) -> usize {
        self.0.stage.taken().len()
    }

    fn requests(&self) -> usize {
        self.0.stage.requests()
    }
}

#[actix_web::test]
async fn words_and_values_arrive() {
    let fake = Fake::start();
    let webhook = fake.provider(Settings::default());
    let ios = Some(Autofill::Domain("example.com".to_owned()));
    let chinese = Message { language: Language::Chinese, autofill: ios, ..message(PHONE, ID) };
    for message in [chinese, message(ABROAD, "1"), notice("2")] {
        webhook.send(&message).await.unwrap();
    }
    let taken = |to: &str, template: &str, text: &str, values: &[(&str, &str)], id: &str| Taken {
        to: to.to_owned(),
        template: template.to_owned(),
        text: text.to_owned(),
        values: pairs(values),
        id: id.to_owned(),
        ..Taken::default()
    };
    let chinese = format!("【Acme】注册验证码{CODE}，5分钟内有效，请勿告知他人。\n@example.com #{CODE}");
    let english = format!("Acme: your sign-up code is {CODE}, valid for 5 min. Tell it to nobody.");
    let told = "Acme: your account now has the number +86139****9001. If that was not you, contact us.";
    let code = [("code", CODE), ("minutes", "5")];
    let expected = [
        taken(PHONE, "CN zh-CN register", &chinese, &code, ID),
        taken(ABROAD, "DE en register", &english, &code, "1"),
        taken(PHONE, "CN en phone_changed", told, &[("phone", "+86139****9001")], "2"),
    ];
    assert_eq!(fake.0.stage.taken(), expected);
}

/// Its words do not matter, its status does: 408 may come of a proxy that gave up while the program went on.
#[actix_web::test]
async fn the_status_decides() {
    let fake = Fake::start();
    let webhook = fake.provider(Settings::default());
    fake.behave(Behaviour::Garbage);
    webhook.send(&message(PHONE, ID)).await.unwrap();
    for (status, sure) in [("400", true), ("404", true), ("429", true), ("408", false), ("500", false), ("503", false)]
    {
        fake.behave(Behaviour::Refuse(status));
        let failure = webhook.send(&message(PHONE, status)).await.unwrap_err();
        assert_eq!(matches!(failure, SmsError::Refused(_)), sure, "{status}: {failure}");
        assert_eq!(matches!(failure, SmsError::NoAnswer(_)), !sure, "{status}: {failure}");
    }
}
