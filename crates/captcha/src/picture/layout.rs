//! Positions of the letters: one or two lines, both bent along the same wave.

use super::look::{Lines, Look};
use super::row_shift::ROW_SHIFT;
use crate::rng::FastRng;
use rand::RngExt;
use std::f32::consts::TAU;
use std::ops::RangeInclusive;

// All lengths are in heights of a capital letter. Pixels are given for a letter that is 32 pixels high.

/// Distance of two lines, 48 pixels from middle to middle.
const LINE_DISTANCE: f32 = 1.5;
/// 35 pixels: in the style with one line, every other letter is lower by this distance. Machines read a straight line
/// as easily as printed text.
const ROW_STEP: f32 = 1.1;
/// Share of the width that two letters need side by side, in the style with one line: there they are above and below
/// each other.
const ONE_LINE_SHARE: f32 = 0.6;
/// 3 to 14 pixels between two letters: letters do not touch, and they are not in cells of equal width.
const GAP: RangeInclusive<f32> = 0.1..=0.45;
/// Amplitude of the wave, 16 to 22 pixels up and down, before it is scaled to the picture. This is more than the space
/// between the lines, so that a straight cut rarely separates them.
const WAVE_HEIGHT: RangeInclusive<f32> = 0.5..=0.7;
/// 120 to 195 pixels: a picture contains between one wave and one and a half.
const WAVE_LENGTH: RangeInclusive<f32> = 3.75..=6.1;
/// Sideways shift of the lower line, up to 6 pixels. It is small, so that people see which letter is above which, but
/// the letters do not form straight columns.
const LOWER_LINE_SHIFT: RangeInclusive<f32> = -0.2..=0.2;
/// Slope of the lines, up or down: 2 to 7 degrees.
const TILT: RangeInclusive<f32> = 0.035..=0.123;
/// Largest factor by which the wave and the tilt grow if the picture has room and the lines stay apart. Nearly always
/// the room or the lines set a lower factor.
const MAX_STRETCH: f32 = 4.0;
/// Random shift of a letter to the left or right, up to 4 pixels.
const JITTER_ACROSS: RangeInclusive<f32> = -0.125..=0.125;
/// Random shift of a letter up or down, up to 2 pixels.
const JITTER_UP: RangeInclusive<f32> = -0.0625..=0.0625;
/// 8 pixels: every middle of a letter in the upper line is at least this far above every middle in the lower line, so
/// that the reading order is clear.
const MIN_LINE_GAP: f32 = 0.25;
/// Largest height of a rotated letter.
const ROTATED_HEIGHT: f32 = 1.25;

/// Width and height of a letter, in pixels.
pub(super) type Size = (f32, f32);
/// Middle of a letter, in pixels from the upper left corner.
pub(super) type Place = (f32, f32);

/// Returns one place for each letter, in the order of `sizes`. All letters are inside the picture.
pub(super) fn places(look: &Look, letter: f32, sizes: &[Size], rng: &mut FastRng) -> Vec<Place> {
    let room = look.width as f32 - 2.0 * Look::MARGIN;
    let mut places: Vec<Place> = match look.lines {
        Lines::One => {
            let low = usize::from(rng.random::<bool>());
            let row = |i: usize| ((i + low) % 2) as f32 * ROW_STEP * letter;
            across(room, letter, sizes, ONE_LINE_SHARE, rng).into_iter().enumerate().map(|(i, x)| (x, row(i))).collect()
        }
        Lines::Two => {
            // If the number of letters is odd, either line may have one more.
            let (upper, lower) = sizes.split_at((sizes.len() + usize::from(rng.random::<bool>())) / 2);
            let upper = across(room, letter, upper, 1.0, rng).into_iter().map(|x| (x, 0.0));
            let shift = letter * rng.random_range(LOWER_LINE_SHIFT);
            let lower = across(room, letter, lower, 1.0, rng).into_iter().map(|x| (x + shift, LINE_DISTANCE * letter));
            upper.chain(lower).collect()
        }
    };
    bend(look, letter, &mut places, rng);
    fit(look, letter, sizes, &mut places, rng);
    places
}

