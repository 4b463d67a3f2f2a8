//! What is laid over the letters: large patterns, made beforehand, of which a picture gets a part cut out by chance.

use super::Chance;
use super::bits::Bits;
use crate::domain::captcha::Clutter;
use image::{GrayImage, Luma};
use imageproc::drawing::{draw_cubic_bezier_curve_mut, draw_filled_circle_mut};
use rand::RngExt;
use std::f32::consts::TAU;
use std::ops::RangeInclusive;

/// Pixels that a pattern is larger than a picture, so that the part cut out is another each time: 64 x 128 ways.
pub(super) const SPARE_WIDTH: usize = 128;
pub(super) const SPARE_HEIGHT: usize = 64;

// Lengths are in heights of a capital letter; the pixels named are those of a letter of 32.

/// 35 to 45 pixels: a little wider than a letter, so that most letters are crossed by an edge and few by two.
const BAND: RangeInclusive<f32> = 1.1..=1.4;
/// 6 to 13 pixels to either side: an edge that is no straight line cannot be found as one.
const BAND_WAVE_HEIGHT: RangeInclusive<f32> = 0.2..=0.4;
const BAND_WAVE_LENGTH: RangeInclusive<f32> = 1.9..=3.8;
/// 3 pixels, a little more than the outline of a letter, which it can therefore be taken for.
const CURVE: f32 = 0.09;
/// One curve in a square of this size across: two in a pattern, of which a picture shows the larger part. With five few letters are
/// left uncrossed, and people give up.
const CURVE_ROOM: f32 = 6.0;
/// Radius, 2 to 4 pixels: less than the hole of a letter.
const DISC: RangeInclusive<f32> = 0.075..=0.15;
/// One disc in a square of this size across: about one on every letter.
const DISC_ROOM: f32 = 1.0;

/// A pattern for letters of this height.
pub(super) fn draw(kind: Clutter, width: usize, height: usize, letter: f32, chance: &mut Chance) -> Bits {
    match kind {
        Clutter::Bands => bands(width, height, letter, chance),
        Clutter::Curves => curves(width, height, letter, chance),
        Clutter::Discs => discs(width, height, letter, chance),
    }
}

/// Stripes in any direction, their edges bent along a wave.
fn bands(width: usize, height: usize, letter: f32, chance: &mut Chance) -> Bits {
    let (sin, cos) = chance.random_range(0.0..TAU).sin_cos();
    let band = letter * chance.random_range(BAND);
    let (swing, length) =
        (letter * chance.random_range(BAND_WAVE_HEIGHT), letter * chance.random_range(BAND_WAVE_LENGTH));
    let phase = chance.random_range(0.0..TAU);
    Bits::from_fn(width, height, |x, y| {
        let (x, y) = (x as f32, y as f32);
        let (across, along) = (x * cos + y * sin, y * cos - x * sin);
        let stripe = (across + swing * (along / length * TAU + phase).sin()) / band;
        stripe.floor() as i32 % 2 == 0
    })
}

fn curves(width: usize, height: usize, letter: f32, chance: &mut Chance) -> Bits {
    let count = in_all(width, height, letter * CURVE_ROOM);
    painted(width, height, |picture| {
        for _ in 0..count {
            let mut corner = || (chance.random_range(0.0..width as f32), chance.random_range(0.0..height as f32));
            let [start, end, a, b] = [corner(), corner(), corner(), corner()];
            // imageproc draws lines of one pixel: a thick one is a bundle of them.
            for shift in 0..(letter * CURVE).round() as i32 {
                let moved = |(x, y): (f32, f32)| (x, y + shift as f32);
                draw_cubic_bezier_curve_mut(picture, moved(start), moved(end), moved(a), moved(b), Luma([255]));
            }
        }
    })
}

fn discs(width: usize, height: usize, letter: f32, chance: &mut Chance) -> Bits {
    let count = in_all(width, height, letter * DISC_ROOM);
    painted(width, height, |picture| {
        for _ in 0..count {
            let middle = (chance.random_range(0..width as i32), chance.random_range(0..height as i32));
            draw_filled_circle_mut(picture, middle, (letter * chance.random_range(DISC)) as i32, Luma([255]));
        }
    })
}

/// How many things a pattern has when each has a square of this size across to itself.
fn in_all(width: usize, height: usize, room: f32) -> usize {
    ((width * height) as f32 / (room * room)).ceil() as usize
}

fn painted(width: usize, height: usize, paint: impl FnOnce(&mut GrayImage)) -> Bits {
    let mut picture = GrayImage::new(width as u32, height as u32);
    paint(&mut picture);
    Bits::from_fn(width, height, |x, y| picture.get_pixel(x as u32, y as u32).0[0] > 0)
}
