//! Draws captchas: letters of two typefaces, each turned and sized by chance, bent together along two waves, fitted
//! into the picture, then scratched and speckled.
//!
//! All of it is done to outlines, which are rasterised once; bending pixels instead costs ten times as much.

pub mod audio;
mod outline;

use super::bulkhead::Bulkhead;
use crate::ports::{CaptchaRenderer, Dependency, Failure};
use async_trait::async_trait;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, GrayImage, ImageEncoder, ImageError, ImageResult, Luma};
use imageproc::drawing::draw_cubic_bezier_curve_mut;
use outline::Outline;
use rand::rngs::Xoshiro256PlusPlus;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rusttype::{Font, point, vector};
use std::f32::consts::TAU;
use std::ops::RangeInclusive;
use std::sync::LazyLock;

/// Size of every picture, in pixels.
pub const WIDTH: u32 = 160;
pub const HEIGHT: u32 = 60;

// The recipe. Lengths are in pixels; those of the letters hold before the text is fitted into the picture.
const LETTER_HEIGHT: RangeInclusive<f32> = 38.0..=46.0;
/// Radians: 14 degrees either way. Much more, and a plus becomes a times.
const TURN: RangeInclusive<f32> = -0.25..=0.25;
/// Between neighbours. Letters that touch hide serifs and bars: an E becomes an F.
const GAP: RangeInclusive<f32> = 1.0..=4.0;
/// A letter up or down.
const HOP: RangeInclusive<f32> = -5.0..=5.0;
const WAVE_HEIGHT: RangeInclusive<f32> = 1.5..=3.0;
const WAVE_LENGTH: RangeInclusive<f32> = 60.0..=110.0;
/// Free of letters on all four sides.
const MARGIN: f32 = 4.0;
/// The most that a short text grows.
const LARGEST: f32 = 1.25;
/// Grey levels, 0 being black.
const INK: RangeInclusive<u8> = 0..=80;
const PAPER: RangeInclusive<u8> = 215..=255;
/// Of ink, and as many again of paper.
const SCRATCHES: usize = 2;
const SPECKLES: usize = 95;

/// Drawings that may wait, per thread: at well under 0.1 ms each, the last of them waits about 20 ms.
const QUEUE: usize = 256;

/// Looks only: the text comes from the caller's secure source.
type Chance = Xoshiro256PlusPlus;

static FONT_FILES: [&[u8]; 2] =
    [include_bytes!("../../../fonts/DejaVuSansMono-Bold.ttf"), include_bytes!("../../../fonts/DejaVuSerif-Bold.ttf")];
static FACES: LazyLock<Vec<Font<'static>>> =
    LazyLock::new(|| FONT_FILES.iter().filter_map(|file| Font::try_from_bytes(file)).collect());

/// Draws on the runtime's blocking threads, a bounded number at a time.
pub struct Renderer {
    bulkhead: Bulkhead,
}

impl Renderer {
    /// Draws on at most `threads` threads at once, and on one if that is 0.
    #[must_use]
    pub fn new(threads: usize) -> Self {
        let threads = threads.max(1);
        Self { bulkhead: Bulkhead::new(Dependency::Drawing, threads, threads * QUEUE) }
    }
}

#[async_trait]
impl CaptchaRenderer for Renderer {
    async fn draw(&self, text: String, seed: u64) -> Result<Vec<u8>, Failure> {
        let broken = |error: ImageError| Failure::Broken { dependency: Dependency::Drawing, reason: error.to_string() };
        self.bulkhead.run(move || draw(&text, seed)).await?.map_err(broken)
    }
}

/// An 8-bit grey PNG of [`WIDTH`] x [`HEIGHT`]. The same text and seed give the same bytes. Any text will do: a long one
/// shrinks until it fits, a character that the typefaces lack becomes their box for it.
///
/// # Errors
/// None is known: the encoder writes to memory.
pub fn draw(text: &str, seed: u64) -> ImageResult<Vec<u8>> {
    let mut chance = Chance::seed_from_u64(seed);
    let (ink, paper) = (chance.random_range(INK), chance.random_range(PAPER));
    let mut picture = paint(&compose(text, &mut chance), ink, paper);
    for shade in [ink, paper] {
        scratch(&mut picture, shade, &mut chance);
        speckle(&mut picture, shade, &mut chance);
    }
    encode(&picture)
}

