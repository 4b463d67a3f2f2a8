//! Tencent Cloud: the signature, the order of the variables, and the domestic and international applications.

use super::{CODE, Case, GERMAN_PHONE, ID, PHONE, Settings, clock, message, notice, pairs, templates};
use crate::support::provider::{Behaviour, Taken};
use crate::support::tencent::{
    APP_ID, DELETION_TEMPLATE, FakeTencent, INTERNATIONAL_APP_ID, INTERNATIONAL_TEMPLATE, NOTICE_TEMPLATE, REGION,
    SECRET_ID, SECRET_KEY, SIGN_NAME, TEMPLATE,
};
use chrono::TimeDelta;
use doorstep::adapters::sms::Provider;
use doorstep::adapters::sms::tencent::Tencent;
use doorstep::config::BaseUrl;
use doorstep::config::sms::tencent::{self, Access};
use doorstep::domain::message::Topic;
use doorstep::domain::phone::Region;
use doorstep::domain::template::{Template, Templates};
use doorstep::ports::SmsError;
use secrecy::SecretString;

pub struct Fake(FakeTencent);

impl Fake {
    fn settings(&self) -> tencent::Settings {
        let domestic = Access {
            base_url: BaseUrl(self.0.base_url.clone()),
            secret_id: SECRET_ID.to_owned(),
            secret_key: SecretString::from(SECRET_KEY.to_owned()),
            app_id: APP_ID.to_owned(),
            region: REGION.to_owned(),
            sender_id: None,
        };
        let international = Access { app_id: INTERNATIONAL_APP_ID.to_owned(), ..domestic.clone() };
        let mut templates = templates(TEMPLATE, DELETION_TEMPLATE, NOTICE_TEMPLATE, Some(SIGN_NAME));
        let template = Template::parse(INTERNATIONAL_TEMPLATE, Topic::Register, None).unwrap();
        templates.insert(Topic::Register, Some(Region::DE), template);
        tencent::Settings { domestic, international, templates, timeout: Settings::default().timeout }
    }

    fn with(&self, change: impl FnOnce(&mut tencent::Settings)) -> Tencent {
        let mut settings = self.settings();
        change(&mut settings);
        Tencent::new(settings, clock(TimeDelta::zero())).unwrap()
    }
}

impl Case for Fake {
    const REJECTS_DUPLICATES: bool = false;
    const SUCCESS_NEEDS_THE_BODY: bool = true;
    const REFUSAL: (&'static str, &'static str) =
        ("LimitExceeded.PhoneNumberCountLimit", "Code LimitExceeded.PhoneNumberCountLimit");
    const PHONE_LIMITS: &'static [(&'static str, u64)] = &[
        ("LimitExceeded.PhoneNumberThirtySecondLimit", 30),
        ("LimitExceeded.PhoneNumberOneHourLimit", 3_600),
        ("LimitExceeded.PhoneNumberDailyLimit", 3_600),
        ("LimitExceeded.PhoneNumberSameContentDailyLimit", 3_600),
    ];
    const SECRETS: &'static [&'static str] = &[SECRET_ID, SECRET_KEY];

    fn start() -> Self {
        Self(FakeTencent::start(clock(TimeDelta::zero())))
    }

    fn provider(&self, settings: Settings) -> Box<dyn Provider> {
        let mut own = self.settings();
        for access in [&mut own.domestic, &mut own.international] {
            if let Some(base_url) = &settings.base_url {
                access.base_url = base_url.clone();
            }
            access.secret_key = SecretString::from(settings.key.unwrap_or(SECRET_KEY).to_owned());
        }
        Box::new(Tencent::new(tencent::Settings { timeout: settings.timeout, ..own }, settings.clock).unwrap())
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
async fn variables_are_sent_in_the_order_of_the_template() {
    let fake = Fake::start();
    let tencent = fake.with(|_| ());
    for message in [message(PHONE, ID), message(GERMAN_PHONE, "1"), notice("2")] {
        tencent.send(&message).await.unwrap();
    }
    let accepted = |to: &str, template: &str, signature: &str, values: &[(&str, &str)], id: &str| Taken {
        to: to.to_owned(),
        template: template.to_owned(),
        signature: signature.to_owned(),
        values: pairs(values),
        id: id.to_owned(),
        ..Taken::default()
    };
    let code = [("1", CODE), ("2", "5")];
    let expected = [
        accepted(PHONE, TEMPLATE, SIGN_NAME, &code, ID),
        accepted(GERMAN_PHONE, INTERNATIONAL_TEMPLATE, "", &code, "1"),
        accepted(PHONE, NOTICE_TEMPLATE, SIGN_NAME, &[("1", "+86139****9001")], "2"),
    ];
    assert_eq!(fake.0.stage.taken(), expected);
}

type Change = fn(&mut tencent::Settings);

/// Covers errors of the whole request and errors of its one phone number.
#[actix_web::test]
async fn unregistered_templates_signatures_and_accounts_are_refused() {
    let fake = Fake::start();
    fn template(code: &str, signature: Option<&str>) -> Templates {
        templates(code, DELETION_TEMPLATE, NOTICE_TEMPLATE, signature)
    }
    let cases: [(&str, &str, Change); 9] = [
        ("AuthFailure.SecretIdNotFound", PHONE, |own| own.domestic.secret_id = "other".to_owned()),
        ("UnsupportedRegion", PHONE, |own| own.domestic.region = "ap-nowhere".to_owned()),
        ("UnauthorizedOperation.SmsSdkAppId", PHONE, |own| own.domestic.app_id = "1".to_owned()),
        ("UnauthorizedOperation.SmsSdkAppId", GERMAN_PHONE, |own| own.international = own.domestic.clone()),
        ("FailedOperation.TemplateIncorrect", PHONE, |own| own.templates = template("9", Some(SIGN_NAME))),
        ("FailedOperation.SignatureIncorrect", PHONE, |own| own.templates = template(TEMPLATE, None)),
        ("ParamSetNotMatch", PHONE, |own| own.templates = template("1110(code)", Some(SIGN_NAME))),
        ("FailedOperation.SignatureIncorrect", GERMAN_PHONE, |own| own.templates = template("2110", Some("Acme"))),
        ("no template", PHONE, |own| own.templates = Templates::default()),
    ];
    for (expected, to, change) in cases {
        let error = fake.with(change).send(&message(to, ID)).await.unwrap_err();
        assert!(matches!(&error, SmsError::Refused(text) if text.contains(expected)), "{expected}: {error}");
    }
    assert_eq!(fake.accepted(), 0);
}

/// "请求下发短信超时": the request of the provider to the network timed out.
#[actix_web::test]
async fn a_timeout_of_the_provider_is_no_refusal() {
    let fake = Fake::start();
    fake.behave(Behaviour::Refuse("InternalError.Timeout"));
    let error = fake.with(|_| ()).send(&message(PHONE, ID)).await.unwrap_err();
    assert!(matches!(&error, SmsError::NoAnswer(text) if text.contains("InternalError.Timeout")), "{error}");
}
