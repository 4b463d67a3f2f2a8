//! Honest devices on a bad network.

use super::rng::Rng;
use super::rule::{Answer, Rule, Session};
use chrono::{DateTime, TimeDelta, Utc};
use doorstep::domain::dpop::{DpopNonce, DpopProof, ProofError, PublicUrls, Thumbprint};
use doorstep::domain::keys::Keys;
use doorstep::domain::ring::Ring;

/// One answer in ten is lost.
const LOST: u64 = 10;
/// One lost answer in fifty is noticed late: the process was killed or the phone had no network.
const NOTICED_LATE: u64 = 50;
/// App and widget refresh together in one refresh of four.
const TOGETHER: u64 = 4;
/// The phone changes its network between two refreshes once in ten times.
const OTHER_NETWORK: u64 = 10;
/// A prompt retry comes from another network once in four times: Wi-Fi to mobile is why the answer was lost.
const RETRY_MOVED: u64 = 4;
/// One device in twenty has a clock that is wrong by more than a minute.
const WRONG_CLOCK: u64 = 20;

/// Result of a simulation.
pub struct Fleet {
    pub refreshes: u64,
    /// Refreshes whose lost answer was noticed late.
    pub late: u64,
    /// Answers `use_dpop_nonce`.
    pub nonces: u64,
    pub signed_out: u64,
}

struct Phone {
    session: Session,
    token: u32,
    block: u32,
    now: i64,
}

impl Phone {
    fn new(rule: Rule, key: Option<u32>) -> Self {
        Self { session: Session::new(rule, key), token: 0, block: 1, now: 0 }
    }

    /// Refreshes once, with every fault of the network. Returns whether the answer is noticed late, or `None` when the
    /// person is signed out.
    fn refresh(&mut self, rng: &mut Rng, moved_late: u64) -> Option<bool> {
        self.now += 900 + rng.between(0, 300);
        if rng.one_in(OTHER_NETWORK) {
            self.block = self.block.wrapping_add(1);
        }
        let presented = self.token;
        let mut late = false;
        loop {
            let answer = self.send(presented)?;
            if rng.one_in(TOGETHER) {
                self.now += rng.between(0, 2);
                self.send(presented)?;
            }
            if !rng.one_in(LOST) {
                self.token = answer;
                return Some(late);
            }
            if !late && rng.one_in(NOTICED_LATE) {
                late = true;
                self.now += rng.between(900, 86_400);
                if rng.one_in(moved_late) {
                    self.block = self.block.wrapping_add(1);
                }
            } else {
                self.now += rng.between(1, 30);
                if rng.one_in(RETRY_MOVED) {
                    self.block = self.block.wrapping_add(1);
                }
            }
        }
    }

    fn send(&mut self, presented: u32) -> Option<u32> {
        match self.session.refresh(presented, self.session.key, self.block, self.now) {
            Answer::Token(token) => Some(token),
            Answer::Reused | Answer::Ended | Answer::KeyMismatch => None,
        }
    }
}

/// Simulates phones without a key. `moved_late`: one late retry in so many comes from another IP block.
pub fn unbound_fleet(rule: Rule, refreshes: u64, moved_late: u64) -> Fleet {
    let (mut rng, mut phone) = (Rng(0x5eed), Phone::new(rule, None));
    let mut fleet = Fleet { refreshes, late: 0, nonces: 0, signed_out: 0 };
    for _ in 0..refreshes {
        match phone.refresh(&mut rng, moved_late) {
            Some(late) => fleet.late += u64::from(late),
            None => {
                fleet.signed_out += 1;
                phone = Phone::new(rule, None);
            }
        }
    }
    fleet
}

/// Simulates phones with a key, some of them with a wrong clock. Each refresh has a proof, which the real rule checks.
pub fn bound_fleet(refreshes: u64, moved_late: u64) -> Fleet {
    let mut rng = Rng(0x5eed);
    let mut clocks = Clocks::new();
    let mut fleet = Fleet { refreshes, late: 0, nonces: 0, signed_out: 0 };
    let mut phone = Phone::new(Rule::WithBlocks, Some(1));
    let mut error = 0;
    for number in 0..refreshes {
        if number % 1_000 == 0 {
            phone = Phone::new(Rule::WithBlocks, Some(1));
            error = if rng.one_in(WRONG_CLOCK) { rng.between(61, 10 * 365 * 86_400) } else { rng.between(-60, 60) };
        }
        let outcome = clocks.prove(phone.now, error, &mut fleet.nonces).then(|| phone.refresh(&mut rng, moved_late));
        match outcome.flatten() {
            Some(late) => fleet.late += u64::from(late),
            None => fleet.signed_out += 1,
        }
    }
    fleet
}

/// Proofs of a phone whose clock is wrong.
struct Clocks {
    keys: Ring,
    urls: PublicUrls,
}

impl Clocks {
    fn new() -> Self {
        let mut urls = PublicUrls::default();
        urls.add("https://api.example.com").unwrap();
        Self { keys: Keys::derive(&[1; 32]).dpop_nonce, urls }
    }

    /// Tells whether the service accepts the proof, at the second time with its nonce.
    fn prove(&mut self, now: i64, error: i64, nonces: &mut u64) -> bool {
        let time = DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::seconds(now);
        match self.check(time, error, None) {
            Ok(()) => true,
            Err(ProofError::Clock) => {
                *nonces += 1;
                let nonce = DpopNonce::new(&self.keys, time).as_str().to_owned();
                self.check(time + TimeDelta::seconds(20), error, Some(nonce)).is_ok()
            }
            Err(ProofError::Invalid) => false,
        }
    }

    fn check(&self, time: DateTime<Utc>, error: i64, nonce: Option<String>) -> Result<(), ProofError> {
        let proof = DpopProof {
            key: Thumbprint::of_p256(&[1; 32], &[1; 32]),
            method: "POST".to_owned(),
            url: "https://api.example.com/v1/token/refresh".to_owned(),
            issued_at: (time.timestamp() + error) as f64,
            nonce,
        };
        proof.check(&self.urls, "/v1/token/refresh", &self.keys, time)
    }
}