/// The text as it stands in the picture: wholly inside the margins.
fn compose(text: &str, chance: &mut Chance) -> Outline {
    let mut line = Outline::default();
    let mut right = 0.0;
    for letter in text.chars() {
        let mut letter = turned(letter, chance);
        let Some(bounds) = letter.bounds() else {
            right += LETTER_HEIGHT.start() / 3.0;
            continue;
        };
        let left = right + chance.random_range(GAP);
        let shift = vector(left - bounds.min.x, chance.random_range(HOP));
        letter.map(|p| p + shift);
        line.append(letter);
        right = left + bounds.width();
    }
    bend(&mut line, chance);
    fit(&mut line, chance);
    line
}

/// A letter, turned about its middle.
fn turned(letter: char, chance: &mut Chance) -> Outline {
    let height = chance.random_range(LETTER_HEIGHT);
    let (sin, cos) = chance.random_range(TURN).sin_cos();
    let mut outline = FACES.choose(chance).map(|face| Outline::letter(face, letter, height)).unwrap_or_default();
    if let Some(bounds) = outline.bounds() {
        let middle = bounds.min + vector(bounds.width(), bounds.height()) * 0.5;
        outline.map(|p| {
            let arm = p - middle;
            middle + vector(arm.x * cos - arm.y * sin, arm.x * sin + arm.y * cos)
        });
    }
    outline
}

/// Along one wave up and down, along another to and fro.
fn bend(line: &mut Outline, chance: &mut Chance) {
    let mut wave = || {
        let (height, length) = (chance.random_range(WAVE_HEIGHT), chance.random_range(WAVE_LENGTH));
        let phase = chance.random_range(0.0..TAU);
        move |at: f32| height * (at / length * TAU + phase).sin()
    };
    let (up, sideways) = (wave(), wave());
    line.map(|p| point(p.x + sideways(p.y), p.y + up(p.x)));
}

/// Scales the whole line to the room inside the margins and puts it anywhere there.
fn fit(line: &mut Outline, chance: &mut Chance) {
    let Some(bounds) = line.bounds() else { return };
    let room = vector(WIDTH as f32, HEIGHT as f32) - vector(MARGIN, MARGIN) * 2.0;
    let scale = (room.x / bounds.width()).min(room.y / bounds.height()).min(LARGEST);
    let free = room - vector(bounds.width(), bounds.height()) * scale;
    let corner = point(MARGIN + free.x * chance.random::<f32>(), MARGIN + free.y * chance.random::<f32>());
    line.map(|p| corner + (p - bounds.min) * scale);
}

fn paint(line: &Outline, ink: u8, paper: u8) -> GrayImage {
    let mut picture = GrayImage::new(WIDTH, HEIGHT);
    let (ink, paper) = (f32::from(ink), f32::from(paper));
    for (pixel, cover) in picture.iter_mut().zip(line.coverage(WIDTH, HEIGHT)) {
        // Half a level up and cut off: `round` is a library call on plain x86-64, 12 µs of a picture.
        *pixel = (paper + (ink - paper) * cover + 0.5) as u8;
    }
    picture
}

/// Curves from edge to edge: those of ink join letters, those of paper cut them.
fn scratch(picture: &mut GrayImage, shade: u8, chance: &mut Chance) {
    for _ in 0..SCRATCHES {
        let [start, a, b, end] =
            [0.0, 0.33, 0.67, 1.0].map(|x| (x * WIDTH as f32, chance.random_range(0.0..HEIGHT as f32)));
        draw_cubic_bezier_curve_mut(picture, start, end, a, b, Luma([shade]));
    }
}

fn speckle(picture: &mut GrayImage, shade: u8, chance: &mut Chance) {
    for _ in 0..SPECKLES {
        let (x, y) = (chance.random_range(0..WIDTH), chance.random_range(0..HEIGHT));
        picture.put_pixel(x, y, Luma([shade]));
    }
}

