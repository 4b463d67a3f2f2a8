//! Cost of a captcha. Targets: an image drawn and encoded in under 10 µs of one core, audio in under 1 ms.
//! benches/peers measures other crates.

use divan::{Bencher, black_box};
use doorstep_captcha::{Language, Lines, Look, Palette, Renderer, speak};
use std::io;

fn main() {
    divan::main();
}

fn renderer(style: &str) -> io::Result<(Renderer, &'static str)> {
    let (characters, lines, example) = match style {
        "one_line" => ("ADEHLMRTWX369", Lines::One, "ADEHLM"),
        "arithmetic" => ("2345679+=?", Lines::Two, "47+6=?"),
        _ => ("ADEHLMRTWX369", Lines::Two, "ADEHLM"),
    };
    let look = Look::new(characters.chars().collect(), example.len(), lines);
    Ok((Renderer::start(look, 1)?, example))
}

// A thousand images per sample, because the thread that renews the pool wakes up from time to time: that cost is not
// the cost of a single image.
#[divan::bench(args = ["two_lines", "one_line", "arithmetic"], sample_size = 1_000)]
fn draw_and_encode(bencher: Bencher<'_, '_>, style: &str) {
    // If the thread for the pool cannot start, nothing is measured and the row is empty.
    let Ok((renderer, text)) = renderer(style) else { return };
    renderer.fill(2);
    let mut seed = 0;
    bencher.bench_local(|| {
        seed += 1;
        renderer.draw(black_box(text), Palette::LIGHT, seed)
    });
}

/// Runs once, before the first request.
#[divan::bench(args = ["two_lines"])]
fn create_renderer(bencher: Bencher<'_, '_>, style: &str) {
    bencher.bench_local(|| renderer(style));
}

/// Runs in the background.
#[divan::bench(args = ["two_lines"], sample_count = 10, sample_size = 1)]
fn fill_pool(bencher: Bencher<'_, '_>, style: &str) {
    let Ok((renderer, _)) = renderer(style) else { return };
    bencher.bench_local(|| renderer.fill(3));
}

#[divan::bench(args = [Language::English, Language::Mandarin])]
fn generate_audio(bencher: Bencher<'_, '_>, language: &Language) {
    let mut seed = 0;
    bencher.bench_local(|| {
        seed += 1;
        speak(black_box("493817"), *language, seed)
    });
}
