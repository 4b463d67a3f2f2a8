//! What an access token costs: made at each sign-in and refresh, checked at each request, most of them not for the first time.
#![expect(clippy::unwrap_used, reason = "a run that cannot measure ends")]

use chrono::{DateTime, TimeDelta, Utc};
use divan::{Bencher, black_box};
use doorstep::adapters::jwt::{Tokens, generate_key};
use doorstep::adapters::system::{OsRandom, SystemClock};
use doorstep::domain::session::{AccessClaims, SessionId};
use doorstep::domain::user::UserId;
use doorstep::ports::{AccessTokens, Clock};
use uuid::Uuid;

fn main() {
    divan::main();
}

fn tokens() -> Tokens {
    Tokens::from_pem(&generate_key(&OsRandom), "doorstep", "doorstep").unwrap()
}

fn sign(tokens: &Tokens, now: DateTime<Utc>, number: u128) -> String {
    let claims = AccessClaims {
        user_id: UserId(Uuid::from_u128(1)),
        session_id: SessionId(Uuid::from_u128(2)),
        issued_at: now,
        expires_at: now + TimeDelta::minutes(15),
        token_id: Uuid::from_u128(number),
    };
    tokens.sign(&claims).unwrap()
}

#[divan::bench]
fn signed(bencher: Bencher<'_, '_>) {
    let (tokens, now) = (tokens(), SystemClock.now());
    bencher.bench_local(|| sign(&tokens, black_box(now), 3));
}

#[divan::bench]
fn verified_for_the_first_time(bencher: Bencher<'_, '_>) {
    let (tokens, now, mut number) = (tokens(), SystemClock.now(), 0);
    let another = || {
        number += 1;
        sign(&tokens, now, number)
    };
    bencher.with_inputs(another).bench_local_refs(|token| tokens.verify(token, now).unwrap());
}

#[divan::bench]
fn verified_again(bencher: Bencher<'_, '_>) {
    let (tokens, now) = (tokens(), SystemClock.now());
    let token = sign(&tokens, now, 3);
    bencher.bench_local(|| tokens.verify(black_box(&token), now).unwrap());
}
