//! The recordings that every captcha is put together from: `sounds/`, inside the binary.

use super::Chance;
use crate::domain::language::Language;
use rand::seq::IndexedRandom;
use std::sync::LazyLock;

/// Of every sound and of what is made of them, in samples a second. At 11,025 PocketSphinx takes an English "six" for
/// an "eight": what is cut off is most of an s.
pub const RATE: u32 = 16_000;

/// One digit, said once. Samples run from -1 to 1, at a loudness (root mean square) of 1 over its louder parts: see [`loudness`].
pub(super) struct Sound {
    pub(super) samples: Vec<f32>,
}

/// Ten digits, said by one voice.
type Voice = [Sound; 10];

/// What the files of one voice hold. A macro, because `include_bytes!` wants a literal.
macro_rules! files {
    ($voice:literal) => {
        files!($voice: "0" "1" "2" "3" "4" "5" "6" "7" "8" "9")
    };
    ($voice:literal: $($digit:literal)*) => {
        [$(include_bytes!(concat!("../../../../sounds/", $voice, "/", $digit, ".wav")).as_slice()),*]
    };
}

static ENGLISH: [[&[u8]; 10]; 4] = [files!("en/awb"), files!("en/kal16"), files!("en/rms"), files!("en/slt")];
static CHINESE: [[&[u8]; 10]; 4] = [files!("zh-CN/base"), files!("zh-CN/f2"), files!("zh-CN/f4"), files!("zh-CN/m3")];

/// Read at the first captcha: 0.7 million samples, about a millisecond.
static VOICES: LazyLock<[Vec<Voice>; 2]> =
    LazyLock::new(|| [ENGLISH, CHINESE].map(|voices| voices.map(|voice| voice.map(Sound::read)).into()));

/// Everybody who speaks this language.
pub(super) fn of(language: Language) -> &'static [Voice] {
    let [english, chinese] = &*VOICES;
    match language {
        Language::English => english,
        Language::Chinese => chinese,
    }
}

/// This digit, by a voice that chance chooses; none for what is no digit.
pub(super) fn pick(language: Language, digit: usize, chance: &mut Chance) -> Option<&'static Sound> {
    of(language).choose(chance)?.get(digit)
}

impl Sound {
    /// Of a WAV with one header of 44 bytes, 8 bits and one channel, as `scripts/make-sounds` writes it.
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

/// Root mean square of the frames of 20 ms that are within 20 dB of the loudest: a pause inside a "six" and a breath after it
/// make nobody quieter. Never 0.
pub(super) fn loudness(samples: &[f32]) -> f32 {
    const FRAME: usize = RATE as usize / 50;
    let powers: Vec<f32> =
        samples.chunks(FRAME).map(|frame| frame.iter().map(|x| x * x).sum::<f32>() / frame.len() as f32).collect();
    let loudest = powers.iter().copied().fold(0.0, f32::max);
    let loud: Vec<f32> = powers.into_iter().filter(|&power| power * 100.0 >= loudest).collect();
    (loud.iter().sum::<f32>() / loud.len().max(1) as f32).sqrt().max(f32::MIN_POSITIVE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> impl Iterator<Item = &'static [u8]> {
        ENGLISH.iter().chain(&CHINESE).flatten().copied()
    }

    #[test]
    fn every_sound_is_a_wav_of_our_form() {
        for wav in files() {
            // But for the length of the file: an odd number of samples has one byte behind it.
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
        for voice in Language::ALL.into_iter().flat_map(of) {
            for sound in voice {
                assert!((loudness(&sound.samples) - 1.0).abs() < 1e-3);
            }
        }
    }
}
