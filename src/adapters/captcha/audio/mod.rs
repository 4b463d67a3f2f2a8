//! Speaks captchas: digits of several voices, each faster or slower, louder or quieter, sharper or duller by chance, over
//! a babble of the same voices. Every file is equally long, whatever it says.
//!
//! What it makes is easier for machines than the picture is: see `docs/captcha-audio.md`.

mod babble;
#[cfg(test)]
mod tests;
mod voices;
mod wav;

use super::Chance;
use crate::adapters::bulkhead::Bulkhead;
use crate::domain::language::Language;
use crate::ports::{AudioCaptcha, Dependency, DependencyError};
use async_trait::async_trait;
use rand::{RngExt, SeedableRng};
use std::ops::{Range, RangeInclusive};
use voices::Sound;

pub use voices::RATE;

/// Samples of every file: 8 seconds. Six digits of half a second leave as much again, and more, to take each of them in.
const LENGTH: usize = RATE as usize * 8;
/// Bytes of every file.
pub const BYTES: usize = 44 + LENGTH;

// The recipe of a digit.
/// How fast, and by that how high, it is said, against the recording: a semitone and a half either way. More, and a man
/// becomes a child.
const PACE: RangeInclusive<f32> = 0.92..=1.09;
/// How much faster or slower it ends than it begins. A tone of Mandarin rises or falls by a fifth: it must not be mistaken.
const GLIDE: RangeInclusive<f32> = -0.04..=0.04;
/// 2 dB either way.
const LOUDNESS: RangeInclusive<f32> = 0.8..=1.25;
/// How much of each sample's predecessor is added (duller) or taken away (sharper).
const TILT: RangeInclusive<f32> = -0.35..=0.35;
/// Samples from one digit to the next, at least: 0.2 s. With six of the longest sounds at the slowest pace they still fit.
const SHORTEST_PAUSE: usize = RATE as usize / 5;
/// The rest of the time is shared out among the pauses in parts of these sizes.
const SHARE: RangeInclusive<f32> = 0.3..=1.7;

/// Files that may wait, per thread: at about a millisecond each, the last of them waits about 60 ms.
const QUEUE: usize = 64;

/// Speaks on the runtime's blocking threads, a bounded number at a time.
pub struct Speaker {
    bulkhead: Bulkhead,
}

impl Speaker {
    /// Speaks on at most `threads` threads at once, and on one if that is 0.
    #[must_use]
    pub fn new(threads: usize) -> Self {
        let threads = threads.max(1);
        Self { bulkhead: Bulkhead::new(Dependency::Speaking, threads, threads * QUEUE) }
    }
}

#[async_trait]
impl AudioCaptcha for Speaker {
    async fn speak(&self, digits: String, language: Language, seed: u64) -> Result<Vec<u8>, DependencyError> {
        self.bulkhead.run(move || speak(&digits, language, seed)).await
    }
}

/// A WAV of [`BYTES`]: 16 kHz, 8 bits, mono. The same digits, language and seed give the same bytes. Whatever is no digit
/// is passed over, and what is too much for the time is cut off.
#[must_use]
pub fn speak(digits: &str, language: Language, seed: u64) -> Vec<u8> {
    let mut chance = Chance::seed_from_u64(seed);
    let mut say_one = |digit| Some(say(voices::pick(language, digit, &mut chance)?, &mut chance));
    let said: Vec<_> =
        digits.chars().filter_map(|digit| digit.to_digit(10)).filter_map(|digit| say_one(digit as usize)).collect();
    let places = spread(&said, &mut chance);
    let mut samples = babble::babble(language, LENGTH, &places, &mut chance);
    for (digit, place) in said.iter().zip(places) {
        for (sample, said) in samples.iter_mut().skip(place.start).zip(digit) {
            *sample += said;
        }
    }
    wav::encode(&samples)
}

/// One digit as it is said this time.
fn say(sound: &Sound, chance: &mut Chance) -> Vec<f32> {
    let (pace, glide) = (chance.random_range(PACE), chance.random_range(GLIDE));
    let (loudness, tilt) = (chance.random_range(LOUDNESS), chance.random_range(TILT));
    // The filter makes a voice louder or quieter by about as much, since most of it lies in low notes.
    let gain = loudness / (1.0 + tilt);
    let recorded = &sound.samples;
    let mut said = Vec::with_capacity(recorded.len() * 5 / 4);
    // The place in the recording, 32 bits of it behind the point: turning floats into places is dearer than all the rest.
    const ONE: f32 = 4_294_967_296.0;
    let (mut at, mut last) = (0_u64, 0.0);
    let mut step = ((pace - glide / 2.0) * ONE) as u64;
    let faster = (glide * ONE / recorded.len().max(1) as f32) as i64;
    while let Some([a, b]) = recorded.get((at >> 32) as usize..).and_then(<[f32]>::first_chunk) {
        let between = ((at as u32) >> 8) as f32 * (256.0 / ONE);
        let sample = a + (b - a) * between;
        said.push((sample + last * tilt) * gain);
        last = sample;
        at += step;
        step = step.saturating_add_signed(faster);
    }
    said
}

/// Where each of them goes, with pauses of random length before, between and behind them.
fn spread(said: &[Vec<f32>], chance: &mut Chance) -> Vec<Range<usize>> {
    let taken: usize = said.iter().map(Vec::len).sum();
    let free = LENGTH.saturating_sub(taken + SHORTEST_PAUSE * (said.len() + 1));
    let shares: Vec<f32> = (0..=said.len()).map(|_| chance.random_range(SHARE)).collect();
    let unit = free as f32 / shares.iter().sum::<f32>();
    let mut end = 0;
    let place = |(digit, share): (&Vec<f32>, f32)| {
        let start = end + SHORTEST_PAUSE + (share * unit) as usize;
        end = start + digit.len();
        start..end
    };
    said.iter().zip(shares).map(place).collect()
}
