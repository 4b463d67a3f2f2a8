//! Passwords: what is accepted, and types that cannot be printed.

use super::{Invalid, phone::Phone};
use std::fmt;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// A password of acceptable length in Unicode NFC (RFC 8265, OpaqueString), wiped when dropped. Never printed,
/// compared or stored.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// OWASP ASVS 5.0 6.2.1: at least 8 characters.
    pub const SHORTEST: usize = 8;
    /// OWASP ASVS 5.0 6.2.9 asks for at least 64 to be possible; the bound keeps hashing cheap.
    pub const LONGEST: usize = 128;

    /// Counts Unicode scalar values. Every kind of space is the same space (RFC 8265): keyboards differ in it. No rule about kinds of characters (ASVS 6.2.5).
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.len() > Self::LONGEST * 4 {
            return Err(Invalid::TooLong);
        }
        // NFC makes a text at most three times as long; a string that grew would leave pieces of itself behind.
        let mut normal = Zeroizing::new(String::with_capacity(text.len() * 3));
        normal.extend(text.chars().map(plain_space).nfc());
        let text = normal;
        match text.chars().count() {
            n if n < Self::SHORTEST => Err(Invalid::TooShort),
            n if n > Self::LONGEST => Err(Invalid::TooLong),
            _ if text.chars().any(char::is_control) => Err(Invalid::Characters),
            _ => Ok(Self(text)),
        }
    }

    /// Whether it is among what attackers try first: common passwords, names, keyboard runs, dates, repetitions, or
    /// the person's own number. That is a `zxcvbn` score below 2, fewer than 10^6 guesses (ASVS 5.0 6.2.4 asks for
    /// the 3,000 commonest). Costs some 100 microseconds, 5 milliseconds at most: call it off the event loop.
    #[must_use]
    pub fn is_guessable(&self, phone: &Phone) -> bool {
        let judged = Zeroizing::new(self.0.chars().take(Self::JUDGED).collect::<String>());
        if readings(&judged) > Self::MOST_READINGS {
            return false;
        }
        let e164 = phone.e164();
        let national = &e164[e164.len().saturating_sub(11)..];
        zxcvbn::zxcvbn(&judged, &[e164, national, "doorstep"]).score() < zxcvbn::Score::Two
    }

    /// How many characters are judged. `zxcvbn` looks at 100, in a time that grows faster than their square.
    const JUDGED: usize = 32;
    /// `zxcvbn` tries every reading of the signs that may stand for letters: without a bound the worst password takes
    /// half a second. Nothing with more readings than this is among what attackers try first (`P@ssw0rd!1` has 2).
    const MOST_READINGS: usize = 8;

    /// For the hasher only.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// In how many ways the signs of a text can be read as letters: as many as there are signs for the same letter,
/// multiplied over the letters. The signs are those of `zxcvbn`.
fn readings(text: &str) -> usize {
    const SIGNS: [&str; 7] = ["4@", "({[<", "69", "1!|", "17|", "$5", "+7"];
    SIGNS.iter().map(|signs| signs.chars().filter(|sign| text.contains(*sign)).count().max(1)).product()
}

const fn plain_space(c: char) -> char {
    match c {
        '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' => ' ',
        _ => c,
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// A password hash in PHC string form. Never printed.
#[derive(Clone)]
pub struct PasswordHash(String);

impl PasswordHash {
    #[must_use]
    pub const fn new(phc: String) -> Self {
        Self(phc)
    }

    /// For staging and the database.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_all_that_is_asked() {
        assert!(Password::parse("八个字的密码也行").is_ok());
        assert!(Password::parse(&"x".repeat(128)).is_ok());
        assert_eq!(Password::parse("seven77").unwrap_err(), Invalid::TooShort);
        assert_eq!(Password::parse(&"x".repeat(129)).unwrap_err(), Invalid::TooLong);
        assert_eq!(Password::parse(&"x".repeat(1_000_000)).unwrap_err(), Invalid::TooLong);
        assert_eq!(Password::parse("with\0zero byte").unwrap_err(), Invalid::Characters);
    }

    #[test]
    fn two_keyboards_type_the_same_password() {
        let composed = Password::parse("caf\u{e9} au lait").unwrap();
        let decomposed = Password::parse("cafe\u{301} au lait").unwrap();
        assert_eq!(composed.expose(), decomposed.expose());
        let ideographic_space = Password::parse("caf\u{e9}\u{3000}au lait").unwrap();
        assert_eq!(composed.expose(), ideographic_space.expose());
    }

    #[test]
    fn what_attackers_try_first_is_guessable() {
        let phone = Phone::from_stored("+8613800138000".to_owned()).unwrap();
        for text in ["password", "12345678", "qwertyuiop", "aaaaaaaaaa", "iloveyou1", "13800138000", "+8613800138000"] {
            assert!(Password::parse(text).unwrap().is_guessable(&phone), "{text}");
        }
        for text in ["correct horse battery", "Tr0ub4dor&3xyz", "八个字的密码也行"] {
            assert!(!Password::parse(text).unwrap().is_guessable(&phone), "{text}");
        }
    }

    /// Judging such passwords in full would take half a second each.
    #[test]
    fn what_is_judged_is_bounded() {
        let phone = Phone::from_stored("+8613800138000".to_owned()).unwrap();
        let symbols = "4@8({[<369!1|70$5+%2".repeat(6);
        assert_eq!(readings(&symbols), 576);
        assert!(!Password::parse(&symbols).unwrap().is_guessable(&phone));
        // `zxcvbn` would call this one guessable: it was not asked.
        assert_eq!(readings("({[1|"), 12);
        assert!(!Password::parse(&"({[1|".repeat(6)).unwrap().is_guessable(&phone));
        assert!(Password::parse(&"a".repeat(128)).unwrap().is_guessable(&phone));
        for common in ["!@#$%^&*()_+", "1234567890", "P@ssw0rd!1"] {
            assert!(readings(common) <= Password::MOST_READINGS, "{common}");
            assert!(Password::parse(common).unwrap().is_guessable(&phone), "{common}");
        }
    }

    #[test]
    fn never_prints() {
        assert_eq!(format!("{:?}", Password::parse("correct horse").unwrap()), "Password(..)");
        assert_eq!(format!("{:?}", PasswordHash::new("$argon2id$".to_owned())), "PasswordHash(..)");
    }
}
