//! Patterns that are drawn over the letters. They are larger than a picture and drawn in advance; a picture uses a
//! random part of each.

use super::bits::Bits;
use super::look::Clutter;
use crate::rng::FastRng;
use image::{GrayImage, Luma};
use imageproc::drawing::{draw_cubic_bezier_curve_mut, draw_filled_circle_mut};
use rand::RngExt;
use std::f32::consts::TAU;
use std::ops::RangeInclusive;

/// Number of pixels by which a pattern is wider than a picture. With [`SPARE_HEIGHT`] there are 64 x 128 different
/// parts.
pub(super) const SPARE_WIDTH: usize = 128;
/// Number of pixels by which a pattern is higher than a picture.
pub(super) const SPARE_HEIGHT: usize = 64;

// All lengths are in heights of a capital letter. Pixels are given for a letter that is 32 pixels high.

/// Width of a band, 35 to 45 pixels. This is a little wider than a letter, so that one edge crosses most letters, and
/// two edges cross few.
const BAND: RangeInclusive<f32> = 1.1..=1.4;
/// 6 to 13 pixels to either side: a machine that searches straight lines does not find a curved edge.
const BAND_WAVE_HEIGHT: RangeInclusive<f32> = 0.2..=0.4;
const BAND_WAVE_LENGTH: RangeInclusive<f32> = 1.9..=3.8;
/// Thickness of a curve, 3 pixels. This is a little more than the outline of a letter, so that a machine can take a
/// curve for an outline.
const CURVE: f32 = 0.09;
/// Side of the square that contains one curve on average. A pattern has two curves, and a picture shows most of it.
/// With five curves, few letters are free of them, and people give up.
const CURVE_AREA_SIDE: f32 = 6.0;
/// Radius of a disc, 2 to 4 pixels: less than the hole of a letter.
const DISC: RangeInclusive<f32> = 0.075..=0.15;
/// Side of the square that contains one disc on average: about one disc on each letter.
const DISC_AREA_SIDE: f32 = 1.0;

/// Draws a pattern for letters of this height, in pixels.
pub(super) fn draw(kind: Clutter, width: usize, height: usize, letter: f32, rng: &mut FastRng) -> Bits {
    match kind {
        Clutter::Bands => bands(width, height, letter, rng),
        Clutter::Curves => curves(width, height, letter, rng),
        Clutter::Discs => discs(width, height, letter, rng),
    }
}

/// Stripes in a random direction, with edges bent along a wave.
fn bands(width: usize, height: usize, letter: f32, rng: &mut FastRng) -> Bits {
    let (sin, cos) = rng.random_range(0.0..TAU).sin_cos();
    let band = letter * rng.random_range(BAND);
    let (amplitude, length) =
        (letter * rng.random_range(BAND_WAVE_HEIGHT), letter * rng.random_range(BAND_WAVE_LENGTH));
    let phase = rng.random_range(0.0..TAU);
    Bits::from_fn(width, height, |x, y| {
        let (x, y) = (x as f32, y as f32);
        let (across, along) = (x * cos + y * sin, y * cos - x * sin);
        let stripe = (across + amplitude * (along / length * TAU + phase).sin()) / band;
        stripe.floor() as i32 % 2 == 0
    })
}

fn curves(width: usize, height: usize, letter: f32, rng: &mut FastRng) -> Bits {
    let count = count_for_area(width, height, letter * CURVE_AREA_SIDE);
    painted(width, height, |picture| {
        for _ in 0..count {
            let mut corner = || (rng.random_range(0.0..width as f32), rng.random_range(0.0..height as f32));
            let [start, end, a, b] = [corner(), corner(), corner(), corner()];
            // imageproc draws lines of one pixel. Several of them make a thick line.
            for shift in 0..(letter * CURVE).round() as i32 {
                let shifted = |(x, y): (f32, f32)| (x, y + shift as f32);
                draw_cubic_bezier_curve_mut(picture, shifted(start), shifted(end), shifted(a), shifted(b), Luma([255]));
            }
        }
    })
}

fn discs(width: usize, height: usize, letter: f32, rng: &mut FastRng) -> Bits {
    let count = count_for_area(width, height, letter * DISC_AREA_SIDE);
    painted(width, height, |picture| {
        for _ in 0..count {
            let middle = (rng.random_range(0..width as i32), rng.random_range(0..height as i32));
            draw_filled_circle_mut(picture, middle, (letter * rng.random_range(DISC)) as i32, Luma([255]));
        }
    })
}

/// Number of shapes in a pattern, if there is one shape for each square with this side.
fn count_for_area(width: usize, height: usize, side: f32) -> usize {
    ((width * height) as f32 / (side * side)).ceil() as usize
}

fn painted(width: usize, height: usize, paint: impl FnOnce(&mut GrayImage)) -> Bits {
    let mut picture = GrayImage::new(width as u32, height as u32);
    paint(&mut picture);
    Bits::from_fn(width, height, |x, y| picture.get_pixel(x as u32, y as u32).0[0] > 0)
}
