//! What all providers that are asked over HTTP promise alike, each against a server that checks as the provider does.

mod aliyun;
mod cloopen;
mod tencent;
mod twilio;
mod webhook;

use crate::support::process::free_port;
use crate::support::provider::Behaviour;
use chrono::{DateTime, TimeDelta, Utc};
use doorstep::adapters::sms::Provider;
use doorstep::domain::flow::Purpose;
use doorstep::domain::language::Language;
use doorstep::domain::message::{Content, Topic};
use doorstep::domain::otp::OneTimeCode;
use doorstep::domain::phone::Phone;
use doorstep::domain::template::{Template, Templates};
use doorstep::ports::{Clock, Message, SmsError};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

const PHONE: &str = "+8613800138000";
const ABROAD: &str = "+4915123456789";
const CODE: &str = "042137";
const ID: &str = "0123456789abcdef0123456789abcdef";
const OTHER_ID: &str = "fedcba9876543210fedcba9876543210";

/// A fake of a provider, and how to reach it.
pub trait Case {
    /// Whether the provider takes the same message once only.
    const TELLS_REPETITIONS: bool;
    /// Whether it matters what stands in an answer of success.
    const SAYS_YES_IN_WORDS: bool;
    /// A refusal, as it is provoked and as it is told.
    const REFUSAL: (&'static str, &'static str);
    /// Nothing of these may be told.
    const SECRETS: &'static [&'static str];

    fn start() -> Self;
    fn provider(&self, settings: Settings) -> Box<dyn Provider>;
    fn behave(&self, behaviour: Behaviour);
    fn taken(&self) -> usize;
    fn requests(&self) -> usize;
}

