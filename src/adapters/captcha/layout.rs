//! Where the letters stand: one or two lines, both bent along the same wave.

use super::{Chance, SWAY};
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
/// 3 to 14 pixels between neighbours: letters do not touch, and stand in no even cells.
const GAP: RangeInclusive<f32> = 0.1..=0.45;
/// 16 to 22 pixels up, and as many down, before it is fitted to the picture: more than what lies between the lines, so that a straight cut rarely
/// parts them.
const WAVE_HEIGHT: RangeInclusive<f32> = 0.5..=0.7;
/// 120 to 195 pixels: a wave and a half to one in a picture.
const WAVE_LENGTH: RangeInclusive<f32> = 3.75..=6.1;
/// Up to 6 pixels that the lower line stands aside: what is above what can be seen, and no straight columns.
const ASIDE: RangeInclusive<f32> = -0.2..=0.2;
/// Downwards per width, to either side: 2 to 7 degrees.
const TILT: RangeInclusive<f32> = 0.035..=0.123;
/// The most that the wave, and the tilt with it, grow where the picture has room and the lines stay apart. Nearly always these two decide.
const STEEPEST: f32 = 4.0;
/// 4 pixels to either side, 2 up or down.
const JITTER_ACROSS: RangeInclusive<f32> = -0.125..=0.125;
const JITTER_UP: RangeInclusive<f32> = -0.0625..=0.0625;
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
    let room = look.width as f32 - 2.0 * Look::MARGIN;
    let mut places: Vec<Place> = match look.lines {
        Lines::One => {
            let low = usize::from(chance.random::<bool>());
            let row = |i: usize| ((i + low) % 2) as f32 * STEP * letter;
            across(room, letter, sizes, CLOSE, chance).into_iter().enumerate().map(|(i, x)| (x, row(i))).collect()
        }
        Lines::Two => {
            // Of an odd number of letters either line may have one more.
            let (upper, lower) = sizes.split_at((sizes.len() + usize::from(chance.random::<bool>())) / 2);
            let upper = across(room, letter, upper, 1.0, chance).into_iter().map(|x| (x, 0.0));
            let aside = letter * chance.random_range(ASIDE);
            let lower = across(room, letter, lower, 1.0, chance).into_iter().map(|x| (x + aside, LINE * letter));
            upper.chain(lower).collect()
        }
    };
    bend(look, letter, &mut places, chance);
    fit(look, letter, sizes, &mut places, chance);
    places
}

/// The middles of letters from left to right, around 0. Neighbours get this share of the room that they need side by side; when there is not
/// enough room for all, less.
fn across(room: f32, letter: f32, sizes: &[Size], share: f32, chance: &mut Chance) -> Vec<f32> {
    let half = |size: Option<&Size>| size.map_or(0.0, |(width, _)| width / 2.0);
    let mut middles = vec![0.0; sizes.len()];
    for i in 1..sizes.len() {
        let side_by_side = half(sizes.get(i - 1)) + half(sizes.get(i));
        middles[i] = middles[i - 1] + side_by_side * share + letter * chance.random_range(GAP);
    }
    let wanted = middles.last().copied().unwrap_or_default();
    let squeezed = ((room - half(sizes.first()) - half(sizes.last())) / wanted.max(1.0)).min(1.0);
    middles.iter().map(|x| (x - wanted / 2.0) * squeezed).collect()
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
    let parted = between - (PARTED + 2.0 * JITTER_UP.end()) * letter;
    let span = upper.1.max(lower.1) - upper.0.min(lower.0);
    let share = (free / span.max(1.0)).min(parted / (upper.1 - lower.0).max(1.0)).clamp(0.0, STEEPEST);
    for ((_, y), rise) in places.iter_mut().zip(rises) {
        *y += rise * share;
    }
}

/// Pushes every letter about, and moves the whole to anywhere where it is inside; the letters that are not inside even then are moved
/// one by one.
fn fit(look: &Look, letter: f32, sizes: &[Size], places: &mut [Place], chance: &mut Chance) {
    for (x, y) in places.iter_mut() {
        *x += chance.random_range(JITTER_ACROSS) * letter;
        *y += chance.random_range(JITTER_UP) * letter;
    }
    // The rows of the picture are still to be moved to the side.
    let across = Edges { margin: letter * SWAY.end(), room: look.width as f32 };
    let along = Edges { margin: 0.0, room: look.height as f32 };
    let right = across.shift(places.iter().zip(sizes).map(|(place, size)| (place.0, size.0)), chance);
    let down = along.shift(places.iter().zip(sizes).map(|(place, size)| (place.1, size.1)), chance);
    for ((x, y), size) in places.iter_mut().zip(sizes) {
        *x = across.inside(*x + right, size.0);
        *y = along.inside(*y + down, size.1);
    }
}

/// What letters have to keep to, in one direction, in pixels.
struct Edges {
    margin: f32,
    room: f32,
}

impl Edges {
    /// By how much middles and sizes have to be moved to stand anywhere inside, or in the middle if they need more.
    fn shift(&self, placed: impl Iterator<Item = (f32, f32)>, chance: &mut Chance) -> f32 {
        let edges = placed.map(|(middle, size)| (middle - size / 2.0, middle + size / 2.0));
        let none = (f32::INFINITY, f32::NEG_INFINITY);
        let (first, last) = edges.fold(none, |all, one| (all.0.min(one.0), all.1.max(one.1)));
        let free = self.room - 2.0 * self.margin - (last - first);
        self.margin - first + free * if free > 0.0 { chance.random::<f32>() } else { 0.5 }
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

    fn look(lines: Lines) -> Look {
        let (width, height) = Look::usual_size(lines);
        Look { lines, width, height, ..Look::default() }
    }

    /// Narrow and wide ones, as turned letters of this height are.
    fn sizes(count: usize, letter: f32) -> Vec<Size> {
        let size = |i: usize| (0.6 + (i * 7 % 5) as f32 * 0.15, 0.95 + (i % 3) as f32 * 0.12);
        (0..count).map(size).map(|(width, height)| (width * letter, height * letter)).collect()
    }

    /// What people go by: left comes before right, and above before below.
    #[test]
    fn letters_are_read_in_their_order() {
        for count in 4..=8 {
            let (one, two) = (look(Lines::One), look(Lines::Two));
            for seed in 0..1_000 {
                let mut chance = Chance::seed_from_u64(seed);
                let letter = two.letter_height(count);
                let places = places(&two, letter, &sizes(count, letter), &mut chance);
                let left_to_right = |line: &[Place]| line.windows(2).all(|pair| pair[1].0 - pair[0].0 > letter / 2.0);
                let in_order = |upper: usize| {
                    let (upper, lower) = places.split_at(upper);
                    let parted = upper.iter().all(|above| lower.iter().all(|below| below.1 - above.1 >= letter * 0.24));
                    parted && left_to_right(upper) && left_to_right(lower)
                };
                assert!(in_order(count / 2) || in_order(count.div_ceil(2)), "{count} {seed}: {places:?}");

                let letter = one.letter_height(count);
                let places = super::places(&one, letter, &sizes(count, letter), &mut chance);
                assert!(
                    places.windows(2).all(|pair| pair[1].0 - pair[0].0 > letter / 4.0),
                    "{count} {seed}: {places:?}"
                );
            }
        }
    }

    /// No straight line between the rows keeps clear of both: for most pictures there is a letter of the upper row below the top of
    /// one of the lower.
    #[test]
    fn lines_are_interlocked() {
        let sizes = sizes(6, LETTER);
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
                    let places = places(&look, LETTER, &sizes(count, LETTER), &mut Chance::seed_from_u64(seed));
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
