//! What a captcha costs. Goal: drawn or spoken, and encoded, in under 1 ms of one core.

use divan::{Bencher, black_box};
use doorstep::adapters::captcha::audio;
use doorstep::adapters::captcha::draw;
use doorstep::domain::language::Language;

fn main() {
    divan::main();
}

#[divan::bench(args = ["ACEFH", "3+9=?"])]
fn draw_and_encode(bencher: Bencher<'_, '_>, text: &str) {
    let mut seed = 0;
    bencher.bench_local(|| {
        seed += 1;
        draw(black_box(text), seed)
    });
}

#[divan::bench(args = [Language::English, Language::Chinese])]
fn speak(bencher: Bencher<'_, '_>, language: &Language) {
    let mut seed = 0;
    bencher.bench_local(|| {
        seed += 1;
        audio::speak(black_box("493817"), *language, seed)
    });
}
