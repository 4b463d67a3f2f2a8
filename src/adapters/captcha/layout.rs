//! Where the letters stand: one or two lines, both bent along the same wave.

use super::Chance;
use crate::domain::captcha::{Lines, Look};
use rand::RngExt;
use std::f32::consts::TAU;
use std::ops::RangeInclusive;

// Lengths are in heights of a capital letter; the pixels named are those of a letter of 32.

/// 48 pixels from the middle of one line to the middle of the next.
const LINE: f32 = 1.5;
/// 35 pixels: in a single line every other letter stands so much lower. A line like print is read by machines like print.
const STEP: f32 = 1.1;
/// Of the room that two neighbours need side by side, what they get in a single line: one begins above or below the other.
const CLOSE: f32 = 0.6;
/// 2 to 11 pixels between neighbours, so that they stand in no columns.
const GAP: RangeInclusive<f32> = 0.06..=0.35;
/// 16 to 22 pixels up, and as many down: more than what lies between the lines, so that no straight cut parts them.
const WAVE_HEIGHT: RangeInclusive<f32> = 0.5..=0.7;
/// 120 to 195 pixels: a wave and a half to one in a picture.
const WAVE_LENGTH: RangeInclusive<f32> = 3.75..=6.1;
/// Downwards per width, to either side: 2 to 7 degrees.
const TILT: RangeInclusive<f32> = 0.035..=0.123;
/// How much more than that where there is room for it.
const STEEPEST: f32 = 2.0;
/// 4 pixels to every side.
const JITTER: RangeInclusive<f32> = -0.125..=0.125;
/// 8 pixels that every middle of the upper line is above every middle of the lower, so that nobody asks which letter comes first.
const PARTED: f32 = 0.25;
/// Heights of a letter that one which is turned may take.
const TURNED: f32 = 1.25;

/// Width and height of a letter, in pixels.
pub(super) type Size = (f32, f32);
/// Where the middle of a letter goes, in pixels from the upper left.
pub(super) type Place = (f32, f32);

/// One place for every letter of a text, of these sizes, all inside the picture.
pub(super) fn places(look: &Look, letter: f32, sizes: &[Size], chance: &mut Chance) -> Vec<Place> {
    let width = look.width as f32;
    let mut places = match look.lines {
        Lines::One => {
            let low = usize::from(chance.random::<bool>());
            let row = |i: usize| ((i + low) % 2) as f32 * STEP * letter;
            across(width, letter, sizes, CLOSE, chance).enumerate().map(|(i, x)| (x, row(i))).collect()
        }
        Lines::Two => {
            // Of an odd number of letters either line may have one more.
            let (upper, lower) = sizes.split_at((sizes.len() + usize::from(chance.random::<bool>())) / 2);
            let mut places: Vec<Place> = across(width, letter, upper, 1.0, chance).map(|x| (x, 0.0)).collect();
            places.extend(across(width, letter, lower, 1.0, chance).map(|x| (x, LINE * letter)));
            places
        }
    };
    bend(look, letter, &mut places, chance);
    fit(look, letter, sizes, &mut places, chance);
    places
}

/// The middles of letters from left to right, the whole anywhere in the picture's width. Neighbours get this share of the room that they
/// need side by side; when there is not enough room, less.
fn across(width: f32, letter: f32, sizes: &[Size], share: f32, chance: &mut Chance) -> impl Iterator<Item = f32> {
    let half = |size: Option<&Size>| size.map_or(0.0, |(width, _)| width / 2.0);
    let pairs = sizes.windows(2);
    let steps: Vec<f32> = pairs
        .map(|pair| (half(pair.first()) + half(pair.last())) * share + letter * chance.random_range(GAP))
        .collect();
    let ends = half(sizes.first()) + half(sizes.last());
    let (wanted, room) = (steps.iter().sum::<f32>(), width - 2.0 * Look::MARGIN - ends);
    let squeezed = (room / wanted.max(1.0)).min(1.0);
    let first = Look::MARGIN + half(sizes.first()) + (room - wanted).max(0.0) * chance.random::<f32>();
    let rest = steps.into_iter().scan(first, move |x, step| {
        *x += step * squeezed;
        Some(*x)
    });
    std::iter::once(first).chain(rest).take(sizes.len())
}

/// Bends all rows along one wave, and tilts them, as much as the picture's height and the order of the rows allow: the more the rows
/// interlock, the fewer are parted by a straight cut.
fn bend(look: &Look, letter: f32, places: &mut [Place], chance: &mut Chance) {
    let height = chance.random_range(WAVE_HEIGHT) * letter;
    let turn = TAU / (chance.random_range(WAVE_LENGTH) * letter);
    let tilt = chance.random_range(TILT) * if chance.random() { 1.0 } else { -1.0 };
    let phase = chance.random_range(0.0..TAU);
    let rises: Vec<f32> = places.iter().map(|&(x, _)| height * (x * turn + phase).sin() + tilt * x).collect();

    // The highest and the lowest rise of the upper row, and of the lower one.
    let none = (f32::INFINITY, f32::NEG_INFINITY);
    let (mut upper, mut lower, mut between) = (none, none, 0.0_f32);
    for (&(_, row), &rise) in places.iter().zip(&rises) {
        let rises = if row > 0.0 { &mut lower } else { &mut upper };
        *rises = (rises.0.min(rise), rises.1.max(rise));
        between = between.max(row);
    }
    let free = look.height as f32 - Look::MARGIN - TURNED * letter - between;
    let parted = between - (PARTED + 2.0 * JITTER.end()) * letter;
    let span = upper.1.max(lower.1) - upper.0.min(lower.0);
    let share = (free / span.max(1.0)).min(parted / (upper.1 - lower.0).max(1.0)).clamp(0.0, STEEPEST);
    for ((_, y), rise) in places.iter_mut().zip(rises) {
        *y += rise * share;
    }
}

