//! Cost of a proof of work: very low for the service, and set by `PROOF_OF_WORK_BITS` for a client.
#![expect(clippy::unwrap_used, reason = "a benchmark may panic")]

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

/// Verifies a proof, from the text of a request to the id that is valid only once.
#[divan::bench]
fn verify(bencher: Bencher<'_, '_>) {
    let (keys, now) = (Keys::derive(&[1; 32]), SystemClock.now());
    let challenge = challenge(&keys, 12).text();
    let nonce = solver::solve(&challenge, 12);
    bencher.bench_local(|| {
        let (challenge, nonce) = (Challenge::parse(black_box(&challenge)).unwrap(), Nonce::parse(&nonce).unwrap());
        Proof { challenge, nonce }.check(&keys.proof, now).unwrap()
    });
}

/// Creates a challenge for the response `proof_of_work_required`.
#[divan::bench]
fn create_challenge(bencher: Bencher<'_, '_>) {
    let keys = Keys::derive(&[1; 32]);
    bencher.bench_local(|| challenge(&keys, 18).text());
}

/// Solves a challenge with the reference solver, on one core.
#[divan::bench(args = [16, 18, 20])]
fn solve(bencher: Bencher<'_, '_>, bits: u8) {
    let keys = Keys::derive(&[1; 32]);
    let next = || challenge(&keys, bits).text();
    bencher.with_inputs(next).bench_local_refs(|challenge| solver::solve(challenge, bits.into()));
}
