//! Babble, the noise behind the digits: several voices at once, played backwards, and a hiss with the spectrum of
//! speech.
//!
//! The babble is louder between the digits than under them, so that the loudness of the file is about constant. Neither
//! silence nor loudness reveals where a digit begins.

use super::voices::{self, Language, RATE};
use crate::rng::FastRng;
use rand::{Rng, RngExt};
use std::ops::{Range, RangeInclusive};

/// Number of voices at the same time. Three voices, played backwards, are unintelligible; a listener could take a
/// single voice for a word.
const VOICE_COUNT: usize = 3;
/// Random loudness of a sound, relative to the mean of its voice.
const SOUND_GAIN: RangeInclusive<f32> = 0.7..=1.3;
/// Number of samples by which the next sound of a voice begins early: up to 50 ms, as in speech.
const OVERLAP: RangeInclusive<usize> = 0..=RATE as usize / 20;
/// Loudness of the hiss, relative to the voices: 10 dB lower. It fills the frequencies that no voice contains at the
/// moment.
const HISS_GAIN: f32 = 0.32;
/// Coefficients of the filter for white noise. Above about 1 kHz it attenuates, like the spectrum of speech. The filter
/// is short and has no feedback: a filter with feedback costs half a millisecond.
const FILTER: [f32; 4] = [1.0, 0.8, 0.64, 0.51];
/// Factor that makes the filtered noise as loud as the white noise: 1 / the root of the sum of the squared
/// coefficients.
const FILTER_GAIN: f32 = 0.66;
/// Loudness between digits. A digit has loudness 1.
const GAIN_BETWEEN: RangeInclusive<f32> = 0.7..=1.0;
/// Loudness under a digit: 9 dB lower than the digit. People who hear well understand half of all groups of digits if
/// the noise is 7 dB *louder* than the digits (Smits and others, 2004, by telephone). The difference of 16 dB is for
/// synthetic voices, small loudspeakers and old ears.
pub(super) const GAIN_UNDER: f32 = 0.35;
/// Number of samples for a change of loudness: 30 ms.
const RAMP: usize = RATE as usize * 3 / 100;

/// Returns `length` samples of babble. `digits` contains the places of the digits, in order.
pub(super) fn babble(language: Language, length: usize, digits: &[Range<usize>], rng: &mut FastRng) -> Vec<f32> {
    let mut noise = hiss(length, rng);
    for _ in 0..VOICE_COUNT {
        add_voice(language, &mut noise, rng);
    }
    lower_under_digits(&mut noise, digits, rng);
    noise
}

/// Returns noise that is different in each file, so that an attacker cannot subtract it.
fn hiss(length: usize, rng: &mut FastRng) -> Vec<f32> {
    // Samples with a uniform distribution from -1 to 1 have a loudness of the root of 1/3, which is 0.577.
    const GAIN: f32 = HISS_GAIN / 0.577 * FILTER_GAIN;
    let [a, b, c, d] = FILTER.map(|part| part * GAIN / 32_768.0);
    let mut noise = vec![0.0; length];
    let mut previous = [0.0; 3];
    for samples in noise.chunks_mut(4) {
        // One random word gives four white samples.
        let word = rng.next_u64();
        let [w0, w1, w2, w3] = [0, 16, 32, 48].map(|part| f32::from((word >> part) as i16));
        let [x, y, z] = previous;
        let filtered = [
            w0 * a + z * b + y * c + x * d,
            w1 * a + w0 * b + z * c + y * d,
            w2 * a + w1 * b + w0 * c + z * d,
            w3 * a + w2 * b + w1 * c + w0 * d,
        ];
        samples.copy_from_slice(&filtered[..samples.len()]);
        previous = [w1, w2, w3];
    }
    noise
}

/// Adds one voice that speaks backwards through the whole file. All voices together are about as loud as a digit.
fn add_voice(language: Language, noise: &mut [f32], rng: &mut FastRng) {
    // The first sound starts before the file: its first `skipped` samples are left out.
    let mut rest = noise;
    let mut skipped = rng.random_range(0..RATE as usize / 4);
    while !rest.is_empty() {
        let Some(sound) = voices::pick(language, rng.random_range(0..10), rng) else { return };
        let gain = rng.random_range(SOUND_GAIN) / (VOICE_COUNT as f32).sqrt();
        let backwards = sound.samples.iter().rev().skip(skipped);
        for (sample, spoken) in rest.iter_mut().zip(backwards) {
            *sample += spoken * gain;
        }
        let step = sound.samples.len().saturating_sub(skipped + rng.random_range(OVERLAP)).max(RAMP);
        skipped = 0;
        rest = rest.split_at_mut(step.min(rest.len())).1;
    }
}

/// Lowers the gain of the noise under each digit, and raises it after the digit.
fn lower_under_digits(noise: &mut [f32], digits: &[Range<usize>], rng: &mut FastRng) {
    let mut gain = rng.random_range(GAIN_BETWEEN);
    let mut rest = noise;
    let mut begin = 0;
    for digit in digits {
        // The gain is low before the digit begins.
        let down = digit.start.saturating_sub(RAMP);
        for (until, next) in [(down, gain), (digit.end, GAIN_UNDER)] {
            let part;
            (part, rest) = rest.split_at_mut(until.saturating_sub(begin).min(rest.len()));
            apply_gain(part, gain, next);
            (gain, begin) = (next, begin.max(until));
        }
        let next = rng.random_range(GAIN_BETWEEN);
        let part;
        (part, rest) = rest.split_at_mut(RAMP.min(rest.len()));
        apply_gain(part, gain, next);
        (gain, begin) = (next, begin + RAMP);
    }
    apply_gain(rest, gain, gain);
}

/// Changes the gain from one value to another within [`RAMP`] samples, and keeps it from then on.
fn apply_gain(noise: &mut [f32], from: f32, to: f32) {
    let (ramp, level) = noise.split_at_mut(RAMP.min(noise.len()));
    let step = (to - from) / RAMP as f32;
    for (at, sample) in ramp.iter_mut().enumerate() {
        *sample *= from + step * at as f32;
    }
    level.iter_mut().for_each(|sample| *sample *= to);
}
