//! The console provider, and the tests of Cloopen alone: over real HTTP, against a server that checks requests as
//! Cloopen does.

use crate::support::cloopen::{
    ACCOUNT_SID, APP_ID, AUTH_TOKEN, Accepted, Behaviour, DELETION_TEMPLATE_ID, FakeCloopen, NOTICE_TEMPLATE_ID,
    TEMPLATE_ID,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use doorstep::adapters::sms::Provider;
use doorstep::adapters::sms::cloopen::Cloopen;
use doorstep::adapters::sms::console::Console;
use doorstep::config::BaseUrl;
use doorstep::config::sms::cloopen::Settings;
use doorstep::domain::flow::Purpose;
use doorstep::domain::message::{Content, Topic};
use doorstep::domain::otp::OneTimeCode;
use doorstep::domain::outbox::Outbox;
use doorstep::domain::phone::Phone;
use doorstep::domain::template::{Template, Templates};
use doorstep::domain::texts::{TextLanguage, Texts};
use doorstep::ports::{Clock, Message, SmsError};
use md5::{Digest, Md5};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const PHONE: &str = "+8613800138000";
const CODE: &str = "042137";

/// 20:30 in UTC is 04:30 of the next day in China.
struct FixedClock(DateTime<Utc>);

impl Clock for FixedClock {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}

fn now() -> DateTime<Utc> {
    "2026-11-20T20:30:00Z".parse().unwrap()
}

fn provider() -> FakeCloopen {
    FakeCloopen::start(Arc::new(FixedClock(now())))
}

fn settings(provider: &FakeCloopen) -> Settings {
    Settings {
        base_url: BaseUrl(provider.base_url.clone()),
        account_sid: ACCOUNT_SID.to_owned(),
        auth_token: SecretString::from(AUTH_TOKEN.to_owned()),
        app_id: APP_ID.to_owned(),
        templates: templates(TEMPLATE_ID),
        timeout: Duration::from_secs(20),
    }
}

/// Creates templates with this id for all codes, except for codes of account deletion.
fn templates(code: &str) -> Templates {
    let id = |topic| match topic {
        Topic::DeleteAccount => DELETION_TEMPLATE_ID,
        Topic::PhoneChanged => NOTICE_TEMPLATE_ID,
        _ => code,
    };
    let topics = Topic::ALL.into_iter().filter(|topic| !Topic::OPTIONAL.contains(topic));
    topics.map(|topic| (topic, Template::parse(id(topic), topic, None).unwrap())).collect()
}

fn cloopen(settings: Settings) -> Cloopen {
    Cloopen::new(settings, Arc::new(FixedClock(now()))).unwrap()
}

fn phone(e164: &str) -> Phone {
    Phone::from_stored(e164.to_owned()).unwrap()
}

fn code(minutes: u64) -> Content {
    Content::Code { purpose: Purpose::Register, code: OneTimeCode::parse(CODE).unwrap(), minutes }
}

fn message(to: &str, id: &str) -> Message {
    with_content(to, code(5), id)
}

fn with_content(to: &str, content: Content, id: &str) -> Message {
    Message::new(&Texts::built_in("Acme"), TextLanguage::default(), phone(to), content, None, id.to_owned())
}

/// Creates the notice that the number changed from `PHONE` to +86 139 0013 9001.
fn notice(id: &str) -> Message {
    with_content(PHONE, Content::PhoneChanged { to: phone("+8613900139001").masked() }, id)
}

const ID: &str = "0123456789abcdef0123456789abcdef";

/// Asserts that an error contains no phone, code, key or URL, because it is logged.
fn assert_no_secrets(error: &SmsError) {
    for text in [error.to_string(), format!("{error:?}")] {
        let lower = text.to_lowercase();
        for secret in [&PHONE[3..], CODE, AUTH_TOKEN, ACCOUNT_SID, "sig=", "http://"] {
            assert!(!lower.contains(secret), "{secret} in {text}");
        }
    }
}

#[actix_web::test]
async fn code_and_minutes_are_sent_in_this_order() {
    let provider = provider();
    let cloopen = cloopen(settings(&provider));
    cloopen.send(&message(PHONE, ID)).await.unwrap();
    let accepted = Accepted {
        to: "13800138000".into(),
        template_id: TEMPLATE_ID.into(),
        code: CODE.into(),
        minutes: "5".into(),
        req_id: ID.into(),
    };
    assert_eq!(provider.messages_for(PHONE), [accepted]);
    cloopen.send(&message("+4915123456789", "f")).await.unwrap();
    assert_eq!(provider.messages_for("+4915123456789")[0].to, "004915123456789");
    assert_eq!(provider.code_for("+4915123456789").as_deref(), Some(CODE));
    assert_eq!(provider.accepted(), 2);
}

#[actix_web::test]
async fn the_notice_of_a_changed_number_has_its_own_template() {
    let provider = provider();
    let cloopen = cloopen(settings(&provider));
    cloopen.send(&notice(ID)).await.unwrap();
    assert_eq!(provider.notices_for(PHONE), ["+86139****9001"]);
    assert!(provider.messages_for(PHONE).is_empty());
    // Both messages share the protection against duplicates, so the same id is rejected.
    cloopen.send(&message(PHONE, ID)).await.unwrap_err();
    cloopen.send(&message(PHONE, "f")).await.unwrap();
    assert_eq!((provider.notices_for(PHONE).len(), provider.messages_for(PHONE).len()), (1, 1));
}

#[actix_web::test]
async fn the_error_of_a_refused_notice_contains_no_number() {
    let provider = provider();
    provider.behave(Behaviour::Refuse("160032"));
    let error = cloopen(settings(&provider)).send(&notice(ID)).await.unwrap_err();
    assert!(matches!(&error, SmsError::Refused(text) if text.contains("160032")), "{error}");
    assert_no_secrets(&error);
    assert!(!error.to_string().contains("9001"), "{error}");
    assert!(provider.notices_for(PHONE).is_empty());
}

#[actix_web::test]
async fn the_provider_refuses_other_accounts_templates_and_times() {
    let provider = provider();
    let change = |change: fn(&mut Settings)| {
        let mut settings = settings(&provider);
        change(&mut settings);
        cloopen(settings)
    };
    let at = |offset: TimeDelta| Cloopen::new(settings(&provider), Arc::new(FixedClock(now() + offset))).unwrap();
    for (code, sender) in [
        ("111109", change(|settings| settings.auth_token = SecretString::from("other".to_owned()))),
        ("111141", change(|settings| settings.account_sid = "other".to_owned())),
        ("112353", change(|settings| settings.app_id = "other".to_owned())),
        ("160032", change(|settings| settings.templates = templates("9"))),
        ("160031", change(|settings| settings.templates = templates(NOTICE_TEMPLATE_ID))),
        ("161106", at(TimeDelta::hours(1))),
        ("161106", at(TimeDelta::hours(-8))),
    ] {
        let error = sender.send(&message(PHONE, ID)).await.unwrap_err();
        assert!(matches!(&error, SmsError::Refused(text) if text.contains(code)), "{code}: {error}");
        assert_no_secrets(&error);
    }
    assert_eq!(provider.accepted(), 0);
}

#[actix_web::test]
async fn the_same_message_is_not_sent_twice() {
    let provider = provider();
    let cloopen = cloopen(settings(&provider));
    cloopen.send(&message(PHONE, ID)).await.unwrap();
    let error = cloopen.send(&message(PHONE, ID)).await.unwrap_err();
    assert!(matches!(&error, SmsError::NoAnswer(text) if text.contains("160054")), "{error}");
    let error = cloopen.send(&message(PHONE, &format!("{ID}0"))).await.unwrap_err();
    assert!(matches!(&error, SmsError::Refused(text) if text.contains("160055")), "{error}");
    assert_eq!(provider.messages_for(PHONE).len(), 1);
}

/// Proves that the fake checks every part of a request, also parts that the adapter always sends correctly.
#[actix_web::test]
async fn the_provider_checks_headers_and_body() {
    let provider = provider();
    let time = "20261121043000";
    let authorization = BASE64_STANDARD.encode(format!("{ACCOUNT_SID}:{time}"));
    let headers = [
        ("accept", "application/json"),
        ("content-type", "application/json;charset=utf-8"),
        ("authorization", authorization.as_str()),
    ];
    let body = json!({ "to": "13800138000", "appId": APP_ID, "templateId": "1", "datas": [CODE, "5"], "reqId": ID });
    let with = |name: &str, value: Value| {
        let mut body = body.clone();
        body[name] = value;
        body
    };
    let notice = |values: Value| {
        let mut body = with("reqId", json!("f"));
        (body["templateId"], body["datas"]) = (json!("2"), values);
        body
    };
    for (expected, header, value, body) in [
        ("111100", "accept", "*/*", body.clone()),
        ("111100", "content-type", "application/json", body.clone()),
        ("161101", "authorization", "", body.clone()),
        ("161102", "authorization", "!", body.clone()),
        ("161103", "authorization", "b3RoZXI6MjAyNg==", body.clone()),
        ("160031", "", "", with("datas", json!([CODE, 5]))),
        ("160031", "", "", with("datas", json!([CODE, "5", "1"]))),
        ("160031", "", "", with("extra", json!("1"))),
        ("160031", "", "", with("datas", json!([CODE]))),
        ("160031", "", "", with("templateId", json!("2"))),
        ("160032", "", "", with("templateId", json!("9"))),
        ("160052", "", "", with("datas", json!([CODE, "5.0"]))),
        ("160052", "", "", notice(json!(["13900139001"]))),
        ("160031", "", "", notice(json!(["****9001", "5"]))),
        ("000000", "", "", notice(json!(["****9001"]))),
        ("160042", "", "", with("to", json!("+8613800138000"))),
        ("160042", "", "", with("to", json!("008613800138000"))),
        ("160055", "", "", with("reqId", json!("a-b"))),
        ("000000", "", "", body.clone()),
    ] {
        let url = format!("{}2013-12-26/Accounts/{ACCOUNT_SID}/SMS/TemplateSMS?sig={}", provider.base_url, sign(time));
        let mut request = reqwest::Client::new().post(url).body(body.to_string());
        for (name, valid) in headers {
            request = request.header(name, if name == header { value } else { valid });
        }
        let response = request.send().await.unwrap().bytes().await.unwrap();
        let response: Value = serde_json::from_slice(&response).unwrap();
        assert_eq!(response["statusCode"], expected, "{header} {value} {body}");
    }
}

fn sign(time: &str) -> String {
    let digest = Md5::digest(format!("{ACCOUNT_SID}{AUTH_TOKEN}{time}"));
    digest.iter().map(|byte| format!("{byte:02X}")).collect()
}

#[actix_web::test]
async fn the_console_appends_one_line_per_message() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sms.log");
    for minutes in [5, 1] {
        let console = Console::new(Some(&path), Outbox::default()).unwrap();
        console.send(&with_content(PHONE, code(minutes), ID)).await.unwrap();
    }
    Console::new(Some(&path), Outbox::default()).unwrap().send(&notice(ID)).await.unwrap();
    let expected = "SMS to +8613800138000: Acme: your sign-up code is 042137, valid for 5 min. Do not share it.\n\
                    SMS to +8613800138000: Acme: your sign-up code is 042137, valid for 1 min. Do not share it.\n\
                    SMS to +8613800138000: Acme: your account now has the number +86139****9001. \
                    If this was not you, contact us.\n";
    assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);
    assert!(Console::new(Some(folder.path()), Outbox::default()).is_err());
}
