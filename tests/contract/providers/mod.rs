//! Contract of all SMS providers over HTTP. Each is tested against a server that checks requests as the provider does.

mod aliyun;
mod cloopen;
mod tencent;
mod twilio;
mod webhook;

use crate::support::process::free_port;
use crate::support::provider::Behaviour;
use chrono::{DateTime, TimeDelta, Utc};
use doorstep::adapters::sms::Provider;
use doorstep::config::BaseUrl;
use doorstep::domain::flow::Purpose;
use doorstep::domain::message::{Autofill, Content, Topic};
use doorstep::domain::otp::OneTimeCode;
use doorstep::domain::phone::Phone;
use doorstep::domain::template::{Template, Templates};
use doorstep::domain::texts::Texts;
use doorstep::ports::{Clock, Message, SmsError};
use std::sync::Arc;
use std::time::Duration;

const PHONE: &str = "+8613800138000";
const GERMAN_PHONE: &str = "+4915123456789";
const CODE: &str = "042137";
const ID: &str = "0123456789abcdef0123456789abcdef";
const OTHER_ID: &str = "fedcba9876543210fedcba9876543210";

/// A fake of a provider, and the adapter for it.
pub trait Case {
    /// True if the provider accepts a message id only once.
    const REJECTS_DUPLICATES: bool;
    /// True if a response is a success only with the right body.
    const SUCCESS_NEEDS_THE_BODY: bool;
    /// Error code of a refusal, and the text that the error then contains.
    const REFUSAL: (&'static str, &'static str);
    /// Error codes of limits for one number, and the seconds until the provider may be called again.
    const PHONE_LIMITS: &'static [(&'static str, u64)];
    /// Text that no error may contain.
    const SECRETS: &'static [&'static str];

    fn start() -> Self;
    fn provider(&self, settings: Settings) -> Box<dyn Provider>;
    fn behave(&self, behaviour: Behaviour);
    fn accepted(&self) -> usize;
    fn requests(&self) -> usize;
}

/// Settings that the suite changes.
pub struct Settings {
    /// Replaces the URL of the fake.
    base_url: Option<BaseUrl>,
    /// Replaces the right key.
    key: Option<&'static str>,
    clock: Arc<dyn Clock>,
    timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { base_url: None, key: None, clock: clock(TimeDelta::zero()), timeout: Duration::from_secs(20) }
    }
}

struct FixedClock(DateTime<Utc>);

impl Clock for FixedClock {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}

/// 20:30 in UTC is 04:30 of the next day in China: a signature with the wrong date fails.
fn clock(offset: TimeDelta) -> Arc<dyn Clock> {
    let now: DateTime<Utc> = "2026-11-20T20:30:00Z".parse().unwrap();
    Arc::new(FixedClock(now + offset))
}

fn message(to: &str, id: &str) -> Message {
    about(Purpose::Register, to, id)
}

fn about(purpose: Purpose, to: &str, id: &str) -> Message {
    let content = Content::Code { purpose, code: OneTimeCode::parse(CODE).unwrap(), minutes: 5 };
    with_text("en", to, content, None, id)
}

/// Creates a message with its text in this language.
fn with_text(language: &str, to: &str, content: Content, autofill: Option<&Autofill>, id: &str) -> Message {
    let texts = Texts::built_in("Acme");
    let to = Phone::from_stored(to.to_owned()).unwrap();
    Message::new(&texts, texts.negotiate(language), to, content, autofill, id.to_owned())
}

/// Creates the notice that the number changed from `PHONE` to +86 139 0013 9001.
fn notice(id: &str) -> Message {
    let to = Phone::from_stored("+8613900139001".to_owned()).unwrap().masked();
    with_text("en", PHONE, Content::PhoneChanged { to }, None, id)
}

