//! Cost of one captcha, drawn and encoded, in doorstep and in two other crates.

use captcha::Difficulty;
use captcha_rs::CaptchaBuilder;
use divan::{Bencher, black_box};
use doorstep_captcha::{Lines, Look, Palette, Renderer};

fn main() {
    divan::main();
}

/// A thousand images per sample, as in the benchmark of doorstep.
#[divan::bench(sample_size = 1_000)]
fn doorstep(bencher: Bencher<'_, '_>) {
    let look = Look::new("ADEHLMRTWX369".chars().collect(), 6, Lines::Two);
    let Ok(renderer) = Renderer::start(look, 1) else { return };
    renderer.fill(2);
    let mut seed = 0;
    bencher.bench_local(|| {
        seed += 1;
        renderer.draw(black_box("ADEHLM"), Palette::LIGHT, seed)
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

/// JPEG in base64, the only output of the crate.
#[divan::bench]
fn captcha_rs() -> String {
    black_box(CaptchaBuilder::new()).build().to_base64()
}
