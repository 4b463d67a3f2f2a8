//! What one captcha costs, drawn and encoded, here and in the crates that one would otherwise take.

use captcha::Difficulty;
use captcha_rs::CaptchaBuilder;
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

#[divan::bench]
fn doorstep(bencher: Bencher<'_, '_>) {
    let mut seed = 0;
    bencher.bench_local(|| {
        seed += 1;
        doorstep::adapters::captcha::draw(black_box("ACEFH"), seed)
    });
}

#[divan::bench]
fn captcha_easy() -> Option<Vec<u8>> {
    captcha::generate(black_box(Difficulty::Easy)).as_png()
}

#[divan::bench]
fn captcha_medium() -> Option<Vec<u8>> {
    captcha::generate(black_box(Difficulty::Medium)).as_png()
}

/// JPEG, in base64: the crate's only output.
#[divan::bench]
fn captcha_rs() -> String {
    black_box(CaptchaBuilder::new()).build().to_base64()
}
