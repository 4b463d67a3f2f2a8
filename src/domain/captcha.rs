//! The picture puzzle in front of the flow: its id, what is drawn, and what counts as the answer.

use super::Invalid;
use aws_lc_rs::constant_time;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use std::fmt;

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

/// What the picture asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Puzzle {
    /// Type these characters.
    Text { length: usize },
    /// Type the sum of two digits.
    Arithmetic,
}

/// Letters and digits that survive rotation and noise: without 0 O Q D, 1 I L J, 2 Z, 5 S, 8 B, 6 G, U V W and 7 (a T
/// that leans), each of which people read as its neighbour.
pub const ALPHABET: &[u8] = b"ACEFHKMNPRTXY349";

impl Puzzle {
    /// Makes the text to draw and its answer out of random words; one word per character. The bias of the modulo is
    /// below 2^-59.
    #[must_use]
    pub fn compose(self, mut random: impl FnMut() -> u64) -> (String, CaptchaAnswer) {
        let mut below = |n: usize| usize::try_from(random() % n as u64).unwrap_or_default();
        match self {
            Self::Text { length } => {
                let text: String = (0..length).map(|_| char::from(ALPHABET[below(ALPHABET.len())])).collect();
                (text.clone(), CaptchaAnswer(text))
            }
            Self::Arithmetic => {
                let (a, b) = (below(10), below(10));
                (format!("{a}+{b}=?"), CaptchaAnswer((a + b).to_string()))
            }
        }
    }
}

/// An answer, right or given, in upper case: how it is typed does not matter. Never printed.
#[derive(Clone)]
pub struct CaptchaAnswer(String);

impl CaptchaAnswer {
    /// Longest answer looked at, in bytes.
    pub const LONGEST: usize = 32;

    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        match text.len() {
            0 => Err(Invalid::TooShort),
            n if n > Self::LONGEST => Err(Invalid::TooLong),
            _ => Ok(Self(text.to_ascii_uppercase())),
        }
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
        assert!(answer.matches(&CaptchaAnswer::parse(" ac3k ").unwrap()));
        assert!(!answer.matches(&CaptchaAnswer::parse("AC3").unwrap()));
        assert!(!answer.matches(&CaptchaAnswer::parse("AC3X").unwrap()));
        assert!(CaptchaAnswer::parse(" ").is_err());
    }

    #[test]
    fn an_id_has_one_spelling() {
        let id = CaptchaId::new([7; 16]);
        assert_eq!(CaptchaId::parse(id.as_str()), Ok(id));
        for text in ["", "short", "..//..//..//..//..//..", "漢字漢字漢字漢", &"A".repeat(10_000)] {
            assert_eq!(CaptchaId::parse(text), Err(Invalid::Format));
        }
    }

    #[test]
    fn text_and_arithmetic() {
        let mut n = 0;
        let mut count = || {
            n += 1;
            n
        };
        let (text, answer) = Puzzle::Text { length: 5 }.compose(&mut count);
        assert_eq!(text.len(), 5);
        assert_eq!(answer.expose(), text);
        let (text, answer) = Puzzle::Arithmetic.compose(|| 7);
        assert_eq!((text.as_str(), answer.expose()), ("7+7=?", "14"));
    }
}
