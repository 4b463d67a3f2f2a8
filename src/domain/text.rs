//! Validation of short texts that a user types and others read.

use super::Invalid;
use unicode_normalization::UnicodeNormalization;

/// Trims a text, normalises it to Unicode NFC and validates it: one line of 1 to `max` characters (Unicode scalar
/// values).
pub(super) fn one_line(text: &str, max: usize) -> Result<String, Invalid> {
    // A scalar value has at most 4 bytes. Longer texts are rejected before they are normalised.
    if text.len() > max * 4 + 64 {
        return Err(Invalid::TooLong);
    }
    let text: String = text.trim().nfc().collect();
    match text.chars().count() {
        0 => Err(Invalid::TooShort),
        n if n > max => Err(Invalid::TooLong),
        _ if text.chars().any(is_hidden) => Err(Invalid::Characters),
        _ => Ok(text),
    }
}

/// Tells whether a character is invisible: control characters, line and paragraph separators, invisible marks that make
/// one name look like another, and blank letters. The zero-width joiner U+200D is allowed, because emoji need it.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{AD}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{180E}' | '\u{200B}' | '\u{200C}' | '\u{200E}'
            | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}'
            | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_all_scripts_are_accepted() {
        for text in ["小明", "Zoë", "O'Brien", "👩\u{200D}🚀", "مريم"] {
            assert_eq!(one_line(text, 32).as_deref(), Ok(text));
        }
        assert_eq!(one_line("  Ada  ", 32).as_deref(), Ok("Ada"));
    }

    #[test]
    fn invisible_characters_are_rejected() {
        for text in [
            "a\u{0}b",
            "a\nb",
            "a\u{202E}b",
            "a\u{200B}b",
            "a\u{2028}b",
            "\u{7f}x",
            "\u{3164}\u{3164}",
            "a\u{61c}b",
            "\u{ad}",
        ] {
            assert_eq!(one_line(text, 32), Err(Invalid::Characters), "{text:?}");
        }
    }

    #[test]
    fn the_limit_counts_characters_not_bytes() {
        assert!(one_line(&"字".repeat(32), 32).is_ok());
        assert_eq!(one_line(&"字".repeat(33), 32), Err(Invalid::TooLong));
        assert_eq!(one_line(&"x".repeat(10_000), 32), Err(Invalid::TooLong));
        assert_eq!(one_line(" \t ", 32), Err(Invalid::TooShort));
    }
}
