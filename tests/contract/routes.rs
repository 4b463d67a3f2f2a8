//! `adapters::sms::router`: who carries a message when somebody does not. The providers here say what the test tells them.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use doorstep::adapters::sms::Provider;
use doorstep::adapters::sms::circuit_breaker::CircuitBreaker;
use doorstep::adapters::sms::router::{Router, Routes};
use doorstep::adapters::telemetry::Prometheus;
use doorstep::domain::flow::Purpose;
use doorstep::domain::language::Language;
use doorstep::domain::message::Content;
use doorstep::domain::otp::OneTimeCode;
use doorstep::domain::phone::{Phone, Region};
use doorstep::ports::{Clock, Message, Sms, SmsError};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Answers as it is told, and remembers what it was asked.
struct Scripted {
    name: &'static str,
    says: Mutex<Result<(), SmsError>>,
    asked: Mutex<Vec<String>>,
}

struct MovedClock(Mutex<DateTime<Utc>>);

struct Fixture {
    providers: [Arc<Scripted>; 3],
    clock: Arc<MovedClock>,
    telemetry: Arc<Prometheus>,
    router: Router,
}

#[async_trait]
impl Provider for Scripted {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn send(&self, message: &Message) -> Result<(), SmsError> {
        self.asked.lock().unwrap().push(message.id.clone());
        self.says.lock().unwrap().clone()
    }
}

impl Clock for MovedClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

fn fixture(after_no_answer: bool) -> Fixture {
    let provider = |name| Arc::new(Scripted { name, says: Mutex::new(Ok(())), asked: Mutex::default() });
    let providers = ["one", "two", "three"].map(provider);
    let clock = Arc::new(MovedClock(Mutex::new("2026-11-21T12:00:00Z".parse().unwrap())));
    let telemetry = Arc::new(Prometheus::new());
    let routes = Routes { each: vec!["one", "two"], own: BTreeMap::from([(Region::US, vec!["three", "one"])]) };
    let all = providers.iter().map(|provider| Arc::clone(provider) as Arc<dyn Provider>).collect();
    let router = Router::new(all, routes, after_no_answer, clock.clone(), telemetry.clone());
    Fixture { providers, clock, telemetry, router }
}

fn message(to: &str, id: &str) -> Message {
    Message {
        to: Phone::from_stored(to.to_owned()).unwrap(),
        content: Content::Code { purpose: Purpose::Register, code: OneTimeCode::parse("042137").unwrap(), minutes: 5 },
        language: Language::English,
        autofill: None,
        id: id.to_owned(),
    }
}

const CHINA: &str = "+8613800138000";
const AMERICA: &str = "+14155552671";

impl Fixture {
    fn says(&self, at: usize, says: Result<(), SmsError>) {
        *self.providers[at].says.lock().unwrap() = says;
    }

    /// Sends, and says who carried it and how often each provider has been asked so far.
    async fn send(&self, to: &str) -> (Result<&'static str, SmsError>, [usize; 3]) {
        let id = format!("{:032}", self.asked().iter().sum::<usize>());
        let sent = self.router.send(&message(to, &id)).await.map(|sent| sent.provider);
        (sent, self.asked())
    }

    fn asked(&self) -> [usize; 3] {
        self.providers.each_ref().map(|provider| provider.asked.lock().unwrap().len())
    }

    fn advance(&self, by: TimeDelta) {
        *self.clock.0.lock().unwrap() += by;
    }
}

fn refused() -> Result<(), SmsError> {
    Err(SmsError::Refused("no".to_owned()))
}

fn unreachable() -> Result<(), SmsError> {
    Err(SmsError::Unreachable("nobody there".to_owned()))
}

fn no_answer() -> Result<(), SmsError> {
    Err(SmsError::NoAnswer("timeout".to_owned()))
}

#[tokio::test]
async fn every_region_has_its_own_order() {
    let fixture = fixture(false);
    assert!(matches!(fixture.send(CHINA).await, (Ok("one"), [1, 0, 0])));
    assert!(matches!(fixture.send(AMERICA).await, (Ok("three"), [1, 0, 1])));
    fixture.says(2, refused());
    assert!(matches!(fixture.send(AMERICA).await, (Ok("one"), [2, 0, 2])));
}

