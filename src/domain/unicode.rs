//! Properties of Unicode characters, by which the service reads what keyboards and address books write.

use icu_properties::props::{
    DefaultIgnorableCodePoint, Emoji, EmojiModifier, EmojiPresentation, ExtendedPictographic, GeneralCategory,
    GeneralCategoryGroup, JoiningType,
};
use icu_properties::{CodePointMapData, CodePointSetData};

/// General category.
pub(super) fn category(c: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(c)
}

/// Reads a decimal digit of any script as ASCII: `٣` and `３` are `3`.
pub(super) fn decimal_digit(c: char) -> Option<char> {
    if c.is_ascii() {
        return c.is_ascii_digit().then_some(c);
    }
    let is_digit = |c: char| category(c) == GeneralCategory::DecimalNumber;
    if !is_digit(c) {
        return None;
    }
    // The stability policy of Unicode: the digits of a script follow each other from zero to nine. A run of digits may
    // have several such sets, at most five.
    let before = ('\0'..c).rev().take_while(|before| is_digit(*before)).count();
    char::from_digit(u32::try_from(before % 10).ok()?, 10)
}

/// Tells whether a character has no content of its own: a format character, for example a direction mark, or another
/// default-ignorable one.
pub(super) fn is_format(c: char) -> bool {
    category(c) == GeneralCategory::Format || is_default_ignorable(c)
}

fn is_default_ignorable(c: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

/// Tells whether readers do not see a character: default-ignorable, an anchor of an annotation or of an object, or a
/// blank that is not a space.
pub(super) fn is_invisible(c: char) -> bool {
    const BLANKS: [char; 4] = ['\u{2800}', '\u{13441}', '\u{13442}', '\u{1D159}'];
    is_default_ignorable(c) || matches!(c, '\u{FFF9}'..='\u{FFFC}') || BLANKS.contains(&c)
}

/// Tells whether a character can be shown and typed: assigned, for public use, no control and no line break.
pub(super) fn is_printable(c: char) -> bool {
    use GeneralCategory::{Control, LineSeparator, ParagraphSeparator, PrivateUse, Surrogate, Unassigned};
    !matches!(category(c), Control | LineSeparator | ParagraphSeparator | PrivateUse | Surrogate | Unassigned)
}

/// Tells whether a character changes the direction of others: an embedding, override or isolate, or its end (UAX #9).
pub(super) const fn is_direction_control(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Tells whether a character is a letter, number, sign or symbol. A mark or a space alone shows nothing.
pub(super) fn has_shape(c: char) -> bool {
    let shapes = GeneralCategoryGroup::Letter
        .union(GeneralCategoryGroup::Number)
        .union(GeneralCategoryGroup::Punctuation)
        .union(GeneralCategoryGroup::Symbol);
    shapes.contains(category(c)) && !is_invisible(c)
}

/// Replaces every kind of space by U+0020 (RFC 8265 and RFC 8266), because keyboards differ in them.
pub(super) const fn plain_space(c: char) -> char {
    match c {
        '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' => ' ',
        _ => c,
    }
}

/// Way in which a letter joins its neighbours in a cursive script, such as Arabic.
pub(super) fn joining_type(c: char) -> JoiningType {
    CodePointMapData::<JoiningType>::new().get(c)
}

pub(super) fn is_pictograph(c: char) -> bool {
    CodePointSetData::new::<ExtendedPictographic>().contains(c)
}

pub(super) fn is_skin_tone(c: char) -> bool {
    CodePointSetData::new::<EmojiModifier>().contains(c)
}

/// Tells whether a character is shown as text unless U+FE0F follows, such as `❤`, and can be an emoji.
pub(super) fn is_text_emoji(c: char) -> bool {
    CodePointSetData::new::<Emoji>().contains(c) && !CodePointSetData::new::<EmojiPresentation>().contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_every_script_are_read() {
        for zero in ['0', '٠', '۰', '०', '০', '０', '๐', '߀', '\u{11066}', '\u{1D7CE}', '\u{1D7D8}', '\u{1E950}']
        {
            let digits: String = (0..10).filter_map(|n| char::from_u32(u32::from(zero) + n)).collect();
            let read: Option<String> = digits.chars().map(decimal_digit).collect();
            assert_eq!(read.as_deref(), Some("0123456789"), "{digits}");
        }
        for c in ['a', '½', '②', '三', 'Ⅳ', '³', ' '] {
            assert_eq!(decimal_digit(c), None, "{c}");
        }
    }

    #[test]
    fn spaces_of_all_kinds_are_replaced() {
        let spaces = ('\u{80}'..=char::MAX).filter(|c| category(*c) == GeneralCategory::SpaceSeparator);
        assert!(spaces.map(plain_space).all(|c| c == ' '));
    }
}
