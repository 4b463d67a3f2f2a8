//! Simulated users of the service. Their apps follow docs/api.md: they repeat what failed, with the same key, and start
//! a flow again when it has ended.

mod account;
mod call;
mod codes;
mod sessions;
mod sign_up;

pub use call::http;

use crate::support::provider::Stage;
use crate::tally::Tally;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::time::sleep;

/// The scenario is over while a request has no final response.
pub struct Stopped;

pub type Step<T> = Result<T, Stopped>;

/// Servers, settings and results that all users of a scenario share.
#[derive(Clone)]
pub struct Place {
    pub http: reqwest::Client,
    pub urls: [String; 2],
    pub tally: Arc<Tally>,
    pub sms: Arc<Stage>,
    pub pause: Duration,
    pub next_phone: Arc<AtomicU32>,
}

/// An account whose sign-up was confirmed with 201.
#[derive(Debug, Clone)]
pub struct Account {
    pub id: String,
    pub phone: String,
    pub password: String,
    /// Number, password or deletion without a final response: they may be in force.
    pub uncertain: Option<Uncertain>,
    pub is_deleted: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Uncertain {
    Phone(String),
    Password(String),
    Deletion,
}

#[derive(Default)]
struct Tokens {
    access: String,
    refresh: String,
    device: String,
}

pub struct User {
    number: usize,
    http: reqwest::Client,
    /// Address of the client: limits of an IP block count each user apart.
    address: String,
    urls: [String; 2],
    replica: usize,
    tally: Arc<Tally>,
    sms: Arc<Stage>,
    pause: Duration,
    next_phone: Arc<AtomicU32>,
    keys: usize,
    random: u64,
    tokens: Tokens,
    /// The last one is in use, unless it is deleted.
    accounts: Vec<Account>,
}

impl User {
    pub fn new(number: usize, place: Place) -> Self {
        Self {
            number,
            http: place.http,
            address: format!("10.0.{}.{}", number / 250, number % 250 + 1),
            urls: place.urls,
            replica: number % 2,
            tally: place.tally,
            sms: place.sms,
            pause: place.pause,
            next_phone: place.next_phone,
            keys: 0,
            random: 0x9E37_79B9_7F4A_7C15 ^ ((number as u64 + 1) << 20),
            tokens: Tokens::default(),
            accounts: Vec::new(),
        }
    }

    /// Uses the service until the scenario is over. Returns all accounts of this user.
    pub async fn run(mut self) -> Vec<Account> {
        while !self.tally.is_over() && self.act().await.is_ok() {
            let pause = self.pause * u32::try_from(self.below(100) + 50).unwrap() / 100;
            sleep(pause).await;
        }
        self.accounts
    }

    async fn act(&mut self) -> Step<()> {
        if !self.has_account() {
            return self.sign_up().await;
        }
        match self.below(100) {
            0..30 => self.refresh().await.map(drop),
            30..50 => self.change_profile().await,
            50..62 => self.sign_in().await,
            62..72 => self.sign_in_with_code().await,
            72..80 => self.change_password().await,
            80..86 => self.change_number().await,
            86..93 => self.sign_out().await,
            _ => self.delete().await,
        }
    }

    fn has_account(&self) -> bool {
        self.accounts.last().is_some_and(|account| !account.is_deleted)
    }

    fn account(&mut self) -> &mut Account {
        self.accounts.last_mut().unwrap()
    }

    fn fresh_phone(&self) -> String {
        format!("+8613{:09}", self.next_phone.fetch_add(1, Ordering::Relaxed))
    }

    fn next_key(&mut self) -> String {
        self.keys += 1;
        format!("user-{}-request-{}", self.number, self.keys)
    }

    /// Next number of a xorshift generator: the same actions in every run.
    fn below(&mut self, bound: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % bound
    }

    /// Reports a response that no correct client should get here.
    fn unexpected(&self, action: &str, reply: &call::Reply) {
        self.tally.violation(format!("unexpected {} {} at {action}", reply.status, reply.code));
    }
}