/// Returns the middles of letters from left to right, around 0. Two adjacent letters get this share of the width that
/// they need side by side, and less if there is not enough room for all.
fn across(room: f32, letter: f32, sizes: &[Size], share: f32, rng: &mut FastRng) -> Vec<f32> {
    let half = |size: Option<&Size>| size.map_or(0.0, |(width, _)| width / 2.0);
    let mut middles = vec![0.0; sizes.len()];
    for i in 1..sizes.len() {
        let side_by_side = half(sizes.get(i - 1)) + half(sizes.get(i));
        middles[i] = middles[i - 1] + side_by_side * share + letter * rng.random_range(GAP);
    }
    let wanted = middles.last().copied().unwrap_or_default();
    let squeezed = ((room - half(sizes.first()) - half(sizes.last())) / wanted.max(1.0)).min(1.0);
    middles.iter().map(|x| (x - wanted / 2.0) * squeezed).collect()
}

/// Bends all lines along one wave, and tilts them, as much as the height of the picture and the order of the lines
/// allow. The more the lines interlock, the fewer of them a straight cut can separate.
fn bend(look: &Look, letter: f32, places: &mut [Place], rng: &mut FastRng) {
    let height = rng.random_range(WAVE_HEIGHT) * letter;
    let step = TAU / (rng.random_range(WAVE_LENGTH) * letter);
    let tilt = rng.random_range(TILT) * if rng.random() { 1.0 } else { -1.0 };
    let phase = rng.random_range(0.0..TAU);
    let rises: Vec<f32> = places.iter().map(|&(x, _)| height * (x * step + phase).sin() + tilt * x).collect();

    // The smallest and the largest rise of the upper line, and of the lower line.
    let none = (f32::INFINITY, f32::NEG_INFINITY);
    let (mut upper, mut lower, mut between) = (none, none, 0.0_f32);
    for (&(_, row), &rise) in places.iter().zip(&rises) {
        let rises = if row > 0.0 { &mut lower } else { &mut upper };
        *rises = (rises.0.min(rise), rises.1.max(rise));
        between = between.max(row);
    }
    let free = look.height as f32 - Look::MARGIN - ROTATED_HEIGHT * letter - between;
    let line_gap = between - (MIN_LINE_GAP + 2.0 * JITTER_UP.end()) * letter;
    let span = upper.1.max(lower.1) - upper.0.min(lower.0);
    let share = (free / span.max(1.0)).min(line_gap / (upper.1 - lower.0).max(1.0)).clamp(0.0, MAX_STRETCH);
    for ((_, y), rise) in places.iter_mut().zip(rises) {
        *y += rise * share;
    }
}

/// Shifts each letter at random, then moves all letters together to a random position inside the picture. Letters that
/// are still outside are moved one by one.
fn fit(look: &Look, letter: f32, sizes: &[Size], places: &mut [Place], rng: &mut FastRng) {
    for (x, y) in places.iter_mut() {
        *x += rng.random_range(JITTER_ACROSS) * letter;
        *y += rng.random_range(JITTER_UP) * letter;
    }
    // The rows of the picture are shifted sideways later.
    let across = Edges { margin: letter * ROW_SHIFT.end(), room: look.width as f32 };
    let along = Edges { margin: 0.0, room: look.height as f32 };
    let right = across.shift(places.iter().zip(sizes).map(|(place, size)| (place.0, size.0)), rng);
    let down = along.shift(places.iter().zip(sizes).map(|(place, size)| (place.1, size.1)), rng);
    for ((x, y), size) in places.iter_mut().zip(sizes) {
        *x = across.inside(*x + right, size.0);
        *y = along.inside(*y + down, size.1);
    }
}

/// Limits for letters in one direction, in pixels.
struct Edges {
    margin: f32,
    room: f32,
}

