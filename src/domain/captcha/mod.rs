//! The puzzle in front of the flow: its id, what it asks for, whether it is seen or heard, how it looks, and what counts as the answer.

mod kind;
mod look;
mod puzzle;

pub use kind::{Kind, SPOKEN_DIGITS, spoken_digits};
pub use look::{Clutter, Lines, Look, Palette, Rgb, Theme};
pub use puzzle::{Alphabet, Puzzle};

use super::Invalid;
use aws_lc_rs::constant_time;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use std::fmt;
use unicode_normalization::UnicodeNormalization;

/// Names one captcha. 128 random bits: nobody can guess, choose or discard somebody else's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CaptchaId(String);

const ID_BYTES: usize = 16;

impl CaptchaId {
    #[must_use]
    pub fn new(random: [u8; ID_BYTES]) -> Self {
        Self(BASE64_URL_SAFE_NO_PAD.encode(random))
    }

    pub fn parse(text: &str) -> Result<Self, Invalid> {
        // 16 bytes are 22 characters; the length is looked at first, so that no long text is decoded.
        if text.len() != 22 {
            return Err(Invalid::Format);
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| Invalid::Format)?;
        Ok(Self::new(bytes.try_into().map_err(|_| Invalid::Format)?))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An answer, right or given, in upper case and in the plain form of every character (NFKC: a Chinese keyboard may type full-width
/// letters), without blanks and signs: people part lines and digits. How it is typed does not matter. Never printed.
#[derive(Clone)]
pub struct CaptchaAnswer(String);

impl CaptchaAnswer {
    /// Longest answer looked at, in bytes: ten full-width characters, or 32 plain ones.
    pub const LONGEST: usize = 32;

    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.trim().len() > Self::LONGEST {
            return Err(Invalid::TooLong);
        }
        let read: String = text.nfkc().flat_map(char::to_uppercase).filter(|c| c.is_alphanumeric()).collect();
        if read.is_empty() { Err(Invalid::TooShort) } else { Ok(Self(read)) }
    }

    /// Compares in constant time.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(self.0.as_bytes(), other.0.as_bytes()).is_ok()
    }

    /// For staging only.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CaptchaAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CaptchaAnswer(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_ignores_case_and_surrounding_space() {
        let answer = CaptchaAnswer::parse("AC3K").unwrap();
        assert!(answer.matches(&CaptchaAnswer::parse("ac 3-\u{200b}k\n").unwrap()));
        assert!(answer.matches(&CaptchaAnswer::parse(" ac3k ").unwrap()));
        assert!(!answer.matches(&CaptchaAnswer::parse("AC3").unwrap()));
        assert!(!answer.matches(&CaptchaAnswer::parse("AC3X").unwrap()));
        assert!(CaptchaAnswer::parse(" -").is_err());
    }

    #[test]
    fn an_id_has_one_spelling() {
        let id = CaptchaId::new([7; 16]);
        assert_eq!(CaptchaId::parse(id.as_str()), Ok(id));
        for text in ["", "short", "..//..//..//..//..//..", "漢字漢字漢字漢", &"A".repeat(10_000)] {
            assert_eq!(CaptchaId::parse(text), Err(Invalid::Format));
        }
    }
}
