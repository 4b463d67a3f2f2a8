//! What a captcha costs. Goals: drawn and encoded in under 10 µs of one core, spoken in under 1 ms. benches/peers does the same with other crates.

use divan::{Bencher, black_box};
use doorstep::adapters::captcha::{Renderer, audio};
use doorstep::domain::captcha::{Alphabet, Lines, Look, Puzzle, Theme};
use doorstep::domain::language::Language;
use doorstep::ports::CaptchaRenderer;
use std::io;

fn main() {
    divan::main();
}

fn renderer(style: &str) -> io::Result<(Renderer, &'static str)> {
    let text = Puzzle::Text { alphabet: Alphabet::default(), length: 6 };
    let (puzzle, lines, example) = match style {
        "one_line" => (text, Lines::One, "ADEHLM"),
        "arithmetic" => (Puzzle::Arithmetic, Lines::Two, "47+6=?"),
        _ => (text, Lines::Two, "ADEHLM"),
    };
    let (width, height) = Look::usual_size(lines);
    Ok((Renderer::start(Look { lines, width, height, ..Look::default() }, &puzzle, 1)?, example))
}

// A thousand pictures a sample: the thread that renews the pool is woken now and then, and its waking is no picture's cost alone.
#[divan::bench(args = ["two_lines", "one_line", "arithmetic"], sample_size = 1_000)]
fn draw_and_encode(bencher: Bencher<'_, '_>, style: &str) {
    // Without a thread for the pool nothing is measured, and the table has an empty row.
    let Ok((renderer, text)) = renderer(style) else { return };
    renderer.fill(2);
    let mut seed = 0;
    bencher.bench_local(|| {
        seed += 1;
        renderer.draw(black_box(text), Theme::Light, seed)
    });
}

/// Before the first request.
#[divan::bench(args = ["two_lines"])]
fn start(bencher: Bencher<'_, '_>, style: &str) {
    bencher.bench_local(|| renderer(style));
}

/// In the background.
#[divan::bench(args = ["two_lines"], sample_count = 10, sample_size = 1)]
fn fill_the_pool(bencher: Bencher<'_, '_>, style: &str) {
    let Ok((renderer, _)) = renderer(style) else { return };
    bencher.bench_local(|| renderer.fill(3));
}

#[divan::bench(args = [Language::English, Language::Chinese])]
fn speak(bencher: Bencher<'_, '_>, language: &Language) {
    let mut seed = 0;
    bencher.bench_local(|| {
        seed += 1;
        audio::speak(black_box("493817"), *language, seed)
    });
}
