//! Audio captchas: spoken digits over babble. A random voice speaks each digit, with random speed, loudness and
//! brightness. The babble consists of the same voices. All files have the same length.
//!
//! Machines solve an audio captcha more easily than a picture: see `docs/audio.md`.

mod babble;
#[cfg(test)]
mod tests;
mod voices;
mod wav;

use crate::rng::FastRng;
use rand::{RngExt, SeedableRng};
use std::ops::{Range, RangeInclusive};
use voices::{RATE, Sound};

pub use voices::Language;

/// Number of samples in each file: 8 seconds. Six digits of half a second each leave more than half of the time for
/// pauses, in which people can note each digit.
const LENGTH: usize = RATE as usize * 8;

// Random changes of a digit.

/// Speed relative to the recording. It also changes the pitch, by one and a half semitones up or down. With more, the
/// voice of a man sounds like that of a child.
const SPEED: RangeInclusive<f32> = 0.92..=1.09;
/// Change of speed from the beginning to the end of the digit. It is much less than the tones of Mandarin, which rise
/// or fall by a musical fifth, so that listeners do not confuse the tones.
const GLIDE: RangeInclusive<f32> = -0.04..=0.04;
/// Random loudness, 2 dB more or less.
const LOUDNESS: RangeInclusive<f32> = 0.8..=1.25;
/// Share of the previous sample that is added to each sample (duller) or subtracted (brighter).
const TILT: RangeInclusive<f32> = -0.35..=0.35;
/// Minimum number of samples between two digits: 0.2 s. Six of the longest sounds at the lowest speed still fit.
const MIN_PAUSE: usize = RATE as usize / 5;
/// Relative size of a pause's share of the remaining time.
const PAUSE_SHARE: RangeInclusive<f32> = 0.3..=1.7;

/// Returns a WAV file of 128,044 bytes: 8 s, 16 kHz, 8 bits, mono. The same digits, language and seed give the same
/// bytes. Other characters are ignored, and digits beyond the length of the file are cut off.
#[must_use]
pub fn speak(digits: &str, language: Language, seed: u64) -> Vec<u8> {
    let mut rng = FastRng::seed_from_u64(seed);
    let mut speak_one = |digit| Some(vary(voices::pick(language, digit, &mut rng)?, &mut rng));
    let spoken: Vec<_> =
        digits.chars().filter_map(|digit| digit.to_digit(10)).filter_map(|digit| speak_one(digit as usize)).collect();
    let places = place_digits(&spoken, &mut rng);
    let mut samples = babble::babble(language, LENGTH, &places, &mut rng);
    for (digit, place) in spoken.iter().zip(places) {
        for (sample, digit) in samples.iter_mut().skip(place.start).zip(digit) {
            *sample += digit;
        }
    }
    wav::encode(&samples)
}

/// Returns the samples of a digit with random changes.
fn vary(sound: &Sound, rng: &mut FastRng) -> Vec<f32> {
    let (speed, glide) = (rng.random_range(SPEED), rng.random_range(GLIDE));
    let (loudness, tilt) = (rng.random_range(LOUDNESS), rng.random_range(TILT));
    // The filter changes the loudness of a voice by about the same factor, because most of a voice is low frequencies.
    let gain = loudness / (1.0 + tilt);
    let recorded = &sound.samples;
    let mut spoken = Vec::with_capacity(recorded.len() * 5 / 4);
    // `at` is the position in the recording, with 32 fractional bits. Converting floats to positions would cost more
    // than all other operations here.
    const ONE: f32 = 4_294_967_296.0;
    let (mut at, mut last) = (0_u64, 0.0);
    let mut step = ((speed - glide / 2.0) * ONE) as u64;
    let step_change = (glide * ONE / recorded.len().max(1) as f32) as i64;
    while let Some([a, b]) = recorded.get((at >> 32) as usize..).and_then(<[f32]>::first_chunk) {
        let between = ((at as u32) >> 8) as f32 * (256.0 / ONE);
        let sample = a + (b - a) * between;
        spoken.push((sample + last * tilt) * gain);
        last = sample;
        at += step;
        step = step.saturating_add_signed(step_change);
    }
    spoken
}

/// Returns the place of each digit, with pauses of random length before, between and after the digits.
fn place_digits(spoken: &[Vec<f32>], rng: &mut FastRng) -> Vec<Range<usize>> {
    let taken: usize = spoken.iter().map(Vec::len).sum();
    let free = LENGTH.saturating_sub(taken + MIN_PAUSE * (spoken.len() + 1));
    let shares: Vec<f32> = (0..=spoken.len()).map(|_| rng.random_range(PAUSE_SHARE)).collect();
    let unit = free as f32 / shares.iter().sum::<f32>();
    let mut end = 0;
    let place = |(digit, share): (&Vec<f32>, f32)| {
        let start = end + MIN_PAUSE + (share * unit) as usize;
        end = start + digit.len();
        start..end
    };
    spoken.iter().zip(shares).map(place).collect()
}
