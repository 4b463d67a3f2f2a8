//! Cost of an access token: signed at each sign-in and refresh, and verified at each request, mostly not for the first
//! time. Cost of a DPoP proof: verified at each sign-in and refresh of a device that has a key.
#![expect(clippy::unwrap_used, reason = "a benchmark may panic")]

#[path = "../tests/support/dpop.rs"]
mod device_key;

use chrono::{DateTime, TimeDelta, Utc};
use device_key::DeviceKey;
use divan::{Bencher, black_box};
use doorstep::adapters::dpop::Es256Proofs;
use doorstep::adapters::jwt::{KeyType, Tokens, generate_key};
use doorstep::adapters::system::{OsRandom, SystemClock};
use doorstep::domain::dpop::PublicUrls;
use doorstep::domain::keys::Keys;
use doorstep::domain::session::{AccessClaims, SessionId};
use doorstep::domain::user::UserId;
use doorstep::ports::{AccessTokens, Clock, DpopProofs};
use uuid::Uuid;

fn main() {
    divan::main();
}

fn tokens() -> Tokens {
    Tokens::from_pem(&generate_key(KeyType::Ed25519, &OsRandom), "doorstep", "doorstep").unwrap()
}

fn signed_token(tokens: &Tokens, now: DateTime<Utc>, number: u128) -> String {
    let claims = AccessClaims {
        user_id: UserId(Uuid::from_u128(1)),
        session_id: SessionId(Uuid::from_u128(2)),
        issued_at: now,
        expires_at: now + TimeDelta::minutes(15),
        token_id: Uuid::from_u128(number),
    };
    tokens.sign(&claims, None).unwrap()
}

#[divan::bench]
fn sign(bencher: Bencher<'_, '_>) {
    let (tokens, now) = (tokens(), SystemClock.now());
    bencher.bench_local(|| signed_token(&tokens, black_box(now), 3));
}

#[divan::bench]
fn verify_first_time(bencher: Bencher<'_, '_>) {
    let (tokens, now, mut number) = (tokens(), SystemClock.now(), 0);
    let next = || {
        number += 1;
        signed_token(&tokens, now, number)
    };
    bencher.with_inputs(next).bench_local_refs(|token| tokens.verify(token, now).unwrap());
}

#[divan::bench]
fn verify_again(bencher: Bencher<'_, '_>) {
    let (tokens, now) = (tokens(), SystemClock.now());
    let token = signed_token(&tokens, now, 3);
    bencher.bench_local(|| tokens.verify(black_box(&token), now).unwrap());
}

#[divan::bench]
fn verify_dpop_proof(bencher: Bencher<'_, '_>) {
    let (key, now) = (Keys::derive(&[1; 32]).dpop_nonce, SystemClock.now());
    let mut urls = PublicUrls::default();
    urls.add("https://api.example.com").unwrap();
    let proof = DeviceKey::new().proof("https://api.example.com/v1/token/refresh", now.timestamp());
    bencher.bench_local(|| {
        let read = Es256Proofs.read(black_box(&proof)).unwrap();
        read.check(&urls, "/v1/token/refresh", &key, now).unwrap();
    });
}
