//! Texts of phone numbers, as keyboards and address books write them.

use super::Invalid;
use super::unicode::{category, decimal_digit, is_format};
use icu_properties::props::GeneralCategory;
use std::borrow::Cow;

/// Maximum length of a number in characters. E.164 has 15 digits; the rest is for separators.
const LONGEST: usize = 32;

/// Returns a text in ASCII digits and separators, without white space at its ends. Fails for an empty or too long text,
/// and for every other character: an extension, a second number or a line break.
pub(super) fn plain(text: &str) -> Result<Cow<'_, str>, Invalid> {
    // Format characters do not count. There is no reason for more of them than of others.
    if text.len() > LONGEST * 8 {
        return Err(Invalid::TooLong);
    }
    let text = if text.is_ascii() { Cow::Borrowed(text.trim()) } else { Cow::Owned(in_ascii(text)?) };
    if text.is_empty() {
        return Err(Invalid::TooShort);
    }
    if text.len() > LONGEST {
        return Err(Invalid::TooLong);
    }
    let is_allowed =
        |(at, byte): (usize, u8)| byte.is_ascii_digit() || b" -.()".contains(&byte) || (byte == b'+' && at == 0);
    if text.bytes().enumerate().all(is_allowed) { Ok(text) } else { Err(Invalid::Format) }
}

fn in_ascii(text: &str) -> Result<String, Invalid> {
    let written: String = text.chars().filter(|c| !is_format(*c)).collect();
    written.trim().chars().map(ascii).collect::<Option<_>>().ok_or(Invalid::Format)
}

/// Returns the ASCII digit or separator with the same meaning.
fn ascii(c: char) -> Option<char> {
    match c {
        _ if c.is_ascii() => Some(c),
        '＋' | '\u{FE62}' => Some('+'),
        '（' => Some('('),
        '）' => Some(')'),
        '．' => Some('.'),
        // The minus sign, and the long-vowel sign of Japanese keyboards.
        '\u{2212}' | '\u{30FC}' | '\u{FF70}' => Some('-'),
        _ => match category(c) {
            GeneralCategory::SpaceSeparator => Some(' '),
            GeneralCategory::DashPunctuation => Some('-'),
            _ => decimal_digit(c),
        },
    }
}
