//! One letter, deformed by chance, as a small picture of one bit per pixel.

use super::Chance;
use super::bits::Bits;
use super::outline::Outline;
use rand::RngExt;
use rand::seq::IndexedRandom;
use rusttype::{Font, point, vector};
use std::f32::consts::TAU;
use std::ops::RangeInclusive;
use std::sync::LazyLock;

// Lengths are shares of the height of a capital letter; the pixels named are those of a letter of 32.

/// Of letters among themselves: 8 % either way. Much more, and a small capital passes for a large small letter.
const SIZE: RangeInclusive<f32> = 0.92..=1.08;
/// Radians: 14 degrees either way. Much more, and a plus becomes a times.
const TURN: RangeInclusive<f32> = -0.25..=0.25;
/// Sideways per height. Much more is read as italics in an upright word, and an H leans into an A.
const SHEAR: RangeInclusive<f32> = -0.12..=0.12;
/// 1.2 pixels: stems are not straight, and templates do not fit.
const WAVE_HEIGHT: f32 = 0.0375;
/// 16 to 32 pixels: one to two waves in a letter, so that no stem is a straight line.
const WAVE_LENGTH: RangeInclusive<f32> = 0.5..=1.0;
/// Wider ones, an M or W with serifs, are made narrower, and a Q, whose tail hangs below the line, lower.
const WIDEST: f32 = 1.05;
const TALLEST: f32 = 1.05;
/// 2.4 pixels: the thinnest ring that still stands out of a band's edge.
const STROKE: f32 = 0.075;
/// The rest is outlined. A machine that was trained on print knows only the filled ones.
const FILLED: f64 = 0.3;

static FONT_FILES: [&[u8]; 4] = [
    include_bytes!("../../../fonts/LiberationSans-Bold.ttf"),
    include_bytes!("../../../fonts/LiberationMono-Bold.ttf"),
    include_bytes!("../../../fonts/DejaVuSans-Bold.ttf"),
    include_bytes!("../../../fonts/DejaVuSerif-Bold.ttf"),
];
static FACES: LazyLock<Vec<Face>> = LazyLock::new(|| FONT_FILES.iter().filter_map(|file| Face::new(file)).collect());

struct Face {
    font: Font<'static>,
    /// Of a line whose capitals are one pixel high.
    line: f32,
}

impl Face {
    fn new(file: &'static [u8]) -> Option<Self> {
        let font = Font::try_from_bytes(file)?;
        let capital = Outline::letter(&font, 'H', 1_000.0).bounds()?.height();
        Some(Self { font, line: 1_000.0 / capital })
    }
}

/// A letter of this height, more or less, cut close.
pub(super) fn draw(letter: char, height: f32, chance: &mut Chance) -> Bits {
    let height = height * chance.random_range(SIZE);
    let Some(face) = FACES.choose(chance) else { return Bits::new(0, 0) };
    let mut outline = Outline::letter(&face.font, letter, height * face.line);
    deform(&mut outline, height, chance);
    if !chance.random_bool(FILLED) {
        outline = outline.stroked(height * STROKE);
    }
    cut(&mut outline)
}

fn deform(outline: &mut Outline, height: f32, chance: &mut Chance) {
    let Some(bounds) = outline.bounds() else { return };
    let middle = bounds.min + vector(bounds.width(), bounds.height()) * 0.5;
    let narrowed = (height * WIDEST / bounds.width()).min(1.0);
    let lowered = (height * TALLEST / bounds.height()).min(1.0);
    let (shear, (sin, cos)) = (chance.random_range(SHEAR), chance.random_range(TURN).sin_cos());
    let mut wave = || {
        let (length, phase) = (height * chance.random_range(WAVE_LENGTH), chance.random_range(0.0..TAU));
        move |at: f32| height * WAVE_HEIGHT * (at / length * TAU + phase).sin()
    };
    let (sideways, up) = (wave(), wave());
    outline.map(|p| {
        let arm = p - middle;
        let (x, y) = (arm.x * narrowed + arm.y * shear, arm.y * lowered);
        let (x, y) = (x * cos - y * sin, x * sin + y * cos);
        point(x + sideways(y), y + up(x))
    });
}

/// Into the smallest box of whole pixels.
fn cut(outline: &mut Outline) -> Bits {
    let Some(bounds) = outline.bounds() else { return Bits::new(0, 0) };
    let corner = point(bounds.min.x.floor(), bounds.min.y.floor());
    outline.map(|p| point(p.x - corner.x, p.y - corner.y));
    outline.fill((bounds.max.x - corner.x).ceil() as usize, (bounds.max.y - corner.y).ceil() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn drawable() -> impl Iterator<Item = char> {
        ('A'..='Z').chain('0'..='9').chain("+=?".chars())
    }

    #[test]
    fn every_typeface_has_every_character() {
        assert_eq!(FACES.len(), FONT_FILES.len());
        for face in FACES.iter() {
            assert!(drawable().all(|c| face.font.glyph(c).id().0 != 0), "0 is the box for what is missing");
        }
    }

    #[test]
    fn every_letter_leaves_ink_and_has_about_the_size_that_was_asked_for() {
        let mut chance = Chance::seed_from_u64(1);
        for letter in drawable() {
            for height in [20.0, 32.0, 64.0] {
                let bits = draw(letter, height, &mut chance);
                // Turned, pushed and swollen: never half as large again as a square around the largest letter.
                let most = (height * 1.6) as usize;
                assert!(
                    bits.width() < most && bits.height() < most,
                    "{letter} {height}: {}x{}",
                    bits.width(),
                    bits.height()
                );
                let ink = (0..bits.width()).flat_map(|x| (0..bits.height()).map(move |y| (x, y)));
                let share = ink.filter(|&(x, y)| bits.ink(x, y)).count() as f32 / (height * height);
                assert!((0.03..0.9).contains(&share), "{letter} {height}: {share}");
            }
        }
    }

    #[test]
    fn the_same_letter_looks_different_every_time() {
        let mut chance = Chance::seed_from_u64(2);
        let looks: Vec<_> = (0..20).map(|_| draw('A', 40.0, &mut chance)).collect();
        for (i, a) in looks.iter().enumerate() {
            for b in &looks[..i] {
                let rows = |bits: &Bits| {
                    (0..bits.height()).flat_map(|y| bits.row_from(0, y).collect::<Vec<_>>()).collect::<Vec<_>>()
                };
                assert_ne!(rows(a), rows(b));
            }
        }
    }

    /// Made by the same chances, so that nothing but the letter makes the difference.
    #[test]
    fn every_letter_has_a_shape_of_its_own() {
        let letters: Vec<char> = drawable().collect();
        let rows = |letter: char| {
            let bits = draw(letter, 32.0, &mut Chance::seed_from_u64(4));
            (0..bits.height()).map(|y| bits.row_from(0, y).next()).collect::<Vec<_>>()
        };
        for (i, &a) in letters.iter().enumerate() {
            assert!(letters[..i].iter().all(|&b| rows(a) != rows(b)), "{a}");
        }
    }

    #[test]
    fn what_has_no_shape_is_an_empty_picture() {
        let bits = draw(' ', 40.0, &mut Chance::seed_from_u64(3));
        assert_eq!((bits.width(), bits.height()), (0, 0));
    }
}