impl Edges {
    /// Returns the shift that moves all letters, given as middle and size, to a random position inside, or to the
    /// middle if they need more room.
    fn shift(&self, placed: impl Iterator<Item = (f32, f32)>, rng: &mut FastRng) -> f32 {
        let edges = placed.map(|(middle, size)| (middle - size / 2.0, middle + size / 2.0));
        let none = (f32::INFINITY, f32::NEG_INFINITY);
        let (first, last) = edges.fold(none, |all, one| (all.0.min(one.0), all.1.max(one.1)));
        let free = self.room - 2.0 * self.margin - (last - first);
        self.margin - first + free * if free > 0.0 { rng.random::<f32>() } else { 0.5 }
    }

    fn inside(&self, middle: f32, size: f32) -> f32 {
        let nearest = self.margin + size / 2.0;
        middle.min(self.room - nearest).max(nearest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    const LETTER: f32 = 32.0;

    fn look(lines: Lines, length: usize) -> Look {
        Look::new(Vec::new(), length, lines)
    }

    /// Narrow and wide letters, like rotated letters of this height.
    fn sizes(count: usize, letter: f32) -> Vec<Size> {
        let size = |i: usize| (0.6 + (i * 7 % 5) as f32 * 0.15, 0.95 + (i % 3) as f32 * 0.12);
        (0..count).map(size).map(|(width, height)| (width * letter, height * letter)).collect()
    }

    /// People read from left to right, and the upper line before the lower.
    #[test]
    fn letters_keep_their_reading_order() {
        for count in 4..=8 {
            let (one, two) = (look(Lines::One, count), look(Lines::Two, count));
            for seed in 0..1_000 {
                let mut rng = FastRng::seed_from_u64(seed);
                let letter = two.letter_height();
                let places = places(&two, letter, &sizes(count, letter), &mut rng);
                let left_to_right = |line: &[Place]| line.windows(2).all(|pair| pair[1].0 - pair[0].0 > letter / 2.0);
                let in_order = |upper: usize| {
                    let (upper, lower) = places.split_at(upper);
                    let separated =
                        upper.iter().all(|above| lower.iter().all(|below| below.1 - above.1 >= letter * 0.24));
                    separated && left_to_right(upper) && left_to_right(lower)
                };
                assert!(in_order(count / 2) || in_order(count.div_ceil(2)), "{count} {seed}: {places:?}");

                let letter = one.letter_height();
                let places = super::places(&one, letter, &sizes(count, letter), &mut rng);
                assert!(
                    places.windows(2).all(|pair| pair[1].0 - pair[0].0 > letter / 4.0),
                    "{count} {seed}: {places:?}"
                );
            }
        }
    }

    /// The bottom of a letter in the upper line is below the top of a letter in the lower line, in most pictures. No
    /// straight line separates the lines then.
    #[test]
    fn lines_interlock_in_most_pictures() {
        let sizes = sizes(6, LETTER);
        let interlocked = |seed: &u64| {
            let places = places(&look(Lines::Two, 6), LETTER, &sizes, &mut FastRng::seed_from_u64(*seed));
            let bottom = |i: usize| places[i].1 + sizes[i].1 / 2.0;
            let top = |i: usize| places[i].1 - sizes[i].1 / 2.0;
            (0..3).map(bottom).fold(0.0, f32::max) > (3..6).map(top).fold(f32::INFINITY, f32::min)
        };
        let share = (0..2_000).filter(interlocked).count();
        assert!(share > 1_500, "{share} of 2,000");
    }

    #[test]
    fn all_letters_are_inside_the_picture_even_if_there_are_too_many() {
        for lines in [Lines::One, Lines::Two] {
            for count in [0, 1, 2, 8, 30] {
                for seed in 0..200 {
                    let look = look(lines, count);
                    let places = places(&look, LETTER, &sizes(count, LETTER), &mut FastRng::seed_from_u64(seed));
                    assert_eq!(places.len(), count);
                    for ((x, y), (width, height)) in places.iter().zip(sizes(count, LETTER)) {
                        assert!(x - width / 2.0 >= 0.0 && x + width / 2.0 <= look.width as f32, "{places:?}");
                        assert!(y - height / 2.0 >= 0.0 && y + height / 2.0 <= look.height as f32, "{places:?}");
                    }
                }
            }
        }
    }
}
