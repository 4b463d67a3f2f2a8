//! `adapters::sms::router`: failover and circuit breaker. The test sets the result of each provider.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use doorstep::adapters::sms::circuit_breaker::CircuitBreaker;
use doorstep::adapters::sms::router::{Router, Routes};
use doorstep::adapters::sms::{PhoneLimits, Provider};
use doorstep::adapters::staging::memory::MemoryStaging;
use doorstep::adapters::telemetry::Prometheus;
use doorstep::domain::flow::Purpose;
use doorstep::domain::keys::Keys;
use doorstep::domain::message::Content;
use doorstep::domain::otp::OneTimeCode;
use doorstep::domain::phone::{Phone, Region};
use doorstep::domain::texts::{TextLanguage, Texts};
use doorstep::ports::{Clock, Message, Sms, SmsError};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A provider that returns the result set by the test, and records the id of each message.
struct FakeProvider {
    name: &'static str,
    result: Mutex<Result<(), SmsError>>,
    requests: Mutex<Vec<String>>,
}

struct TestClock(Mutex<DateTime<Utc>>);

struct Fixture {
    providers: [Arc<FakeProvider>; 3],
    clock: Arc<TestClock>,
    telemetry: Arc<Prometheus>,
    router: Router,
}

#[async_trait]
impl Provider for FakeProvider {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn send(&self, message: &Message) -> Result<(), SmsError> {
        self.requests.lock().unwrap().push(message.id.clone());
        self.result.lock().unwrap().clone()
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

fn fixture(after_no_answer: bool) -> Fixture {
    let provider = |name| Arc::new(FakeProvider { name, result: Mutex::new(Ok(())), requests: Mutex::default() });
    let providers = ["one", "two", "three"].map(provider);
    let clock = Arc::new(TestClock(Mutex::new("2026-11-21T12:00:00Z".parse().unwrap())));
    let telemetry = Arc::new(Prometheus::new(prometheus_client::metrics::counter::Counter::default()));
    let routes = Routes { each: vec!["one", "two"], own: BTreeMap::from([(Region::US, vec!["three", "one"])]) };
    let all = providers.iter().map(|provider| Arc::clone(provider) as Arc<dyn Provider>).collect();
    let staging = Arc::new(MemoryStaging::new(clock.clone()));
    let phone_limits = PhoneLimits::new(staging, Keys::derive(&[1; 32]).phone_hash);
    let router = Router::new(all, routes, after_no_answer, phone_limits, clock.clone(), telemetry.clone());
    Fixture { providers, clock, telemetry, router }
}

fn message(to: &str, id: &str) -> Message {
    let to = Phone::from_stored(to.to_owned()).unwrap();
    let content = Content::Code { purpose: Purpose::Register, code: OneTimeCode::parse("042137").unwrap(), minutes: 5 };
    Message::new(&Texts::built_in("Acme"), TextLanguage::default(), to, content, None, id.to_owned())
}

const CHINESE_PHONE: &str = "+8613800138000";
const AMERICAN_PHONE: &str = "+14155552671";

impl Fixture {
    fn set_result(&self, provider: usize, result: Result<(), SmsError>) {
        *self.providers[provider].result.lock().unwrap() = result;
    }

    /// Sends a message. Returns the provider that sent it, and the number of requests so far to each provider.
    async fn send(&self, to: &str) -> (Result<&'static str, SmsError>, [usize; 3]) {
        let id = format!("{:032}", self.requests().iter().sum::<usize>());
        let sent = self.router.send(&message(to, &id)).await.map(|sent| sent.provider);
        (sent, self.requests())
    }

    fn requests(&self) -> [usize; 3] {
        self.providers.each_ref().map(|provider| provider.requests.lock().unwrap().len())
    }

