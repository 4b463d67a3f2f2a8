//! Properties of every picture, under all settings.

use super::*;
use ::png::{BitDepth, ColorType, Decoder};
use image::{ImageFormat, RgbImage};
use std::collections::HashSet;
use std::io::Cursor;

const LETTERS: &str = "ADEHLMRTWX369";
const SUMS: &str = "2345679+=?";

fn look(length: usize, lines: Lines, clutter: &[Clutter]) -> Look {
    Look { clutter: clutter.to_vec(), ..Look::new(LETTERS.chars().collect(), length, lines) }
}

fn start(look: Look) -> Renderer {
    Renderer::start(look, 1).unwrap()
}

fn default_renderer() -> Renderer {
    start(look(6, Lines::Two, &[Clutter::Bands]))
}

fn decoded(png: &[u8]) -> RgbImage {
    image::load_from_memory_with_format(png, ImageFormat::Png).unwrap().into_rgb8()
}

#[test]
fn every_picture_of_every_look_can_be_decoded_and_has_two_colours() {
    let every = [Clutter::Bands, Clutter::Curves, Clutter::Discs];
    for (characters, example) in [(LETTERS, "ADEH"), (LETTERS, "ADEHLM"), (LETTERS, "RTWX369A"), (SUMS, "47+6=?")] {
        let length = example.len();
        for look in [look(length, Lines::One, &every), look(length, Lines::Two, &every[..1])] {
            for (width, height) in [(look.width, look.height), (384, 288)] {
                let characters = characters.chars().collect();
                let renderer = start(Look { characters, width, height, ..look.clone() });
                for (seed, palette) in [(1, Palette::LIGHT), (2, Palette::DARK)] {
                    let picture = decoded(&renderer.draw(example, palette, seed));
                    assert_eq!((picture.width(), picture.height()), (width, height));
                    assert_eq!(picture.pixels().collect::<HashSet<_>>().len(), 2);
                }
            }
        }
    }
}

#[test]
fn the_colours_are_near_the_palette() {
    let renderer = default_renderer();
    for palette @ Palette { ink, paper } in [Palette::LIGHT, Palette::DARK] {
        let mut seen = HashSet::new();
        for seed in 0..200 {
            let picture = decoded(&renderer.draw("ADEHLM", palette, seed));
            for colour in picture.pixels() {
                let near = |wanted: [u8; 3]| {
                    wanted.iter().zip(colour.0).all(|(wanted, found)| wanted.abs_diff(found) <= Palette::TINT)
                };
                assert!(near(ink) || near(paper), "{colour:?} of {palette:?}");
                seen.insert(*colour);
            }
        }
        assert!(seen.len() > 300, "each picture has two different colours: {}", seen.len());
    }
}

/// The seed selects among the variants in the pool.
#[test]
fn two_pictures_of_the_same_text_differ() {
    let renderer = default_renderer();
    // The colours are left out, because they differ anyway.
    let rows = |seed| {
        let mut rng = FastRng::seed_from_u64(seed);
        renderer.shift_rows(&renderer.compose("ADEHLM", &mut rng), &mut rng)
    };
    assert_eq!((0..500).map(rows).collect::<HashSet<_>>().len(), 500);
}

#[test]
fn the_file_reveals_only_the_picture() {
    let renderer = default_renderer();
    let mut lengths = HashSet::new();
    for (seed, text) in ["AAAAAA", "WWWWWW", "369369", "ADEHLM"].into_iter().enumerate() {
        let png = renderer.draw(text, Palette::LIGHT, seed as u64);
        lengths.insert(png.len());
        assert_eq!(chunks(&png), ["IHDR", "PLTE", "IDAT", "IEND"]);
        let reader = Decoder::new(Cursor::new(&png)).read_info().unwrap();
        assert_eq!(reader.info().bit_depth, BitDepth::One);
        assert_eq!(reader.info().color_type, ColorType::Indexed);
    }
    assert_eq!(lengths.len(), 1, "all files have the same size: {lengths:?}");
    assert!(lengths.iter().all(|&length| length < 4_000), "{lengths:?}");
}