/// Fast: the default level saves a few hundred bytes for forty times the time.
fn encode(picture: &GrayImage) -> ImageResult<Vec<u8>> {
    let mut png = Vec::with_capacity(4096);
    let encoder = PngEncoder::new_with_quality(&mut png, CompressionType::Fast, FilterType::Sub);
    encoder.write_image(picture, WIDTH, HEIGHT, ExtendedColorType::L8)?;
    Ok(png)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::captcha::ALPHABET;
    use image::{ColorType, ImageFormat};

    const SUMS: &[u8] = b"0123456789+=?";

    fn drawable() -> impl Iterator<Item = char> {
        ALPHABET.iter().chain(SUMS).copied().map(char::from)
    }

    /// Black letters on white, before any noise.
    fn clean(text: &str, seed: u64) -> GrayImage {
        paint(&compose(text, &mut Chance::seed_from_u64(seed)), 0, 255)
    }

    fn ink(picture: &GrayImage) -> usize {
        picture.pixels().filter(|pixel| pixel.0[0] < 128).count()
    }

    fn assert_inside(picture: &GrayImage, text: &str) {
        let edge = MARGIN as u32 - 1;
        let in_frame = |x, y| x < edge || y < edge || x >= WIDTH - edge || y >= HEIGHT - edge;
        let stray = picture.enumerate_pixels().find(|&(x, y, pixel)| in_frame(x, y) && pixel.0[0] != 255);
        assert!(stray.is_none(), "{text:?} reaches {stray:?}");
    }

    #[test]
    fn every_picture_is_a_grey_png_of_the_promised_size() {
        for (text, seed) in [("ACEFH", 1), ("3+5=?", 2), ("", 3), (" ", u64::MAX)] {
            let picture = image::load_from_memory_with_format(&draw(text, seed).unwrap(), ImageFormat::Png).unwrap();
            assert_eq!((picture.width(), picture.height(), picture.color()), (WIDTH, HEIGHT, ColorType::L8));
        }
    }

    #[test]
    fn the_seed_decides_the_looks_and_the_text_what_is_read() {
        assert_eq!(draw("ACEFH", 7).unwrap(), draw("ACEFH", 7).unwrap());
        assert_ne!(draw("ACEFH", 7).unwrap(), draw("ACEFH", 8).unwrap());
        assert_ne!(draw("ACEFH", 7).unwrap(), draw("ACEFK", 7).unwrap());
    }

    #[test]
    fn every_typeface_has_every_character() {
        assert_eq!(FACES.len(), FONT_FILES.len());
        for face in FACES.iter() {
            assert!(drawable().all(|c| face.glyph(c).id().0 != 0), "0 is the box for what is missing");
        }
    }

    #[test]
    fn every_character_leaves_ink_inside_the_margins() {
        for character in drawable() {
            let text = character.to_string();
            for seed in 0..8 {
                let picture = clean(&text, seed);
                assert!(ink(&picture) > 50, "{text} with seed {seed}");
                assert_inside(&picture, &text);
            }
        }
    }

    #[test]
    fn texts_of_every_length_stay_inside_the_margins() {
        for seed in 0..15 {
            for text in ["MMMMM", "A", "44KXCMHR", "9+9=?", "ACEFHKMNPRTXY349ACEFHKMNPRTXY349"] {
                assert_inside(&clean(text, seed), text);
            }
        }
    }

    #[test]
    fn odd_texts_are_drawn_too() {
        let ascii = (' '..='~').map(String::from);
        let all = ascii.clone().collect::<String>();
        for text in ascii.chain([all, "\0\r\n\t".into(), "漢字 é\u{301}\u{10ffff}".into(), "W".repeat(500)]) {
            draw(&text, 11).unwrap();
            assert_inside(&clean(&text, 11), &text);
        }
        assert_eq!(ink(&clean("   ", 1)), 0);
    }

    #[test]
    fn the_file_holds_the_picture_and_nothing_about_it() {
        let png = draw("ACEFH", 1).unwrap();
        // After the signature: length, name, that many bytes, checksum.
        let (mut names, mut rest) = (Vec::new(), &png[8..]);
        while let [a, b, c, d, after @ ..] = rest {
            let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
            names.push(String::from_utf8_lossy(&after[..4]).into_owned());
            rest = &after[4 + length + 4..];
        }
        names.dedup();
        assert_eq!(names, ["IHDR", "IDAT", "IEND"]);
    }

    #[tokio::test]
    async fn the_painter_draws_the_same_off_the_event_loop() {
        let picture = Renderer::new(0).draw("3+5=?".into(), 5).await.unwrap();
        assert_eq!(picture, draw("3+5=?", 5).unwrap());
    }
}