#[tokio::test]
async fn the_next_is_asked_when_the_one_before_surely_did_not_send() {
    for says in [refused(), unreachable()] {
        let fixture = fixture(false);
        fixture.says(0, says.clone());
        assert!(matches!(fixture.send(CHINA).await, (Ok("two"), [1, 1, 0])));
        // Both carry the same message: whichever delivers late, the code is the same.
        let asked = fixture.providers.each_ref().map(|provider| provider.asked.lock().unwrap().clone());
        assert_eq!(asked[0], asked[1]);
        fixture.says(1, says);
        assert!(matches!(fixture.send(CHINA).await, (Err(SmsError::Refused(_) | SmsError::Unreachable(_)), [2, 2, 0])));
    }
}

#[tokio::test]
async fn nobody_else_is_asked_when_it_may_have_gone_out() {
    let fixture = fixture(false);
    fixture.says(0, no_answer());
    assert!(matches!(fixture.send(CHINA).await, (Err(SmsError::NoAnswer(_)), [1, 0, 0])));
}

#[tokio::test]
async fn by_setting_the_next_is_asked_then_too() {
    let fixture = fixture(true);
    fixture.says(0, no_answer());
    assert!(matches!(fixture.send(CHINA).await, (Ok("two"), [1, 1, 0])));
    // A later refusal does not make it certain that nothing went out.
    fixture.says(1, refused());
    assert!(matches!(fixture.send(CHINA).await, (Err(SmsError::NoAnswer(_)), [2, 2, 0])));
}

#[tokio::test]
async fn who_does_not_answer_is_left_alone_and_tried_again_later() {
    let fixture = fixture(false);
    fixture.says(0, unreachable());
    let failures = CircuitBreaker::FAILURES as usize;
    for n in 1..=failures {
        assert!(matches!(fixture.send(CHINA).await, (Ok("two"), [asked, _, 0]) if asked == n));
    }
    assert!(fixture.telemetry.text().contains("doorstep_sms_circuit_open{provider=\"one\"} 1"));
    for _ in 0..10 {
        assert!(
            matches!(fixture.send(CHINA).await, (Ok("two"), [asked, _, 0]) if asked == failures),
            "nobody waits for it"
        );
    }
    fixture.advance(CircuitBreaker::OPEN_FOR);
    assert!(matches!(fixture.send(CHINA).await, (Ok("two"), [asked, _, 0]) if asked == failures + 1));
    assert!(matches!(fixture.send(CHINA).await, (Ok("two"), [asked, _, 0]) if asked == failures + 1));
    fixture.says(0, Ok(()));
    fixture.advance(CircuitBreaker::OPEN_FOR);
    assert!(matches!(fixture.send(CHINA).await, (Ok("one"), _)));
    assert!(matches!(fixture.send(CHINA).await, (Ok("one"), _)));
    assert!(fixture.telemetry.text().contains("doorstep_sms_circuit_open{provider=\"one\"} 0"));
}

/// Else whoever asks for codes to numbers that a provider refuses would switch it off for everybody.
#[tokio::test]
async fn refusals_do_not_open_the_breaker() {
    let fixture = fixture(false);
    fixture.says(0, refused());
    for n in 1..=20 {
        assert!(matches!(fixture.send(CHINA).await, (Ok("two"), [asked, _, 0]) if asked == n));
    }
}

#[tokio::test]
async fn with_nobody_left_nothing_has_gone_out() {
    let fixture = fixture(false);
    fixture.says(0, unreachable());
    fixture.says(1, unreachable());
    for _ in 0..CircuitBreaker::FAILURES {
        fixture.send(CHINA).await.0.unwrap_err();
    }
    let before = fixture.asked();
    let (sent, asked) = fixture.send(CHINA).await;
    assert!(matches!(sent, Err(SmsError::Unreachable(_))), "it can be refunded");
    assert_eq!(asked, before);
}
