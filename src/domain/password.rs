//! Passwords: the rules for them, and types that cannot be printed.

use super::joiners::joins_letters;
use super::unicode::{is_invisible, is_printable, plain_space};
use super::{Invalid, phone::Phone};
use std::fmt;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// Password that a user enters, of an allowed length, prepared by RFC 8265 (OpaqueString): Unicode NFC, and plain
/// spaces. Its memory is erased when it is dropped. Never printed, compared or stored.
#[derive(Clone)]
pub struct Password {
    prepared: Zeroizing<String>,
    /// Form in which it was typed, if that is another one: an earlier service may have hashed it unprepared.
    typed: Option<Zeroizing<String>>,
}

impl Password {
    /// Minimum length: 8 characters (OWASP ASVS 5.0 6.2.1).
    pub const SHORTEST: usize = 8;
    /// Maximum length in characters. OWASP ASVS 5.0 6.2.9 requires that at least 64 are possible. The limit keeps
    /// hashing cheap.
    pub const LONGEST: usize = 128;

    /// Counts Unicode scalar values. All kinds of spaces become U+0020 (RFC 8265), because keyboards differ in them.
    /// There is no rule about kinds of characters (ASVS 6.2.5). Invisible characters stay: a password with them was
    /// possibly set before [`NewPassword`] rejected them.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.len() > Self::LONGEST * 4 {
            return Err(Invalid::TooLong);
        }
        let prepared = prepare(text);
        match prepared.chars().count() {
            n if n < Self::SHORTEST => Err(Invalid::TooShort),
            n if n > Self::LONGEST => Err(Invalid::TooLong),
            _ if prepared.chars().any(char::is_control) => Err(Invalid::Characters),
            _ => Ok(Self { typed: (*prepared != *text).then(|| Zeroizing::new(text.to_owned())), prepared }),
        }
    }

    /// Returns the bytes of the prepared form, for the hasher only.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.prepared.as_bytes()
    }

    /// Returns the bytes of the prepared form and, if it is another one, of the typed form, for the hasher only. The
    /// number of forms depends on the text alone, so the work for a wrong password tells nothing about the account.
    pub fn forms(&self) -> impl Iterator<Item = &[u8]> {
        [Some(&self.prepared), self.typed.as_ref()].into_iter().flatten().map(|form| form.as_bytes())
    }
}

/// Prepares a text by RFC 8265: plain spaces, then NFC. ASCII is prepared already.
fn prepare(text: &str) -> Zeroizing<String> {
    if text.is_ascii() {
        return Zeroizing::new(text.to_owned());
    }
    // NFC makes a text at most three times as long. With this capacity the string never grows: growing would leave
    // copies of its parts in memory.
    let mut prepared = Zeroizing::new(String::with_capacity(text.len() * 3));
    prepared.extend(text.chars().map(plain_space).nfc());
    prepared
}

/// Password that a user sets. Every keyboard can type it again: it has no invisible, private or unassigned characters.
#[derive(Debug, Clone)]
pub struct NewPassword(Password);

impl NewPassword {
    /// Fails for the characters that RFC 8265 disallows, as far as they cannot be seen. Joiners between letters of a
    /// script are allowed in their context (RFC 5892, A.1 and A.2).
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let password = Password::parse(text)?;
        let is_ascii = password.prepared.is_ascii();
        if is_ascii || is_typeable(&password.prepared) { Ok(Self(password)) } else { Err(Invalid::Characters) }
    }

    #[must_use]
    pub const fn as_password(&self) -> &Password {
        &self.0
    }

    /// Tells whether attackers try this password early: common passwords, names, keyboard runs, dates, repetitions, or
    /// the phone number of the user. It is a `zxcvbn` score below 2, fewer than 10^6 guesses (ASVS 5.0 6.2.4 requires
    /// to reject the 3,000 most common passwords). Takes about 100 microseconds, at most 5 milliseconds: call it
    /// outside the event loop.
    #[must_use]
    pub fn is_guessable(&self, phone: Option<&Phone>) -> bool {
        let checked = Zeroizing::new(self.0.prepared.chars().take(Self::MAX_CHECKED).collect::<String>());
        if interpretations(&checked) > Self::MAX_INTERPRETATIONS {
            return false;
        }
        let e164 = phone.map_or("", Phone::e164);
        let national = &e164[e164.len().saturating_sub(11)..];
        zxcvbn::zxcvbn(&checked, &[e164, national, "doorstep"]).score() < zxcvbn::Score::Two
    }

    /// Number of characters that are checked. `zxcvbn` checks 100, in a time that grows faster than their square.
    const MAX_CHECKED: usize = 32;
    /// Maximum number of interpretations. `zxcvbn` tries every interpretation of the signs that can replace letters;
    /// without a limit the worst password takes half a second. The passwords that attackers try early have no
    /// more interpretations than this (`P@ssw0rd!1` has 2).
    const MAX_INTERPRETATIONS: usize = 8;
}

fn is_typeable(text: &str) -> bool {
    let chars = Zeroizing::new(text.chars().collect::<Vec<_>>());
    let is_allowed = |at: usize| is_printable(chars[at]) && (!is_invisible(chars[at]) || joins_letters(&chars, at));
    (0..chars.len()).all(is_allowed)
}

