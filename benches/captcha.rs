//! What a captcha costs. Goal: drawn and encoded in under 1 ms of one core.

use divan::{Bencher, black_box};
use doorstep::adapters::captcha::draw;

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
