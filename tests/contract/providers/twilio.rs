//! Twilio: the key, the sender, and the text.

use super::{CODE, Case, GERMAN_PHONE, ID, PHONE, Settings, clock, message, notice, with_text};
use crate::support::provider::Behaviour;
use crate::support::twilio::{ACCOUNT_SID, FROM, FakeTwilio, KEY_SECRET, KEY_SID, SERVICE_SID};
use chrono::TimeDelta;
use doorstep::adapters::sms::Provider;
use doorstep::adapters::sms::twilio::Twilio;
use doorstep::config::BaseUrl;
use doorstep::config::sms::twilio::{self, Sender};
use doorstep::domain::message::Autofill;
use doorstep::ports::SmsError;
use secrecy::SecretString;

pub struct Fake(FakeTwilio);

impl Fake {
    fn settings(&self) -> twilio::Settings {
        twilio::Settings {
            base_url: BaseUrl(self.0.base_url.clone()),
            account_sid: ACCOUNT_SID.to_owned(),
            key_sid: KEY_SID.to_owned(),
            key_secret: SecretString::from(KEY_SECRET.to_owned()),
            sender: Sender::From(FROM.to_owned()),
            timeout: Settings::default().timeout,
        }
    }

    fn with(&self, change: impl FnOnce(&mut twilio::Settings)) -> Twilio {
        let mut settings = self.settings();
        change(&mut settings);
        Twilio::new(settings).unwrap()
    }
}

impl Case for Fake {
    const REJECTS_DUPLICATES: bool = false;
    const SUCCESS_NEEDS_THE_BODY: bool = true;
    const REFUSAL: (&'static str, &'static str) = ("21610", "code 21610");
    const PHONE_LIMITS: &'static [(&'static str, u64)] = &[("14107", 30)];
    const SECRETS: &'static [&'static str] = &[ACCOUNT_SID, KEY_SID, KEY_SECRET];

    fn start() -> Self {
        Self(FakeTwilio::start(clock(TimeDelta::zero())))
    }

    fn provider(&self, settings: Settings) -> Box<dyn Provider> {
        let own = self.settings();
        let twilio_settings = twilio::Settings {
            base_url: settings.base_url.unwrap_or(own.base_url),
            key_secret: SecretString::from(settings.key.unwrap_or(KEY_SECRET).to_owned()),
            timeout: settings.timeout,
            ..own
        };
        Box::new(Twilio::new(twilio_settings).unwrap())
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
async fn the_text_has_the_language_of_the_user_and_ends_with_the_autofill_line() {
    let fake = Fake::start();
    let twilio = fake.with(|_| ());
    let ios = Autofill::Domain("example.com".to_owned());
    let android = Autofill::AppHash("FA+9qCX9VSu".to_owned());
    let content = message(PHONE, ID).content;
    for message in [
        message(GERMAN_PHONE, ID),
        with_text("en", GERMAN_PHONE, content.clone(), Some(&android), ID),
        with_text("zh", PHONE, content, Some(&ios), ID),
        notice(ID),
    ] {
        twilio.send(&message).await.unwrap();
    }
    let english = format!("Acme: your sign-up code is {CODE}, valid for 5 min. Do not share it.");
    let chinese = format!("【Acme】注册验证码{CODE}，5分钟内有效，请勿告知他人。\n@example.com #{CODE}");
    let notice_text = "Acme: your account now has the number +86139****9001. If this was not you, contact us.";
    assert_eq!(fake.0.texts_for(GERMAN_PHONE), [english.clone(), format!("{english}\nFA+9qCX9VSu")]);
    assert_eq!(fake.0.texts_for(PHONE), [&*chinese, notice_text]);
}

#[actix_web::test]
async fn a_number_or_a_messaging_service_is_the_sender() {
    let fake = Fake::start();
    for sender in [Sender::From(FROM.to_owned()), Sender::Service(SERVICE_SID.to_owned())] {
        fake.with(|settings| settings.sender = sender).send(&message(PHONE, ID)).await.unwrap();
    }
    let senders: Vec<_> = fake.0.stage.taken().into_iter().map(|message| message.signature).collect();
    assert_eq!(senders, [FROM, SERVICE_SID]);
}

type Change = fn(&mut twilio::Settings);

#[actix_web::test]
async fn other_keys_accounts_and_senders_are_refused() {
    let fake = Fake::start();
    let cases: [(&str, Change); 4] = [
        ("code 20003", |settings| settings.key_sid = ACCOUNT_SID.to_owned()),
        ("code 20404", |settings| settings.account_sid = "AC1".to_owned()),
        ("code 21603", |settings| settings.sender = Sender::From("+15005550001".to_owned())),
        // The URL of another service: the server responds with 404 and an empty body.
        ("HTTP 404", |settings| settings.base_url.0.set_path("/elsewhere")),
    ];
    for (expected, change) in cases {
        let error = fake.with(change).send(&message(PHONE, ID)).await.unwrap_err();
        assert!(matches!(&error, SmsError::Refused(text) if text.starts_with(expected)), "{expected}: {error}");
    }
    assert_eq!(fake.accepted(), 0);
}
