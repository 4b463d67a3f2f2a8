//! Kinds of captchas: picture and audio.

use super::CaptchaAnswer;
use crate::domain::Invalid;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// Characters in a picture.
    #[default]
    Image,
    /// Spoken digits with noise, for users who cannot read the picture.
    Audio,
}

impl Kind {
    pub const ALL: [Self; 2] = [Self::Image, Self::Audio];

    pub fn parse(text: &str) -> Result<Self, Invalid> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(Invalid::NotAllowed)
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Audio => "audio",
        }
    }

    /// Media type of the file.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Image => "image/png",
            Self::Audio => "audio/wav",
        }
    }
}

/// Number of digits, as many as a code by SMS has: a guess is right once in a million, and users can remember six
/// digits.
pub const SPOKEN_DIGITS: usize = 6;

/// Creates the digits to speak, and their answer, which is the same. Calls `random` once for each digit. The bias of
/// the modulo is below 2^-60.
#[must_use]
pub fn spoken_digits(mut random: impl FnMut() -> u64) -> (String, CaptchaAnswer) {
    let digit = |_| char::from(b'0' + u8::try_from(random() % 10).unwrap_or_default());
    let digits: String = (0..SPOKEN_DIGITS).map(digit).collect();
    (digits.clone(), CaptchaAnswer(digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_the_digits_typed_in_any_width() {
        let mut random = [4, 19, 3, 8, 1, 7].into_iter();
        let (digits, answer) = spoken_digits(|| random.next().unwrap());
        assert_eq!((digits.as_str(), answer.expose()), ("493817", "493817"));
        for given in ["493817", " 493817 ", "４９３８１７"] {
            assert!(answer.matches(&CaptchaAnswer::parse(given).unwrap()), "{given}");
        }
    }

    #[test]
    fn all_digits_are_equally_frequent() {
        let mut counts = [0; 10];
        let mut state = 0;
        for _ in 0..10_000 {
            // A full-period generator (Knuth, MMIX): its high half is uniform enough to count with.
            let random = || {
                state = u64::wrapping_mul(state, 6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                state >> 32
            };
            spoken_digits(random).0.bytes().for_each(|digit| counts[usize::from(digit - b'0')] += 1);
        }
        // 6,000 of each are expected, plus or minus five standard deviations of 74.
        assert!(counts.iter().all(|count| (5_630..=6_370).contains(count)), "{counts:?}");
    }
}