    fn advance(&self, by: TimeDelta) {
        *self.clock.0.lock().unwrap() += by;
    }
}

fn refused() -> Result<(), SmsError> {
    Err(SmsError::Refused("refused".to_owned()))
}

fn unreachable() -> Result<(), SmsError> {
    Err(SmsError::Unreachable("connection refused".to_owned()))
}

fn no_answer() -> Result<(), SmsError> {
    Err(SmsError::NoAnswer("timeout".to_owned()))
}

#[tokio::test]
async fn each_region_has_its_own_order_of_providers() {
    let fixture = fixture(false);
    assert!(matches!(fixture.send(CHINESE_PHONE).await, (Ok("one"), [1, 0, 0])));
    assert!(matches!(fixture.send(AMERICAN_PHONE).await, (Ok("three"), [1, 0, 1])));
    fixture.set_result(2, refused());
    assert!(matches!(fixture.send(AMERICAN_PHONE).await, (Ok("one"), [2, 0, 2])));
}

#[tokio::test]
async fn the_next_provider_sends_a_message_that_was_certainly_not_sent() {
    for result in [refused(), unreachable()] {
        let fixture = fixture(false);
        fixture.set_result(0, result.clone());
        assert!(matches!(fixture.send(CHINESE_PHONE).await, (Ok("two"), [1, 1, 0])));
        // Both get the same message, so a late delivery contains the same code.
        let requests = fixture.providers.each_ref().map(|provider| provider.requests.lock().unwrap().clone());
        assert_eq!(requests[0], requests[1]);
        fixture.set_result(1, result);
        assert!(matches!(
            fixture.send(CHINESE_PHONE).await,
            (Err(SmsError::Refused(_) | SmsError::Unreachable(_)), [2, 2, 0])
        ));
    }
}

#[tokio::test]
async fn no_other_provider_sends_a_message_that_may_have_been_sent() {
    let fixture = fixture(false);
    fixture.set_result(0, no_answer());
    assert!(matches!(fixture.send(CHINESE_PHONE).await, (Err(SmsError::NoAnswer(_)), [1, 0, 0])));
}

#[tokio::test]
async fn failover_after_no_answer_is_a_setting() {
    let fixture = fixture(true);
    fixture.set_result(0, no_answer());
    assert!(matches!(fixture.send(CHINESE_PHONE).await, (Ok("two"), [1, 1, 0])));
    // After a later refusal the message may still have been sent by the first provider.
    fixture.set_result(1, refused());
    assert!(matches!(fixture.send(CHINESE_PHONE).await, (Err(SmsError::NoAnswer(_)), [2, 2, 0])));
}

#[tokio::test]
async fn the_circuit_breaker_opens_after_failures_and_closes_after_a_success() {
    let fixture = fixture(false);
    fixture.set_result(0, unreachable());
    let failures = CircuitBreaker::FAILURES as usize;
    for n in 1..=failures {
        assert!(matches!(fixture.send(CHINESE_PHONE).await, (Ok("two"), [requests, _, 0]) if requests == n));
    }
    assert!(fixture.telemetry.text().contains("doorstep_sms_circuit_open{provider=\"one\"} 1"));
    for _ in 0..10 {
        assert!(
            matches!(fixture.send(CHINESE_PHONE).await, (Ok("two"), [requests, _, 0]) if requests == failures),
            "the circuit breaker is open"
        );
    }
    fixture.advance(CircuitBreaker::TEST_EVERY);
    assert!(matches!(fixture.send(CHINESE_PHONE).await, (Ok("two"), [requests, _, 0]) if requests == failures + 1));
    assert!(matches!(fixture.send(CHINESE_PHONE).await, (Ok("two"), [requests, _, 0]) if requests == failures + 1));
    fixture.set_result(0, Ok(()));
    fixture.advance(CircuitBreaker::TEST_EVERY);
    assert!(matches!(fixture.send(CHINESE_PHONE).await, (Ok("one"), _)));
    assert!(matches!(fixture.send(CHINESE_PHONE).await, (Ok("one"), _)));
    assert!(fixture.telemetry.text().contains("doorstep_sms_circuit_open{provider=\"one\"} 0"));
}

/// An attacker could otherwise stop a provider for all users, by requesting codes to numbers that the provider refuses.
#[tokio::test]
async fn refusals_do_not_open_the_circuit_breaker() {
    let fixture = fixture(false);
    fixture.set_result(0, refused());
    for n in 1..=20 {
        assert!(matches!(fixture.send(CHINESE_PHONE).await, (Ok("two"), [requests, _, 0]) if requests == n));
    }
}

#[tokio::test]
async fn with_all_circuit_breakers_open_a_message_is_certainly_not_sent() {
    let fixture = fixture(false);
    fixture.set_result(0, unreachable());
    fixture.set_result(1, unreachable());
    for _ in 0..CircuitBreaker::FAILURES {
        fixture.send(CHINESE_PHONE).await.0.unwrap_err();
    }
    let before = fixture.requests();
    let (sent, requests) = fixture.send(CHINESE_PHONE).await;
    assert!(matches!(sent, Err(SmsError::Unreachable(_))), "the message can be refunded");
    assert_eq!(requests, before);
}

fn phone_limited(seconds: u64) -> Result<(), SmsError> {
    Err(SmsError::PhoneLimited { reason: "daily limit".to_owned(), retry_after: Duration::from_secs(seconds) })
}

const OTHER_PHONE: &str = "+8613800138001";

#[tokio::test]
async fn a_provider_that_refuses_a_phone_for_some_time_is_not_called_for_it_meanwhile() {
    let fixture = fixture(false);
    fixture.set_result(0, phone_limited(600));
    assert!(matches!(fixture.send(CHINESE_PHONE).await, (Ok("two"), [1, 1, 0])));
    fixture.set_result(0, Ok(()));
    assert!(matches!(fixture.send(CHINESE_PHONE).await, (Ok("two"), [1, 2, 0])));
    assert!(matches!(fixture.send(OTHER_PHONE).await, (Ok("one"), [2, 2, 0])));
    fixture.advance(TimeDelta::seconds(601));
    assert!(matches!(fixture.send(CHINESE_PHONE).await, (Ok("one"), [3, 2, 0])));
}

#[tokio::test]
async fn a_phone_is_limited_only_if_every_provider_refuses_it_for_some_time() {
    let fixture = fixture(false);
    let wait = |sent: Result<&'static str, SmsError>| match sent {
        Err(SmsError::PhoneLimited { retry_after, .. }) => Some(retry_after.as_secs()),
        _ => None,
    };
    fixture.set_result(0, phone_limited(600));
    fixture.set_result(1, unreachable());
    // The second provider may be well again at once.
    assert!(matches!(fixture.send(CHINESE_PHONE).await, (Err(SmsError::Unreachable(_)), [1, 1, 0])));
    fixture.set_result(1, phone_limited(60));
    assert_eq!(wait(fixture.send(CHINESE_PHONE).await.0), Some(60));
    fixture.advance(TimeDelta::seconds(20));
    let (sent, requests) = fixture.send(CHINESE_PHONE).await;
    assert_eq!((wait(sent), requests), (Some(40), [1, 2, 0]), "a call, or another wait");
    // A limit of a phone is an answer: it opens no circuit breaker.
    for n in 0..10 {
        fixture.send(&format!("+86138001390{n:02}")).await.0.unwrap_err();
    }
    fixture.set_result(0, Ok(()));
    assert!(matches!(fixture.send(OTHER_PHONE).await.0, Ok("one")));
}

#[tokio::test]
async fn an_open_circuit_breaker_is_no_limit_of_the_phone() {
    let fixture = fixture(false);
    fixture.set_result(0, phone_limited(600));
    fixture.set_result(1, unreachable());
    for n in 0..CircuitBreaker::FAILURES {
        fixture.send(&format!("+86138001390{n:02}")).await.0.unwrap_err();
    }
    let (sent, _) = fixture.send(CHINESE_PHONE).await;
    assert!(matches!(sent, Err(SmsError::Unreachable(_))), "{sent:?}");
}
