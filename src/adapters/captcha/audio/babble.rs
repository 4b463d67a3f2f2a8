//! The noise that digits are spoken over: several voices at once, backwards, and a hiss of the colour of speech.
//!
//! It is louder between the digits than under them, so that the whole is about equally loud all the way: neither silence
//! nor loudness says where a digit begins.

use super::voices::{self, RATE};
use super::{Chance, Language};
use rand::{Rng, RngExt};
use std::ops::{Range, RangeInclusive};

/// Voices that babble at once. Three of them, backwards, are a murmur; one alone could be taken for a word.
const CROWD: usize = 3;
/// Loudness of one sound among others of its layer, against their mean.
const SWELL: RangeInclusive<f32> = 0.7..=1.3;
/// Samples by which neighbours in a layer overlap or stand apart: up to 50 ms, as in speech.
const OVERLAP: RangeInclusive<usize> = 0..=RATE as usize / 20;
/// Of the hiss, against the crowd: 10 dB below. It fills the bands in which nobody happens to speak.
const HISS: f32 = 0.32;
/// How much of each white sample goes into the next ones: it falls from about 1 kHz on, as speech does. Short, because a filter
/// that feeds back into itself costs half a millisecond.
const COLOUR: [f32; 4] = [1.0, 0.8, 0.64, 0.51];
/// What makes the filtered noise as loud as the white one: 1 / the root of the sum of the squares above.
const COLOURED: f32 = 0.66;
/// Loudness between digits, a digit's own being 1.
const BETWEEN: RangeInclusive<f32> = 0.7..=1.0;
/// And under one: 9 dB below it. People who hear well understand half of all groups of digits at 7 dB *above* them
/// (Smits and others, 2004, by telephone); 16 dB more are for synthetic voices, small loudspeakers and old ears.
pub(super) const UNDER: f32 = 0.35;
/// Samples from the one loudness to the other: 30 ms.
const RAMP: usize = RATE as usize * 3 / 100;

/// As many samples of noise. `digits` are the places of the digits, in order.
pub(super) fn babble(language: Language, length: usize, digits: &[Range<usize>], chance: &mut Chance) -> Vec<f32> {
    let mut noise = hiss(length, chance);
    for _ in 0..CROWD {
        murmur(language, &mut noise, chance);
    }
    shape(&mut noise, digits, chance);
    noise
}

/// Noise of every file's own, so that nobody can take it away again.
fn hiss(length: usize, chance: &mut Chance) -> Vec<f32> {
    // Of numbers spread evenly over -1 to 1, the loudness is the root of a third.
    const GAIN: f32 = HISS / 0.577 * COLOURED;
    let [a, b, c, d] = COLOUR.map(|part| part * GAIN / 32_768.0);
    let mut noise = vec![0.0; length];
    let mut before = [0.0; 3];
    for samples in noise.chunks_mut(4) {
        // Four white samples out of one word.
        let word = chance.next_u64();
        let [w0, w1, w2, w3] = [0, 16, 32, 48].map(|part| f32::from((word >> part) as i16));
        let [x, y, z] = before;
        let coloured = [
            w0 * a + z * b + y * c + x * d,
            w1 * a + w0 * b + z * c + y * d,
            w2 * a + w1 * b + w0 * c + z * d,
            w3 * a + w2 * b + w1 * c + w0 * d,
        ];
        samples.copy_from_slice(&coloured[..samples.len()]);
        before = [w1, w2, w3];
    }
    noise
}

/// One more voice, backwards from beginning to end. Together the crowd is about as loud as one that speaks.
fn murmur(language: Language, noise: &mut [f32], chance: &mut Chance) {
    // The first sound has begun before the file does.
    let mut rest = noise;
    let mut late = chance.random_range(0..RATE as usize / 4);
    while !rest.is_empty() {
        let Some(sound) = voices::pick(language, chance.random_range(0..10), chance) else { return };
        let gain = chance.random_range(SWELL) / (CROWD as f32).sqrt();
        let backwards = sound.samples.iter().rev().skip(late);
        for (sample, said) in rest.iter_mut().zip(backwards) {
            *sample += said * gain;
        }
        let step = sound.samples.len().saturating_sub(late + chance.random_range(OVERLAP)).max(RAMP);
        late = 0;
        rest = rest.split_at_mut(step.min(rest.len())).1;
    }
}

/// Turns the noise down under the digits, and up again behind them.
fn shape(noise: &mut [f32], digits: &[Range<usize>], chance: &mut Chance) {
    let mut gain = chance.random_range(BETWEEN);
    let mut rest = noise;
    let mut begin = 0;
    for digit in digits {
        // It has come down when the digit begins.
        let down = digit.start.saturating_sub(RAMP);
        for (until, next) in [(down, gain), (digit.end, UNDER)] {
            let here;
            (here, rest) = rest.split_at_mut(until.saturating_sub(begin).min(rest.len()));
            turn(here, gain, next);
            (gain, begin) = (next, begin.max(until));
        }
        let next = chance.random_range(BETWEEN);
        let here;
        (here, rest) = rest.split_at_mut(RAMP.min(rest.len()));
        turn(here, gain, next);
        (gain, begin) = (next, begin + RAMP);
    }
    turn(rest, gain, gain);
}

/// From one gain to another within [`RAMP`], and on at that.
fn turn(noise: &mut [f32], from: f32, to: f32) {
    let (ramp, level) = noise.split_at_mut(RAMP.min(noise.len()));
    let step = (to - from) / RAMP as f32;
    for (at, sample) in ramp.iter_mut().enumerate() {
        *sample *= from + step * at as f32;
    }
    level.iter_mut().for_each(|sample| *sample *= to);
}
