//! One letter, deformed at random, as a small picture with one bit per pixel.

use super::bits::Bits;
use super::outline::Outline;
use crate::rng::FastRng;
use rand::RngExt;
use rand::seq::IndexedRandom;
use rusttype::{Font, point, vector};
use std::f32::consts::TAU;
use std::ops::RangeInclusive;
use std::sync::LazyLock;

// All lengths are in heights of a capital letter. Pixels are given for a letter that is 32 pixels high.

/// Random size of a letter: 8 % more or less. With much more, a small capital looks like a large lower-case letter.
const SIZE: RangeInclusive<f32> = 0.92..=1.08;
/// Rotation in radians: 14 degrees to either side. With much more, a plus sign looks like a multiplication sign.
const ROTATION: RangeInclusive<f32> = -0.25..=0.25;
/// Sideways shift per height. With much more, a letter looks italic in an upright word, and an H looks like an A.
const SHEAR: RangeInclusive<f32> = -0.12..=0.12;
/// 1.2 pixels: stems are not straight, and templates do not match.
const WAVE_HEIGHT: f32 = 0.0375;
/// 16 to 32 pixels: a letter contains one or two waves, so that no stem is a straight line.
const WAVE_LENGTH: RangeInclusive<f32> = 0.5..=1.0;
/// Largest width before the other deformations: a wider letter, such as M or W with serifs, is made narrower.
const MAX_WIDTH: f32 = 1.05;
/// Largest height before the other deformations: a higher letter, such as Q, which extends below the line, is made
/// lower.
const MAX_HEIGHT: f32 = 1.05;
/// Width of the outline, 2.4 pixels: the thinnest outline that is still visible at the edge of a band.
const STROKE_WIDTH: f32 = 0.075;
/// Share of filled letters; the others are outlined. A machine that was trained on printed text knows only filled
/// letters.
const FILLED_SHARE: f64 = 0.3;

static FONT_FILES: [&[u8]; 4] = [
    include_bytes!("../../../../fonts/LiberationSans-Bold.ttf"),
    include_bytes!("../../../../fonts/LiberationMono-Bold.ttf"),
    include_bytes!("../../../../fonts/DejaVuSans-Bold.ttf"),
    include_bytes!("../../../../fonts/DejaVuSerif-Bold.ttf"),
];
static FACES: LazyLock<Vec<Face>> = LazyLock::new(|| FONT_FILES.iter().filter_map(|file| Face::new(file)).collect());

struct Face {
    font: Font<'static>,
    /// Line height, in pixels, at which capital letters are one pixel high.
    line_height: f32,
}

impl Face {
    fn new(file: &'static [u8]) -> Option<Self> {
        let font = Font::try_from_bytes(file)?;
        let capital = Outline::letter(&font, 'H', 1_000.0).bounds()?.height();
        Some(Self { font, line_height: 1_000.0 / capital })
    }
}

/// Draws a letter of about this height, in pixels, without a margin.
pub(super) fn draw(letter: char, height: f32, rng: &mut FastRng) -> Bits {
    let height = height * rng.random_range(SIZE);
    let Some(face) = FACES.choose(rng) else { return Bits::new(0, 0) };
    let mut outline = Outline::letter(&face.font, letter, height * face.line_height);
    deform(&mut outline, height, rng);
    if !rng.random_bool(FILLED_SHARE) {
        outline = outline.stroked(height * STROKE_WIDTH);
    }
    rasterize(&mut outline)
}

fn deform(outline: &mut Outline, height: f32, rng: &mut FastRng) {
    let Some(bounds) = outline.bounds() else { return };
    let middle = bounds.min + vector(bounds.width(), bounds.height()) * 0.5;
    let narrowed = (height * MAX_WIDTH / bounds.width()).min(1.0);
    let lowered = (height * MAX_HEIGHT / bounds.height()).min(1.0);
    let (shear, (sin, cos)) = (rng.random_range(SHEAR), rng.random_range(ROTATION).sin_cos());
    let mut wave = || {
        let (length, phase) = (height * rng.random_range(WAVE_LENGTH), rng.random_range(0.0..TAU));
        move |at: f32| height * WAVE_HEIGHT * (at / length * TAU + phase).sin()
    };
    let (sideways, up) = (wave(), wave());
    outline.map(|p| {
        let from_middle = p - middle;
        let (x, y) = (from_middle.x * narrowed + from_middle.y * shear, from_middle.y * lowered);
        let (x, y) = (x * cos - y * sin, x * sin + y * cos);
        point(x + sideways(y), y + up(x))
    });
}

/// Draws the outline in the smallest box of whole pixels.
fn rasterize(outline: &mut Outline) -> Bits {
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
            assert!(drawable().all(|c| face.font.glyph(c).id().0 != 0), "glyph 0 is the box for a missing character");
        }
    }

    #[test]
    fn every_letter_has_ink_and_about_the_requested_size() {
        let mut rng = FastRng::seed_from_u64(1);
        for letter in drawable() {
            for height in [20.0, 32.0, 64.0] {
                let bits = draw(letter, height, &mut rng);
                // A deformed letter is smaller than 1.6 times its height in both directions.
                let limit = (height * 1.6) as usize;
                assert!(
                    bits.width() < limit && bits.height() < limit,
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
    fn the_same_letter_looks_different_each_time() {
        let mut rng = FastRng::seed_from_u64(2);
        let looks: Vec<_> = (0..20).map(|_| draw('A', 40.0, &mut rng)).collect();
        for (i, a) in looks.iter().enumerate() {
            for b in &looks[..i] {
                let rows = |bits: &Bits| {
                    (0..bits.height()).flat_map(|y| bits.row_from(0, y).collect::<Vec<_>>()).collect::<Vec<_>>()
                };
                assert_ne!(rows(a), rows(b));
            }
        }
    }

    /// The seed is the same for all, so that only the letter makes a difference.
    #[test]
    fn every_letter_has_a_different_shape() {
        let letters: Vec<char> = drawable().collect();
        let rows = |letter: char| {
            let bits = draw(letter, 32.0, &mut FastRng::seed_from_u64(4));
            (0..bits.height()).map(|y| bits.row_from(0, y).next()).collect::<Vec<_>>()
        };
        for (i, &a) in letters.iter().enumerate() {
            assert!(letters[..i].iter().all(|&b| rows(a) != rows(b)), "{a}");
        }
    }

    #[test]
    fn a_character_without_a_shape_is_an_empty_picture() {
        let bits = draw(' ', 40.0, &mut FastRng::seed_from_u64(3));
        assert_eq!((bits.width(), bits.height()), (0, 0));
    }
}
