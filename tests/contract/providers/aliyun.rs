//! Aliyun: the signature, the names of the variables, and the meaning of its errors.

use super::{CODE, Case, GERMAN_PHONE, ID, PHONE, Settings, clock, message, notice, pairs, templates};
use crate::support::aliyun::{DELETION_TEMPLATE, FakeAliyun, KEY_ID, KEY_SECRET, NOTICE_TEMPLATE, SIGN_NAME, TEMPLATE};
use crate::support::provider::{Behaviour, Taken};
use chrono::TimeDelta;
use doorstep::adapters::sms::Provider;
use doorstep::adapters::sms::aliyun::Aliyun;
use doorstep::config::BaseUrl;
use doorstep::config::sms::aliyun;
use doorstep::domain::template::Templates;
use doorstep::ports::SmsError;
use secrecy::SecretString;

pub struct Fake(FakeAliyun);

impl Fake {
    fn settings(&self) -> aliyun::Settings {
        let [code, deletion] = [format!("{TEMPLATE}(code,time=minutes)"), format!("{DELETION_TEMPLATE}(code)")];
        aliyun::Settings {
            base_url: BaseUrl(self.0.base_url.clone()),
            access_key_id: KEY_ID.to_owned(),
            access_key_secret: SecretString::from(KEY_SECRET.to_owned()),
            templates: templates(&code, &deletion, NOTICE_TEMPLATE, Some(SIGN_NAME)),
            timeout: Settings::default().timeout,
        }
    }

    fn with(&self, change: impl FnOnce(&mut aliyun::Settings)) -> Aliyun {
        let mut settings = self.settings();
        change(&mut settings);
        Aliyun::new(settings, clock(TimeDelta::zero())).unwrap()
    }
}

impl Case for Fake {
    const REJECTS_DUPLICATES: bool = true;
    const SUCCESS_NEEDS_THE_BODY: bool = true;
    const REFUSAL: (&'static str, &'static str) = ("isv.SMS_SIGNATURE_ILLEGAL", "Code isv.SMS_SIGNATURE_ILLEGAL");
    const PHONE_LIMITS: &'static [(&'static str, u64)] = &[("isv.BUSINESS_LIMIT_CONTROL", 3_600)];
    const SECRETS: &'static [&'static str] = &[KEY_ID, KEY_SECRET];

    fn start() -> Self {
        Self(FakeAliyun::start(clock(TimeDelta::zero())))
    }

    fn provider(&self, settings: Settings) -> Box<dyn Provider> {
        let own = self.settings();
        let aliyun_settings = aliyun::Settings {
            base_url: settings.base_url.unwrap_or(own.base_url),
            access_key_secret: SecretString::from(settings.key.unwrap_or(KEY_SECRET).to_owned()),
            timeout: settings.timeout,
            ..own
        };
        Box::new(Aliyun::new(aliyun_settings, settings.clock).unwrap())
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
async fn variables_are_sent_by_the_names_of_the_template() {
    let fake = Fake::start();
    let aliyun = fake.with(|_| ());
    for message in [message(PHONE, ID), message(GERMAN_PHONE, "1"), notice("2")] {
        aliyun.send(&message).await.unwrap();
    }
    let accepted = |to: &str, template: &str, values: &[(&str, &str)], id: &str| Taken {
        to: to.to_owned(),
        template: template.to_owned(),
        signature: SIGN_NAME.to_owned(),
        values: pairs(values),
        id: id.to_owned(),
        ..Taken::default()
    };
    let code = [("code", CODE), ("time", "5")];
    let expected = [
        accepted("13800138000", TEMPLATE, &code, ID),
        accepted("4915123456789", TEMPLATE, &code, "1"),
        accepted("13800138000", NOTICE_TEMPLATE, &[("phone", "+86139****9001")], "2"),
    ];
    assert_eq!(fake.0.stage.taken(), expected);
}

/// Covers an extra variable, a missing variable, another name; an unknown template, signature and account; no template.
#[actix_web::test]
async fn unregistered_templates_signatures_and_accounts_are_refused() {
    let fake = Fake::start();
    let signed = |code: &str, signature| templates(code, DELETION_TEMPLATE, NOTICE_TEMPLATE, signature);
    let template = |code: &str| signed(code, Some(SIGN_NAME));
    for (expected, templates) in [
        ("isv.TEMPLATE_MISSING_PARAMETERS", template(TEMPLATE)),
        ("isv.TEMPLATE_MISSING_PARAMETERS", template("SMS_1001(code)")),
        ("isv.TEMPLATE_MISSING_PARAMETERS", template("SMS_1002(code,time=minutes)")),
        ("isv.TEMPLATE_MISSING_PARAMETERS", template("SMS_1002()")),
        ("isv.SMS_TEMPLATE_ILLEGAL", template("SMS_9(code)")),
        ("isv.SMS_SIGNATURE_ILLEGAL", signed("SMS_1002(code)", Some("Acme"))),
        ("isv.SMS_SIGNATURE_ILLEGAL", signed("SMS_1002(code)", None)),
        ("no template", Templates::default()),
    ] {
        let aliyun = fake.with(|settings| settings.templates = templates);
        let id = fake.requests().to_string();
        let error = aliyun.send(&message(PHONE, &id)).await.unwrap_err();
        let expected = expected.replace(|c: char| c.is_numeric(), "#");
        assert!(matches!(&error, SmsError::Refused(text) if text.contains(&expected)), "{expected}: {error}");
    }
    let error = fake.with(|settings| settings.access_key_id = "other".to_owned()).send(&message(PHONE, ID)).await;
    assert!(error.unwrap_err().to_string().contains("InvalidAccessKeyId.NotFound"));
    assert_eq!(fake.accepted(), 0);
}

/// The first request may have been executed, so no other provider may send the message.
#[actix_web::test]
async fn an_error_after_which_the_message_may_have_been_sent_is_no_refusal() {
    let fake = Fake::start();
    let aliyun = fake.with(|_| ());
    aliyun.send(&message(PHONE, ID)).await.unwrap();
    let error = aliyun.send(&message(PHONE, ID)).await.unwrap_err();
    assert!(matches!(&error, SmsError::NoAnswer(text) if text.contains("SignatureNonceUsed")), "{error}");
    fake.behave(Behaviour::Refuse("isp.SYSTEM_ERROR"));
    let error = aliyun.send(&message(PHONE, "1")).await.unwrap_err();
    assert!(matches!(&error, SmsError::NoAnswer(text) if text.contains("isp.SYSTEM_ERROR")), "{error}");
}