/// What the suite changes.
pub struct Settings {
    /// Somewhere else than at the fake.
    base_url: Option<Url>,
    /// Another key than the right one.
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

/// 20:30 in UTC is 04:30 of the next day in China: who signs the wrong day is found out.
fn clock(offset: TimeDelta) -> Arc<dyn Clock> {
    let now: DateTime<Utc> = "2026-11-20T20:30:00Z".parse().unwrap();
    Arc::new(FixedClock(now + offset))
}

fn message(to: &str, id: &str) -> Message {
    about(Purpose::Register, to, id)
}

fn about(purpose: Purpose, to: &str, id: &str) -> Message {
    let content = Content::Code { purpose, code: OneTimeCode::parse(CODE).unwrap(), minutes: 5 };
    let to = Phone::from_stored(to.to_owned()).unwrap();
    Message { to, content, language: Language::English, autofill: None, id: id.to_owned() }
}

/// The number changed from `PHONE` to +86 139 0013 9001.
fn notice(id: &str) -> Message {
    let to = Phone::from_stored("+8613900139001".to_owned()).unwrap().masked();
    Message { content: Content::PhoneChanged { to }, ..message(PHONE, id) }
}

/// The same for every region: the template of codes, of codes that delete, and of the notice.
fn templates(code: &str, deletion: &str, notice: &str, signature: Option<&str>) -> Templates {
    let text = |topic| match topic {
        Topic::DeleteAccount => deletion,
        Topic::PhoneChanged => notice,
        _ => code,
    };
    let template = |topic| Template::parse(text(topic), topic, signature.map(str::to_owned)).unwrap();
    Topic::ALL.into_iter().map(|topic| (topic, template(topic))).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// No error may tell whom, what and by which key: it goes to the log.
#[track_caller]
fn assert_discreet<C: Case>(failure: &SmsError) {
    let secrets = C::SECRETS.iter().copied().chain([&PHONE[3..], CODE, "9001", "http://"]);
    let secrets: Vec<String> = secrets.map(str::to_lowercase).collect();
    for text in [failure.to_string(), format!("{failure:?}")] {
        let text = text.to_lowercase();
        assert!(!secrets.iter().any(|secret| text.contains(secret)), "{text}");
    }
}

/// One test of each promise for each provider.
macro_rules! suite {
    ($($name:ident: $case:ty),+ $(,)?) => {
        $(mod $name {
            type Provider = $case;

            #[actix_web::test]
            async fn takes_messages() { super::suite::takes_messages::<Provider>().await; }
            #[actix_web::test]
            async fn a_refusal_is_told_discreetly() { super::suite::a_refusal_is_told_discreetly::<Provider>().await; }
            #[actix_web::test]
            async fn whatever_else_it_answers_is_no_answer() {
                super::suite::whatever_else_it_answers_is_no_answer::<Provider>().await;
            }
            #[actix_web::test]
            async fn one_that_hangs_is_given_up_in_time() {
                super::suite::one_that_hangs_is_given_up_in_time::<Provider>().await;
            }
            #[actix_web::test]
            async fn nobody_there_is_told_apart() { super::suite::nobody_there_is_told_apart::<Provider>().await; }
            #[actix_web::test]
            async fn a_repetition_is_told() { super::suite::a_repetition_is_told::<Provider>().await; }
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

/// Of those that look at it.
#[actix_web::test]
async fn another_time_is_refused() {
    suite::another_time_is_refused::<aliyun::Fake>().await;
    suite::another_time_is_refused::<cloopen::Fake>().await;
    suite::another_time_is_refused::<tencent::Fake>().await;
    suite::another_time_is_refused::<webhook::Fake>().await;
}

mod suite {
    use super::{
        ABROAD, Behaviour, Case, Duration, ID, OTHER_ID, PHONE, Purpose, Settings, SmsError, TimeDelta,
        assert_discreet, clock, free_port, message, notice,
    };

    pub async fn takes_messages<C: Case>() {
        let fake = C::start();
        let provider = fake.provider(Settings::default());
        provider.send(&message(PHONE, ID)).await.unwrap();
        provider.send(&message(ABROAD, "1")).await.unwrap();
        provider.send(&super::about(Purpose::DeleteAccount, PHONE, "2")).await.unwrap();
        provider.send(&notice("3")).await.unwrap();
        assert_eq!((fake.taken(), fake.requests()), (4, 4));
    }

    pub async fn a_refusal_is_told_discreetly<C: Case>() {
        let fake = C::start();
        let (code, told) = C::REFUSAL;
        fake.behave(Behaviour::Refuse(code));
        for message in [message(PHONE, ID), notice(OTHER_ID)] {
            let failure = fake.provider(Settings::default()).send(&message).await.unwrap_err();
            assert!(matches!(&failure, SmsError::Refused(text) if text.contains(told)), "{failure}");
            assert_discreet::<C>(&failure);
        }
        assert_eq!(fake.taken(), 0);
    }

    pub async fn whatever_else_it_answers_is_no_answer<C: Case>() {
        let fake = C::start();
        let provider = fake.provider(Settings::default());
        let mut behaviours = vec![
            Behaviour::ServerError,
            Behaviour::Crash(C::REFUSAL.0),
            Behaviour::Huge,
            Behaviour::Redirect,
            Behaviour::Drop,
        ];
        if C::SAYS_YES_IN_WORDS {
            behaviours.push(Behaviour::Garbage);
        }
        for (id, behaviour) in behaviours.iter().enumerate() {
            fake.behave(*behaviour);
            let failure = provider.send(&message(PHONE, &id.to_string())).await.unwrap_err();
            assert!(matches!(failure, SmsError::NoAnswer(_)), "{behaviour:?}: {failure}");
            assert_discreet::<C>(&failure);
        }
        fake.behave(Behaviour::Accept);
        provider.send(&message(PHONE, ID)).await.unwrap();
        assert_eq!(fake.requests(), behaviours.len() + 1, "asked again, or elsewhere");
        assert_eq!(fake.taken(), 1);
    }

    pub async fn one_that_hangs_is_given_up_in_time<C: Case>() {
        let fake = C::start();
        fake.behave(Behaviour::Hang);
        let provider = fake.provider(Settings { timeout: Duration::from_millis(200), ..Settings::default() });
        let message = message(PHONE, ID);
        let failure =
            tokio::time::timeout(Duration::from_secs(10), provider.send(&message)).await.unwrap().unwrap_err();
        assert!(matches!(failure, SmsError::NoAnswer(_)), "{failure}");
        assert_discreet::<C>(&failure);
    }

    pub async fn nobody_there_is_told_apart<C: Case>() {
        let fake = C::start();
        let base_url = Some(format!("http://127.0.0.1:{}", free_port()).parse().unwrap());
        let provider = fake.provider(Settings { base_url, ..Settings::default() });
        let failure = provider.send(&message(PHONE, ID)).await.unwrap_err();
        assert!(matches!(failure, SmsError::Unreachable(_)), "{failure}");
        assert_discreet::<C>(&failure);
    }

    /// Each try has the same id; where the provider looks at it, one message goes out.
    pub async fn a_repetition_is_told<C: Case>() {
        let fake = C::start();
        let provider = fake.provider(Settings::default());
        provider.send(&message(PHONE, ID)).await.unwrap();
        if let Err(failure) = provider.send(&message(PHONE, ID)).await {
            assert_discreet::<C>(&failure);
        }
        assert_eq!(fake.taken(), if C::TELLS_REPETITIONS { 1 } else { 2 });
        provider.send(&message(PHONE, OTHER_ID)).await.unwrap();
        assert_eq!(fake.requests(), 3);
    }

    pub async fn another_key_is_refused<C: Case>() {
        let fake = C::start();
        // 24 bytes, as every one of them would take it.
        let key = Some("whsec_T3RoZXJPdGhlck90aGVyT3RoZXJPdGhl");
        let failure =
            fake.provider(Settings { key, ..Settings::default() }).send(&message(PHONE, ID)).await.unwrap_err();
        assert!(matches!(failure, SmsError::Refused(_)), "{failure}");
        assert_discreet::<C>(&failure);
        assert_eq!((fake.taken(), fake.requests()), (0, 1));
    }

    pub async fn another_time_is_refused<C: Case>() {
        let fake = C::start();
        for offset in [TimeDelta::hours(-1), TimeDelta::hours(1), TimeDelta::hours(8)] {
            let provider = fake.provider(Settings { clock: clock(offset), ..Settings::default() });
            let failure = provider.send(&message(PHONE, ID)).await.unwrap_err();
            assert!(matches!(failure, SmsError::Refused(_)), "{failure}");
            assert_discreet::<C>(&failure);
        }
        // A clock that is a little off is not.
        let provider = fake.provider(Settings { clock: clock(TimeDelta::minutes(4)), ..Settings::default() });
        provider.send(&message(PHONE, OTHER_ID)).await.unwrap();
        assert_eq!(fake.taken(), 1);
    }
}
