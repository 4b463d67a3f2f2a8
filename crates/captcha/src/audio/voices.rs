//! Recordings for the audio captchas: the files of `sounds/`, compiled into the binary.

use crate::rng::FastRng;
use rand::seq::IndexedRandom;
use std::sync::LazyLock;

/// Sample rate of the recordings and of the captchas, in samples per second. At 11,025 PocketSphinx takes an English
/// "six" for an "eight", because this rate cuts off most of an "s".
pub(super) const RATE: u32 = 16_000;

/// Spoken language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    English,
    Mandarin,
}

/// Recording of one digit. The loudness (root mean square) of its louder parts is 1: see [`loudness`].
pub(super) struct Sound {
    pub(super) samples: Vec<f32>,
}

/// Ten digits, spoken by one voice.
type Voice = [Sound; 10];

/// Content of the files of one voice. This is a macro, because `include_bytes!` needs a literal.
macro_rules! files {
    ($voice:literal) => {
        files!($voice: "0" "1" "2" "3" "4" "5" "6" "7" "8" "9")
    };
    ($voice:literal: $($digit:literal)*) => {
        [$(include_bytes!(concat!("../../sounds/", $voice, "/", $digit, ".wav")).as_slice()),*]
    };
}

static ENGLISH: [[&[u8]; 10]; 4] = [files!("en/awb"), files!("en/kal16"), files!("en/rms"), files!("en/slt")];
static CHINESE: [[&[u8]; 10]; 4] = [files!("zh-CN/base"), files!("zh-CN/f2"), files!("zh-CN/f4"), files!("zh-CN/m3")];

/// Decoded samples of all voices: 0.7 million, decoded at the first captcha in about a millisecond.
static VOICES: LazyLock<[Vec<Voice>; 2]> =
    LazyLock::new(|| [ENGLISH, CHINESE].map(|voices| voices.map(|voice| voice.map(Sound::read)).into()));

/// Returns all voices of a language.
pub(super) fn for_language(language: Language) -> &'static [Voice] {
    let [english, chinese] = &*VOICES;
    match language {
        Language::English => english,
        Language::Mandarin => chinese,
    }
}

/// Returns this digit, spoken by a random voice, or `None` if the number is not a digit.
pub(super) fn pick(language: Language, digit: usize, rng: &mut FastRng) -> Option<&'static Sound> {
    for_language(language).choose(rng)?.get(digit)
}

impl Sound {
    /// Decodes a WAV with a header of 44 bytes, 8 bits and one channel, as `sounds/make-sounds` writes it.
    fn read(wav: &[u8]) -> Self {
        let samples: Vec<f32> = data(wav).iter().map(|&sample| f32::from(sample) - 128.0).collect();
        let gain = 1.0 / loudness(&samples);
        Self { samples: samples.iter().map(|sample| sample * gain).collect() }
    }
}

fn data(wav: &[u8]) -> &[u8] {
    let length = wav.get(40..44).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_le_bytes);
    wav.get(44..).and_then(|rest| rest.get(..length as usize)).unwrap_or_default()
}

/// Returns the root mean square over the frames of 20 ms that are within 20 dB of the loudest frame. A pause inside a
/// "six" or a breath after it does not lower the result. The result is never 0.
pub(super) fn loudness(samples: &[f32]) -> f32 {
    const FRAME: usize = RATE as usize / 50;
    let powers: Vec<f32> =
        samples.chunks(FRAME).map(|frame| frame.iter().map(|x| x * x).sum::<f32>() / frame.len() as f32).collect();
    let loudest = powers.iter().copied().fold(0.0, f32::max);
    let loud: Vec<f32> = powers.into_iter().filter(|&power| power * 100.0 >= loudest).collect();
    (loud.iter().sum::<f32>() / loud.len().max(1) as f32).sqrt().max(f32::MIN_POSITIVE)
}

#[cfg(test)]
pub(super) const LANGUAGES: [Language; 2] = [Language::English, Language::Mandarin];

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> impl Iterator<Item = &'static [u8]> {
        ENGLISH.iter().chain(&CHINESE).flatten().copied()
    }

    #[test]
    fn every_sound_is_a_wav_of_the_expected_format() {
        for wav in files() {
            // The length of the file is not compared: an odd number of samples is followed by a padding byte.
            assert_eq!(wav[8..44], super::super::wav::header(data(wav).len() as u32)[8..]);
            let seconds = data(wav).len() as f32 / RATE as f32;
            assert!((0.2..=1.0).contains(&seconds), "{seconds} s");
        }
    }

    #[test]
    fn no_two_sounds_are_the_same() {
        let mut all: Vec<_> = files().collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 80);
    }

    #[test]
    fn every_sound_is_equally_loud() {
        for voice in LANGUAGES.into_iter().flat_map(for_language) {
            for sound in voice {
                assert!((loudness(&sound.samples) - 1.0).abs() < 1e-3);
            }
        }
    }
}