/// Creates the same templates for every region: for codes, for codes of account deletion, and for the notice.
fn templates(code: &str, deletion: &str, notice: &str, signature: Option<&str>) -> Templates {
    let text = |topic| match topic {
        Topic::DeleteAccount => deletion,
        Topic::PhoneChanged => notice,
        _ => code,
    };
    let template = |topic| Template::parse(text(topic), topic, signature.map(str::to_owned)).unwrap();
    let topics = Topic::ALL.into_iter().filter(|topic| !Topic::OPTIONAL.contains(topic));
    topics.map(|topic| (topic, template(topic))).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Asserts that an error contains no phone, code, key or URL, because it is logged.
#[track_caller]
fn assert_no_secrets<C: Case>(error: &SmsError) {
    let secrets = C::SECRETS.iter().copied().chain([&PHONE[3..], CODE, "9001", "http://"]);
    let secrets: Vec<String> = secrets.map(str::to_lowercase).collect();
    for text in [error.to_string(), format!("{error:?}")] {
        let text = text.to_lowercase();
        assert!(!secrets.iter().any(|secret| text.contains(secret)), "{text}");
    }
}

/// Defines one test for each promise and provider.
macro_rules! suite {
    ($($name:ident: $case:ty),+ $(,)?) => {
        $(mod $name {
            type Provider = $case;

            #[actix_web::test]
            async fn accepts_messages() { super::suite::accepts_messages::<Provider>().await; }
            #[actix_web::test]
            async fn a_refusal_contains_no_secret() { super::suite::a_refusal_contains_no_secret::<Provider>().await; }
            #[actix_web::test]
            async fn a_limit_of_the_phone_has_its_wait() {
                super::suite::a_limit_of_the_phone_has_its_wait::<Provider>().await;
            }
            #[actix_web::test]
            async fn every_other_response_is_no_answer() {
                super::suite::every_other_response_is_no_answer::<Provider>().await;
            }
            #[actix_web::test]
            async fn a_provider_that_hangs_times_out() {
                super::suite::a_provider_that_hangs_times_out::<Provider>().await;
            }
            #[actix_web::test]
            async fn a_closed_port_is_unreachable() { super::suite::a_closed_port_is_unreachable::<Provider>().await; }
            #[actix_web::test]
            async fn a_duplicate_is_sent_once_if_the_provider_checks_ids() {
                super::suite::a_duplicate_is_sent_once_if_the_provider_checks_ids::<Provider>().await;
            }
            #[actix_web::test]
            async fn another_key_is_refused() { super::suite::another_key_is_refused::<Provider>().await; }
        })+
    };
}

suite!(
    suite_aliyun: super::aliyun::Fake,
    suite_cloopen: super::cloopen::Fake,
    suite_tencent: super::tencent::Fake,
    suite_twilio: super::twilio::Fake,
    suite_webhook: super::webhook::Fake,
);

/// Covers the providers that check the time of a request.
#[actix_web::test]
async fn another_time_is_refused() {
    suite::another_time_is_refused::<aliyun::Fake>().await;
    suite::another_time_is_refused::<cloopen::Fake>().await;
    suite::another_time_is_refused::<tencent::Fake>().await;
    suite::another_time_is_refused::<webhook::Fake>().await;
}

mod suite {
    use super::{
        BaseUrl, Behaviour, Case, Duration, GERMAN_PHONE, ID, OTHER_ID, PHONE, Purpose, Settings, SmsError, TimeDelta,
        assert_no_secrets, clock, free_port, message, notice,
    };

    pub async fn accepts_messages<C: Case>() {
        let fake = C::start();
        let provider = fake.provider(Settings::default());
        provider.send(&message(PHONE, ID)).await.unwrap();
        provider.send(&message(GERMAN_PHONE, "1")).await.unwrap();
        provider.send(&super::about(Purpose::DeleteAccount, PHONE, "2")).await.unwrap();
        provider.send(&notice("3")).await.unwrap();
        assert_eq!((fake.accepted(), fake.requests()), (4, 4));
    }

    pub async fn a_refusal_contains_no_secret<C: Case>() {
        let fake = C::start();
        let (code, expected) = C::REFUSAL;
        fake.behave(Behaviour::Refuse(code));
        for message in [message(PHONE, ID), notice(OTHER_ID)] {
            let error = fake.provider(Settings::default()).send(&message).await.unwrap_err();
            assert!(matches!(&error, SmsError::Refused(text) if text.contains(expected)), "{error}");
            assert_no_secrets::<C>(&error);
        }
        assert_eq!(fake.accepted(), 0);
    }

    pub async fn a_limit_of_the_phone_has_its_wait<C: Case>() {
        let fake = C::start();
        for (code, wait) in C::PHONE_LIMITS {
            fake.behave(Behaviour::Refuse(code));
            let error = fake.provider(Settings::default()).send(&message(PHONE, ID)).await.unwrap_err();
            let SmsError::PhoneLimited { retry_after, .. } = &error else { panic!("{code}: {error}") };
            assert_eq!(*retry_after, Duration::from_secs(*wait), "{code}");
            assert_no_secrets::<C>(&error);
        }
        assert_eq!((fake.accepted(), fake.requests()), (0, C::PHONE_LIMITS.len()));
    }

    pub async fn every_other_response_is_no_answer<C: Case>() {
        let fake = C::start();
        let provider = fake.provider(Settings::default());
        let mut behaviours = vec![
            Behaviour::ServerError,
            Behaviour::Crash(C::REFUSAL.0),
            Behaviour::Huge,
            Behaviour::Redirect,
            Behaviour::Drop,
        ];
        if C::SUCCESS_NEEDS_THE_BODY {
            behaviours.push(Behaviour::Garbage);
        }
        for (id, behaviour) in behaviours.iter().enumerate() {
            fake.behave(*behaviour);
            let error = provider.send(&message(PHONE, &id.to_string())).await.unwrap_err();
            assert!(matches!(error, SmsError::NoAnswer(_)), "{behaviour:?}: {error}");
            assert_no_secrets::<C>(&error);
        }
        fake.behave(Behaviour::Accept);
        provider.send(&message(PHONE, ID)).await.unwrap();
        assert_eq!(fake.requests(), behaviours.len() + 1, "a retry, or a request to another server");
        assert_eq!(fake.accepted(), 1);
    }

    pub async fn a_provider_that_hangs_times_out<C: Case>() {
        let fake = C::start();
        fake.behave(Behaviour::Hang);
        let provider = fake.provider(Settings { timeout: Duration::from_millis(200), ..Settings::default() });
        let message = message(PHONE, ID);
        let error = tokio::time::timeout(Duration::from_secs(10), provider.send(&message)).await.unwrap().unwrap_err();
        assert!(matches!(error, SmsError::NoAnswer(_)), "{error}");
        assert_no_secrets::<C>(&error);
    }

    pub async fn a_closed_port_is_unreachable<C: Case>() {
        let fake = C::start();
        let base_url = Some(BaseUrl(format!("http://127.0.0.1:{}", free_port()).parse().unwrap()));
        let provider = fake.provider(Settings { base_url, ..Settings::default() });
        let error = provider.send(&message(PHONE, ID)).await.unwrap_err();
        assert!(matches!(error, SmsError::Unreachable(_)), "{error}");
        assert_no_secrets::<C>(&error);
    }

    pub async fn a_duplicate_is_sent_once_if_the_provider_checks_ids<C: Case>() {
        let fake = C::start();
        let provider = fake.provider(Settings::default());
        provider.send(&message(PHONE, ID)).await.unwrap();
        if let Err(error) = provider.send(&message(PHONE, ID)).await {
            assert_no_secrets::<C>(&error);
        }
        assert_eq!(fake.accepted(), if C::REJECTS_DUPLICATES { 1 } else { 2 });
        provider.send(&message(PHONE, OTHER_ID)).await.unwrap();
        assert_eq!(fake.requests(), 3);
    }

    pub async fn another_key_is_refused<C: Case>() {
        let fake = C::start();
        // 24 bytes: every provider accepts this form of key.
        let key = Some("whsec_T3RoZXJPdGhlck90aGVyT3RoZXJPdGhl");
        let error = fake.provider(Settings { key, ..Settings::default() }).send(&message(PHONE, ID)).await.unwrap_err();
        assert!(matches!(error, SmsError::Refused(_)), "{error}");
        assert_no_secrets::<C>(&error);
        assert_eq!((fake.accepted(), fake.requests()), (0, 1));
    }

    pub async fn another_time_is_refused<C: Case>() {
        let fake = C::start();
        for offset in [TimeDelta::hours(-1), TimeDelta::hours(1), TimeDelta::hours(8)] {
            let provider = fake.provider(Settings { clock: clock(offset), ..Settings::default() });
            let error = provider.send(&message(PHONE, ID)).await.unwrap_err();
            assert!(matches!(error, SmsError::Refused(_)), "{error}");
            assert_no_secrets::<C>(&error);
        }
        // A clock that is off by four minutes is accepted.
        let provider = fake.provider(Settings { clock: clock(TimeDelta::minutes(4)), ..Settings::default() });
        provider.send(&message(PHONE, OTHER_ID)).await.unwrap();
        assert_eq!(fake.accepted(), 1);
    }
}
