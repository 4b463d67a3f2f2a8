//! Whether a captcha is to be seen or to be heard.

use super::CaptchaAnswer;
use crate::domain::Invalid;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// Characters in a picture.
    #[default]
    Image,
    /// Digits, spoken over noise, for people who cannot read the picture.
    Audio,
}

impl Kind {
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        match text {
            "image" => Ok(Self::Image),
            "audio" => Ok(Self::Audio),
            _ => Err(Invalid::NotAllowed),
        }
    }
}

/// As many as a code by SMS has: one guess in a million, and no more than one can keep in mind.
pub const SPOKEN_DIGITS: usize = 6;

/// Makes the digits to speak and their answer, which is the same, out of random words; one word per digit. The bias of the
/// modulo is below 2^-60.
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
    fn the_digits_are_their_own_answer_typed_in_any_width() {
        let mut words = [4, 19, 3, 8, 1, 7].into_iter();
        let (digits, answer) = spoken_digits(|| words.next().unwrap());
        assert_eq!((digits.as_str(), answer.expose()), ("493817", "493817"));
        for given in ["493817", " 493817 ", "４９３８１７"] {
            assert!(answer.matches(&CaptchaAnswer::parse(given).unwrap()), "{given}");
        }
    }

    #[test]
    fn every_digit_comes_equally_often() {
        let mut counts = [0; 10];
        let mut word = 0;
        for _ in 0..10_000 {
            // A full-period generator (Knuth, MMIX): its high half is even enough to count with.
            let random = || {
                word = u64::wrapping_mul(word, 6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                word >> 32
            };
            spoken_digits(random).0.bytes().for_each(|digit| counts[usize::from(digit - b'0')] += 1);
        }
        // 6,000 of each, five standard deviations (74 each) either way.
        assert!(counts.iter().all(|count| (5_630..=6_370).contains(count)), "{counts:?}");
    }
}
