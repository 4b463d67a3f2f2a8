//! Where the letters stand: one or two lines, both bent along the same wave.

use super::Chance;
use crate::domain::captcha::{Lines, Look};
use rand::RngExt;
use std::f32::consts::TAU;
use std::ops::RangeInclusive;

// Lengths are in heights of a capital letter; the pixels named are those of a letter of 40.

/// 58 pixels from the middle of one line to the middle of the next.
const LINE: f32 = 1.45;
/// 16 to 22 pixels up, and as many down.
const WAVE_HEIGHT: RangeInclusive<f32> = 0.4..=0.55;
/// 120 to 195 pixels: a wave and a half to one in a picture.
const WAVE_LENGTH: RangeInclusive<f32> = 3.0..=4.9;
/// Downwards per width, to either side: 2 to 7 degrees.
const TILT: RangeInclusive<f32> = 0.035..=0.123;
/// 4 pixels to every side.
const JITTER: RangeInclusive<f32> = -0.1..=0.1;
/// 2 to 8 pixels between neighbours.
const GAP: RangeInclusive<f32> = 0.05..=0.2;
/// 8 pixels that every middle of the upper line is above every middle of the lower, so that nobody asks which letter comes first.
const PARTED: f32 = 0.2;

/// Width and height of a letter, in pixels.
pub(super) type Size = (f32, f32);
/// Where the middle of a letter goes, in pixels from the upper left.
pub(super) type Place = (f32, f32);

/// One place for every letter of a text, of these sizes, all inside the picture.
pub(super) fn places(look: &Look, letter: f32, sizes: &[Size], chance: &mut Chance) -> Vec<Place> {
    let (upper, lower) = sizes.split_at(in_upper_line(look.lines, sizes.len(), chance));
    let mut places = Vec::with_capacity(sizes.len());
    for (line, middle) in [(upper, 0.0), (lower, LINE * letter)] {
        places.extend(across(look.width as f32, letter, line, chance).into_iter().map(|x| (x, middle)));
    }
    bend(look, letter, upper.len(), &mut places, chance);
    fit(look, sizes, &mut places, chance);
    places
}

/// How many of the letters stand in the upper line. Of an odd number either line may have one more.
fn in_upper_line(lines: Lines, count: usize, chance: &mut Chance) -> usize {
    match lines {
        Lines::One => count,
        Lines::Two => (count + usize::from(chance.random::<bool>())) / 2,
    }
}

/// The middles of a line's letters, side by side, the whole anywhere in the picture's width. Letters that need more room than
/// there is overlap.
fn across(width: f32, letter: f32, sizes: &[Size], chance: &mut Chance) -> Vec<f32> {
    let room = width - 2.0 * Look::MARGIN;
    let gaps: Vec<f32> = sizes.iter().map(|_| letter * chance.random_range(GAP)).collect();
    let wanted: f32 = sizes.iter().map(|(width, _)| width).sum::<f32>() + gaps.iter().skip(1).sum::<f32>();
    let squeezed = if sizes.len() > 1 { (wanted - room).max(0.0) / (sizes.len() - 1) as f32 } else { 0.0 };
    let mut left = Look::MARGIN + (room - wanted).max(0.0) * chance.random::<f32>();
    let mut middles = Vec::with_capacity(sizes.len());
    for (i, ((width, _), gap)) in sizes.iter().zip(gaps).enumerate() {
        left += if i == 0 { 0.0 } else { gap - squeezed };
        middles.push(left + width / 2.0);
        left += width;
    }
    middles
}

/// Bends all lines along one wave, and tilts them; as much as the picture's height and the order of the lines allow.
fn bend(look: &Look, letter: f32, upper: usize, places: &mut [Place], chance: &mut Chance) {
    let (height, length) = (chance.random_range(WAVE_HEIGHT) * letter, chance.random_range(WAVE_LENGTH) * letter);
    let tilt = chance.random_range(TILT) * if chance.random() { 1.0 } else { -1.0 };
    let phase = chance.random_range(0.0..TAU);
    let rise = |x: f32| height * (x / length * TAU + phase).sin() + tilt * x;
    let rises: Vec<f32> = places.iter().map(|&(x, _)| rise(x)).collect();
    let (upper, lower) = rises.split_at(upper);
    let highest = |rises: &[f32]| rises.iter().copied().fold(f32::INFINITY, f32::min);
    let lowest = |rises: &[f32]| rises.iter().copied().fold(f32::NEG_INFINITY, f32::max);

    let between = if lower.is_empty() { 0.0 } else { LINE * letter };
    // A letter that is turned needs a quarter more than its height.
    let free = look.height as f32 - Look::MARGIN - 1.25 * letter - between;
    let mut share = (free.max(0.0) / (lowest(&rises) - highest(&rises)).max(1.0)).min(1.0);
    if !lower.is_empty() {
        let parted = between - (PARTED + 2.0 * JITTER.end()) * letter;
        share = share.min(parted / (lowest(upper) - highest(lower)).max(1.0)).max(0.0);
    }
    for ((_, y), rise) in places.iter_mut().zip(rises) {
        *y += rise * share + chance.random_range(JITTER) * letter;
    }
}

/// Moves the whole to any height at which it is inside, and what is not inside even then.
fn fit(look: &Look, sizes: &[Size], places: &mut [Place], chance: &mut Chance) {
    let edge = Look::MARGIN / 2.0;
    let tops = places.iter().zip(sizes).map(|((_, y), (_, height))| y - height / 2.0);
    let bottoms = places.iter().zip(sizes).map(|((_, y), (_, height))| y + height / 2.0);
    let (top, bottom) = (tops.fold(f32::INFINITY, f32::min), bottoms.fold(f32::NEG_INFINITY, f32::max));
    let free = look.height as f32 - 2.0 * edge - (bottom - top);
    let down = edge - top + if free > 0.0 { free * chance.random::<f32>() } else { free / 2.0 };
    for ((x, y), (width, height)) in places.iter_mut().zip(sizes) {
        let inside = |middle: f32, size: f32, room: u32| middle.min(room as f32 - size / 2.0).max(size / 2.0);
        *x = inside(*x + chance.random_range(JITTER), *width, look.width);
        *y = inside(*y + down, *height, look.height);
    }
}