/// Counts the ways to interpret the signs of a text as letters: the number of different signs for each letter,
/// multiplied over all letters. The signs are those of `zxcvbn`.
fn interpretations(text: &str) -> usize {
    const SIGNS: [&str; 7] = ["4@", "({[<", "69", "1!|", "17|", "$5", "+7"];
    SIGNS.iter().map(|signs| signs.chars().filter(|sign| text.contains(*sign)).count().max(1)).product()
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// Password hash as a PHC string. Never printed.
#[derive(Clone)]
pub struct PasswordHash(String);

impl PasswordHash {
    #[must_use]
    pub const fn new(phc: String) -> Self {
        Self(phc)
    }

    /// Returns the PHC string, for staging and the database.
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
    fn a_password_has_8_to_128_characters_of_any_kind_except_controls() {
        assert!(Password::parse("八个字的密码也行").is_ok());
        assert!(Password::parse(&"x".repeat(128)).is_ok());
        assert_eq!(Password::parse("seven77").unwrap_err(), Invalid::TooShort);
        assert_eq!(Password::parse(&"x".repeat(129)).unwrap_err(), Invalid::TooLong);
        assert_eq!(Password::parse(&"x".repeat(1_000_000)).unwrap_err(), Invalid::TooLong);
        assert_eq!(Password::parse("with\0zero byte").unwrap_err(), Invalid::Characters);
    }

    #[test]
    fn different_keyboards_type_the_same_password() {
        let composed = Password::parse("caf\u{e9} au lait").unwrap();
        let decomposed = Password::parse("cafe\u{301} au lait").unwrap();
        assert_eq!(composed.expose(), decomposed.expose());
        let ideographic_space = Password::parse("caf\u{e9}\u{3000}au lait").unwrap();
        assert_eq!(composed.expose(), ideographic_space.expose());
    }

    #[test]
    fn a_password_that_cannot_be_typed_again_is_not_set() {
        for text in [
            "八个字的密码也行",
            "pässwörd",
            "🚀🚀🚀🚀🚀🚀🚀🚀",
            "گذرواژه\u{200c}های من",
            "क्\u{200d}ष क्\u{200d}ष",
            "a·b・c٣۳ـx",
        ] {
            assert!(NewPassword::parse(text).is_ok(), "{text:?}");
        }
        for text in [
            "heart ❤\u{fe0f} heart",
            "word\u{2060}joiner",
            "soft\u{ad}hyphen",
            "joiner\u{200d}joiner",
            "\u{feff}password x",
            "private \u{e000} use",
            "unassigned \u{378}",
            "line\u{2028}separator",
            "tag \u{e0041} tag",
        ] {
            assert_eq!(NewPassword::parse(text).unwrap_err(), Invalid::Characters, "{text:?}");
            // An account may have such a password from before.
            assert!(Password::parse(text).is_ok(), "{text:?}");
        }
    }

    #[test]
    fn only_a_text_that_preparation_changes_has_two_forms() {
        let forms = |text: &str| Password::parse(text).unwrap().forms().map(<[u8]>::to_vec).collect::<Vec<_>>();
        for text in ["correct horse battery", "八个字的密码也行", "caf\u{e9} au lait", "heart ❤\u{fe0f} heart"]
        {
            assert_eq!(forms(text), [text.as_bytes()], "{text:?}");
        }
        let [composed, decomposed] = ["caf\u{e9} au lait", "cafe\u{301} au\u{3000}lait"];
        assert_eq!(forms(decomposed), [composed.as_bytes(), decomposed.as_bytes()]);
    }

    #[test]
    fn common_passwords_are_guessable() {
        let phone = Phone::from_stored("+8613800138000".to_owned()).unwrap();
        for text in ["password", "12345678", "qwertyuiop", "aaaaaaaaaa", "iloveyou1", "13800138000", "+8613800138000"] {
            assert!(NewPassword::parse(text).unwrap().is_guessable(Some(&phone)), "{text}");
        }
        for text in ["correct horse battery", "Tr0ub4dor&3xyz", "八个字的密码也行"] {
            assert!(!NewPassword::parse(text).unwrap().is_guessable(Some(&phone)), "{text}");
        }
    }

    /// A full check of such passwords would take half a second each.
    #[test]
    fn the_time_of_the_check_is_bounded() {
        let phone = Phone::from_stored("+8613800138000".to_owned()).unwrap();
        let symbols = "4@8({[<369!1|70$5+%2".repeat(6);
        assert_eq!(interpretations(&symbols), 576);
        assert!(!NewPassword::parse(&symbols).unwrap().is_guessable(Some(&phone)));
        // `zxcvbn` would call this password guessable, but does not run.
        assert_eq!(interpretations("({[1|"), 12);
        assert!(!NewPassword::parse(&"({[1|".repeat(6)).unwrap().is_guessable(Some(&phone)));
        assert!(NewPassword::parse(&"a".repeat(128)).unwrap().is_guessable(Some(&phone)));
        for common in ["!@#$%^&*()_+", "1234567890", "P@ssw0rd!1"] {
            assert!(interpretations(common) <= NewPassword::MAX_INTERPRETATIONS, "{common}");
            assert!(NewPassword::parse(common).unwrap().is_guessable(Some(&phone)), "{common}");
        }
    }

    #[test]
    fn passwords_and_hashes_are_never_printed() {
        assert_eq!(format!("{:?}", Password::parse("correct horse").unwrap()), "Password(..)");
        assert_eq!(format!("{:?}", PasswordHash::new("$argon2id$".to_owned())), "PasswordHash(..)");
    }
}
