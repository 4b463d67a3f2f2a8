//! Captchas: ID, kind (picture or audio), puzzle, task of the user, theme and answer.

mod kind;
mod puzzle;
mod task;
mod theme;

pub use kind::{Kind, SPOKEN_DIGITS, spoken_digits};
pub use puzzle::{Alphabet, Puzzle};
pub use task::{Keyboard, Task};
pub use theme::Theme;

use super::Invalid;
use super::unicode::decimal_digit;
use aws_lc_rs::constant_time;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use std::fmt;
use unicode_normalization::UnicodeNormalization;

/// ID of one captcha. It has 128 random bits: a client cannot guess, choose or discard the captcha of another client.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CaptchaId(String);

const ID_BYTES: usize = 16;

impl CaptchaId {
    #[must_use]
    pub fn new(random: [u8; ID_BYTES]) -> Self {
        Self(BASE64_URL_SAFE_NO_PAD.encode(random))
    }

    pub fn parse(text: &str) -> Result<Self, Invalid> {
        // 16 bytes are 22 characters. The length is checked first, so that no long text is decoded.
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

/// Answer to a captcha, expected or given. It is normalised, so that the way of typing does not matter: upper case,
/// NFKC (a Chinese keyboard may type full-width letters), digits of any script, and no spaces or signs, because users
/// separate lines and digits. Never printed.
#[derive(Clone)]
pub struct CaptchaAnswer(String);

impl CaptchaAnswer {
    /// Maximum length of an answer in bytes: ten full-width characters, or 32 ASCII characters.
    pub const LONGEST: usize = 32;

    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.trim().len() > Self::LONGEST {
            return Err(Invalid::TooLong);
        }
        let letters = text.nfkc().flat_map(char::to_uppercase).filter(|c| c.is_alphanumeric());
        let normalised: String = letters.map(|c| decimal_digit(c).unwrap_or(c)).collect();
        if normalised.is_empty() { Err(Invalid::TooShort) } else { Ok(Self(normalised)) }
    }

    /// Compares in constant time.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(self.0.as_bytes(), other.0.as_bytes()).is_ok()
    }

    /// Returns the text, for staging only.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Attempt of a client at a captcha.
#[derive(Debug, Clone)]
pub struct CaptchaAttempt {
    pub id: CaptchaId,
    /// Answers of which one must be right; `None` accepts every captcha that exists (development).
    pub accepted: Option<[CaptchaAnswer; 2]>,
}

impl CaptchaAttempt {
    /// Tells whether the attempt solves a captcha with this answer.
    #[must_use]
    pub fn solves(&self, answer: &CaptchaAnswer) -> bool {
        self.accepted.as_ref().is_none_or(|[typed, replaced]| answer.matches(typed) | answer.matches(replaced))
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
    fn an_answer_ignores_case_spaces_and_signs() {
        let answer = CaptchaAnswer::parse("AC3K").unwrap();
        assert!(answer.matches(&CaptchaAnswer::parse("ac 3-\u{200b}k\n").unwrap()));
        assert!(answer.matches(&CaptchaAnswer::parse(" ac3k ").unwrap()));
        assert!(answer.matches(&CaptchaAnswer::parse("ＡＣ٣Ｋ").unwrap()));
        assert!(!answer.matches(&CaptchaAnswer::parse("AC3").unwrap()));
        assert!(!answer.matches(&CaptchaAnswer::parse("AC3X").unwrap()));
        assert!(CaptchaAnswer::parse(" -").is_err());
    }

    #[test]
    fn an_id_has_one_text_form() {
        let id = CaptchaId::new([7; 16]);
        assert_eq!(CaptchaId::parse(id.as_str()), Ok(id));
        for text in ["", "short", "..//..//..//..//..//..", "漢字漢字漢字漢", &"A".repeat(10_000)] {
            assert_eq!(CaptchaId::parse(text), Err(Invalid::Format));
        }
    }
}