/// Pushes every letter about, and moves the whole to any height at which it is inside; the letters that are not inside even then
/// are moved one by one.
fn fit(look: &Look, letter: f32, sizes: &[Size], places: &mut [Place], chance: &mut Chance) {
    for (x, y) in places.iter_mut() {
        *x += chance.random_range(JITTER) * letter;
        *y += chance.random_range(JITTER) * letter;
    }
    let edges = places.iter().zip(sizes).map(|((_, y), (_, height))| (y - height / 2.0, y + height / 2.0));
    let (top, bottom) =
        edges.fold((f32::INFINITY, f32::NEG_INFINITY), |(a, b), (top, bottom)| (a.min(top), b.max(bottom)));
    let edge = Look::MARGIN / 2.0;
    let free = look.height as f32 - 2.0 * edge - (bottom - top);
    let down = edge - top + if free > 0.0 { free * chance.random::<f32>() } else { free / 2.0 };
    for ((x, y), (width, height)) in places.iter_mut().zip(sizes) {
        let inside = |middle: f32, size: f32, room: u32| middle.min(room as f32 - size / 2.0).max(size / 2.0);
        *x = inside(*x, *width, look.width);
        *y = inside(*y + down, *height, look.height);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    const LETTER: f32 = 32.0;

    fn look(lines: Lines) -> Look {
        let (width, height) = Look::usual_size(lines);
        Look { lines, width, height, ..Look::default() }
    }

    /// Narrow and wide ones, as turned letters are.
    fn sizes(count: usize) -> Vec<Size> {
        (0..count).map(|i| (22.0 + (i * 7 % 5) as f32 * 4.0, 32.0 + (i % 3) as f32 * 4.0)).collect()
    }

    /// What people go by: left comes before right, and above before below.
    #[test]
    fn letters_are_read_in_their_order() {
        for count in [4, 5, 6] {
            for seed in 0..2_000 {
                let mut chance = Chance::seed_from_u64(seed);
                let places = places(&look(Lines::Two), LETTER, &sizes(count), &mut chance);
                let left_to_right = |line: &[Place]| line.windows(2).all(|pair| pair[1].0 - pair[0].0 > LETTER / 2.0);
                let in_order = |upper: usize| {
                    let (upper, lower) = places.split_at(upper);
                    let parted = upper.iter().all(|above| lower.iter().all(|below| below.1 - above.1 >= 8.0));
                    parted && left_to_right(upper) && left_to_right(lower)
                };
                assert!(in_order(count / 2) || in_order(count.div_ceil(2)), "{count} {seed}: {places:?}");

                let places = super::places(&look(Lines::One), LETTER, &sizes(count), &mut chance);
                assert!(places.windows(2).all(|pair| pair[1].0 - pair[0].0 > LETTER / 4.0), "{seed}: {places:?}");
            }
        }
    }

    /// No straight line between the rows keeps clear of both: for most pictures there is a letter of the upper row below the top of
    /// one of the lower.
    #[test]
    fn lines_are_interlocked() {
        let sizes = sizes(6);
        let interlocked = |seed: &u64| {
            let places = places(&look(Lines::Two), LETTER, &sizes, &mut Chance::seed_from_u64(*seed));
            let bottom = |i: usize| places[i].1 + sizes[i].1 / 2.0;
            let top = |i: usize| places[i].1 - sizes[i].1 / 2.0;
            (0..3).map(bottom).fold(0.0, f32::max) > (3..6).map(top).fold(f32::INFINITY, f32::min)
        };
        let share = (0..2_000).filter(interlocked).count();
        assert!(share > 1_500, "{share} of 2,000");
    }

    #[test]
    fn letters_are_inside_also_when_there_are_too_many() {
        for lines in [Lines::One, Lines::Two] {
            for count in [0, 1, 2, 8, 30] {
                for seed in 0..200 {
                    let look = look(lines);
                    let places = places(&look, LETTER, &sizes(count), &mut Chance::seed_from_u64(seed));
                    assert_eq!(places.len(), count);
                    for ((x, y), (width, height)) in places.iter().zip(sizes(count)) {
                        assert!(x - width / 2.0 >= 0.0 && x + width / 2.0 <= look.width as f32, "{places:?}");
                        assert!(y - height / 2.0 >= 0.0 && y + height / 2.0 <= look.height as f32, "{places:?}");
                    }
                }
            }
        }
    }
}
