//! What a proof of work costs: the service next to nothing, a client as much as the settings say.
#![expect(clippy::unwrap_used, reason = "a run that cannot measure ends")]

#[path = "../tests/support/proof.rs"]
mod solver;

use divan::{Bencher, black_box};
use doorstep::adapters::system::{OsRandom, SystemClock};
use doorstep::domain::keys::Keys;
use doorstep::domain::proof::{Challenge, Nonce, Proof};
use doorstep::ports::{Clock, Random};

fn main() {
    divan::main();
}

fn challenge(keys: &Keys, bits: u8) -> Challenge {
    let random: &dyn Random = &OsRandom;
    Challenge::new(&keys.proof, bits, SystemClock.now(), random.bytes())
}

/// From the text of a request to the name that is to be taken once.
#[divan::bench]
fn verified(bencher: Bencher<'_, '_>) {
    let (keys, now) = (Keys::derive(&[1; 32]), SystemClock.now());
    let challenge = challenge(&keys, 12).text();
    let nonce = solver::solve(&challenge, 12);
    bencher.bench_local(|| {
        let (challenge, nonce) = (Challenge::parse(black_box(&challenge)).unwrap(), Nonce::parse(&nonce).unwrap());
        Proof { challenge, nonce }.check(&keys.proof, now).unwrap()
    });
}

/// A fresh challenge for a refusal.
#[divan::bench]
fn asked_for(bencher: Bencher<'_, '_>) {
    let keys = Keys::derive(&[1; 32]);
    bencher.bench_local(|| challenge(&keys, 18).text());
}

/// By the reference solver, on one core.
#[divan::bench(args = [16, 18, 20])]
fn found(bencher: Bencher<'_, '_>, bits: u8) {
    let keys = Keys::derive(&[1; 32]);
    let another = || challenge(&keys, bits).text();
    bencher.with_inputs(another).bench_local_refs(|challenge| solver::solve(challenge, bits.into()));
}
