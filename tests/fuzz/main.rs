//! The fuzz targets as plain tests: each one gets its seeds and some thousand generated inputs, the same in every run.
//! `DOORSTEP_FUZZ_RUNS=1000000 cargo test --release --test fuzz` runs longer; `make fuzz` uses cargo-fuzz.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod corpus;
mod names;
mod targets;

use corpus::{Rng, input};
use std::panic::catch_unwind;
use targets::{TARGETS, Target};

/// Inputs for each target: some seconds in all.
const RUNS: usize = 2_000;

fn runs() -> usize {
    #[expect(clippy::disallowed_methods, reason = "a setting of the test, not of the service")]
    let runs = std::env::var("DOORSTEP_FUZZ_RUNS");
    runs.map_or(RUNS, |runs| runs.parse().unwrap())
}

fn fuzz(name: &str) {
    let Target { run, seeds, .. } = TARGETS.iter().find(|target| target.name == name).unwrap();
    let (seeds, mut rng) = (seeds(), Rng(1));
    // A hundred settings take a hundred times as long as one value.
    let runs = if name == "settings" { runs() / 20 } else { runs() };
    let generated = (0..runs).map(|_| input(&mut rng, &seeds)).collect::<Vec<_>>();
    for bytes in seeds.iter().chain(&generated) {
        let outcome = catch_unwind(|| run(bytes));
        assert!(outcome.is_ok(), "{name} failed on {:?}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn phone() {
    fuzz("phone");
}

#[test]
fn nickname() {
    fuzz("nickname");
}

#[test]
fn ticket() {
    fuzz("ticket");
}

#[test]
fn legal_documents() {
    fuzz("legal_documents");
}

#[test]
fn token() {
    fuzz("token");
}

#[test]
fn dpop_proof() {
    fuzz("dpop_proof");
}

#[test]
fn captcha_answer() {
    fuzz("captcha_answer");
}

#[test]
fn json_body() {
    fuzz("json_body");
}

#[test]
fn idempotency_key() {
    fuzz("idempotency_key");
}

#[test]
fn provider_answer() {
    fuzz("provider_answer");
}

#[test]
fn settings() {
    fuzz("settings");
}

/// cargo-fuzz needs a program and an entry in its manifest for each target; `make fuzz` starts from these seeds.
#[test]
fn every_target_has_a_program_and_seeds() {
    let manifest = include_str!("../../fuzz/Cargo.toml");
    for Target { name, seeds, .. } in &TARGETS {
        let program = format!("{}/fuzz/fuzz_targets/{name}.rs", env!("CARGO_MANIFEST_DIR"));
        let source = std::fs::read_to_string(&program).unwrap();
        assert!(source.contains(&format!("targets::{name}(data)")), "{program}");
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name} in fuzz/Cargo.toml");
        assert!(!seeds().is_empty());
    }
    assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
}

/// Writes the seeds to the corpus of cargo-fuzz: `cargo test --test fuzz -- --ignored write_seeds`.
#[test]
#[ignore = "writes files"]
fn write_seeds() {
    for Target { name, seeds, .. } in &TARGETS {
        let folder = format!("{}/fuzz/corpus/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::create_dir_all(&folder).unwrap();
        for (number, seed) in seeds().iter().enumerate() {
            std::fs::write(format!("{folder}/seed-{number}"), seed).unwrap();
        }
    }
}