/// Names of the chunks. After the signature of the file, each chunk is: length, name, data of this length, checksum.
fn chunks(png: &[u8]) -> Vec<String> {
    let (mut names, mut rest) = (Vec::new(), &png[8..]);
    while let [a, b, c, d, after @ ..] = rest {
        let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
        names.push(String::from_utf8_lossy(&after[..4]).into_owned());
        rest = &after[4 + length + 4..];
    }
    names
}

/// The tests in `glyph` prove that the letters differ.
#[test]
fn every_letter_of_the_alphabet_is_drawn() {
    let renderer = default_renderer();
    let empty = ink(&renderer.compose("", &mut FastRng::seed_from_u64(1)));
    assert_eq!(empty, ink(&renderer.compose("漢字", &mut FastRng::seed_from_u64(1))), "other characters are ignored");
    let plain = start(look(6, Lines::Two, &[]));
    for letter in LETTERS.chars() {
        for seed in 0..20 {
            let canvas = plain.compose(&letter.to_string().repeat(6), &mut FastRng::seed_from_u64(seed));
            // Six letters with at least 5 % of a square of 32 pixels each.
            assert!(ink(&canvas) > 300, "{letter}");
        }
    }
}

fn ink(canvas: &Bits) -> usize {
    (0..canvas.height()).map(|y| (0..canvas.width()).filter(|&x| canvas.ink(x, y)).count()).sum()
}

/// No part of a letter is lost at the sides: a file has as much ink as the canvas, which is wider.
#[test]
fn letters_are_completely_inside() {
    for (lines, length, scale) in
        [(Lines::One, 6, 1), (Lines::Two, 4, 1), (Lines::Two, 6, 1), (Lines::Two, 8, 1), (Lines::Two, 6, 2)]
    {
        let look = look(length, lines, &[]);
        let look = Look { width: look.width * scale, height: look.height * scale, ..look };
        let renderer = start(look);
        for seed in 0..200 {
            let text: String = "WM6X9DRAEHLT3".chars().cycle().skip(seed as usize % 13).take(length).collect();
            let mut rng = FastRng::seed_from_u64(seed);
            let canvas = renderer.compose(&text, &mut rng);
            let drawn: u32 = renderer.shift_rows(&canvas, &mut rng).iter().map(|byte| byte.count_ones()).sum();
            assert_eq!(drawn as usize, ink(&canvas), "{text} with seed {seed}, {scale} times as large");
        }
    }
}

/// The worst case: the largest letters, the longest alphabet and all patterns.
#[test]
fn the_largest_pool_takes_less_than_4_mb() {
    let every = [Clutter::Bands, Clutter::Curves, Clutter::Discs];
    for (lines, width, height) in [(Lines::Two, 192, 144), (Lines::Two, 384, 288), (Lines::One, 384, 288)] {
        let characters = ('A'..='Z').chain('0'..='9').collect();
        let recipe = Recipe::new(&Look { characters, width, height, ..look(4, lines, &every) });
        let bytes = Pool::new(&recipe, &mut FastRng::seed_from_u64(1)).bytes_when_full(&recipe);
        assert!((500_000..4_000_000).contains(&bytes), "{bytes} bytes");
    }
}

/// The thread adds a round after a picture, and none without one.
#[test]
fn the_pool_grows_while_pictures_are_drawn() {
    let renderer = default_renderer();
    let variants = || renderer.pool.read().unwrap().variants('A');
    assert_eq!(variants(), 1);
    drop(renderer.draw("ADEHLM", Palette::LIGHT, 1));
    while variants() == 1 {
        thread::yield_now();
    }
}

/// Texts that no policy produces do not cause a panic.
#[test]
fn unusual_texts_are_drawn() {
    let renderer = default_renderer();
    for text in ["", "A", "ADEHLMRTWX369ADEHLMRTWX369", "\0\n", "漢字 é"] {
        decoded(&renderer.draw(text, Palette::DARK, 5));
    }
}
