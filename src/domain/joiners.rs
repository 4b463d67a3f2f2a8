//! Invisible characters that change what a name looks like, each in its own context: joiners of scripts (RFC 5892, A.1
//! and A.2), emoji sequences (UTS #51) and Mongolian variation selectors. Elsewhere they show nothing.

use super::unicode::{is_pictograph, is_skin_tone, is_text_emoji, joining_type};
use icu_properties::props::JoiningType;

const ZERO_WIDTH_NON_JOINER: char = '\u{200C}';
const ZERO_WIDTH_JOINER: char = '\u{200D}';
const EMOJI_PRESENTATION: char = '\u{FE0F}';
const KEYCAP: char = '\u{20E3}';
const BLACK_FLAG: char = '\u{1F3F4}';
const END_OF_TAGS: char = '\u{E007F}';

/// Tells whether the character at `at` is a joiner that belongs to the script of its neighbours.
pub(super) fn joins_letters(text: &[char], at: usize) -> bool {
    let (before, after) = text.split_at(at);
    let (last, next) = (before.last().copied(), after.get(1).copied());
    // At the end of a word a joiner shows nothing, so a letter must follow, which RFC 5892 does not require.
    let between_letters = last.is_some_and(is_virama) && next.is_some_and(char::is_alphabetic);
    match text[at] {
        ZERO_WIDTH_NON_JOINER if last.is_some_and(is_virama) => between_letters,
        ZERO_WIDTH_NON_JOINER => last != Some(ZERO_WIDTH_NON_JOINER) && separates_cursive(before, &after[1..]),
        // Bengali and Kannada write RA with a YA below it as RA, joiner, virama, YA (Unicode Standard, chapter 12).
        ZERO_WIDTH_JOINER => {
            between_letters
                || ends_with_chillu(before)
                || (matches!(last, Some('\u{9B0}' | '\u{9F0}' | '\u{CB0}')) && next.is_some_and(is_virama))
        }
        _ => false,
    }
}

/// Tells whether a character is a sign that suppresses the vowel of the letter before it, in one of the scripts of
/// India and Sri Lanka. There a joiner after it changes the shape. RFC 5892 names all such signs; in Burmese, Khmer or
/// Thai a joiner after them shows nothing.
const fn is_virama(c: char) -> bool {
    matches!(
        c,
        '\u{94D}'
            | '\u{9CD}'
            | '\u{A4D}'
            | '\u{ACD}'
            | '\u{B4D}'
            | '\u{BCD}'
            | '\u{C4D}'
            | '\u{CCD}'
            | '\u{D4D}'
            | '\u{DCA}'
    )
}

/// Tells whether a text ends with a consonant of Malayalam and the sign that suppresses its vowel. A joiner makes one
/// letter of both (chillu), also at the end of a word.
fn ends_with_chillu(text: &[char]) -> bool {
    matches!(text, [.., '\u{D15}' | '\u{D23}' | '\u{D28}' | '\u{D30}' | '\u{D32}' | '\u{D33}', '\u{D4D}'])
}

/// Tells whether letters on both sides would join without the non-joiner (RFC 5892, A.1). Transparent signs between do
/// not count, nor a second non-joiner.
fn separates_cursive(before: &[char], after: &[char]) -> bool {
    let transparent = |c: &&char| joining_type(**c) == JoiningType::Transparent;
    let left = before.iter().rev().find(|c| !transparent(c)).map(|c| joining_type(*c));
    let right = after.iter().find(|c| !transparent(c) && **c != ZERO_WIDTH_NON_JOINER).map(|c| joining_type(*c));
    matches!(left, Some(JoiningType::LeftJoining | JoiningType::DualJoining))
        && matches!(right, Some(JoiningType::RightJoining | JoiningType::DualJoining))
}

/// Tells whether the character at `at` is a part of an emoji sequence, or selects the form of a Mongolian letter.
pub(super) fn shapes_symbol(text: &[char], at: usize) -> bool {
    let (before, after) = text.split_at(at);
    let (last, next) = (before.last().copied(), after.get(1).copied());
    match text[at] {
        ZERO_WIDTH_JOINER => ends_with_pictograph(before) && next.is_some_and(is_pictograph),
        // A digit with U+FE0F looks like the digit alone, unless a keycap follows.
        EMOJI_PRESENTATION => {
            last.is_some_and(|last| is_text_emoji(last) && (!last.is_ascii() || next == Some(KEYCAP)))
        }
        c if is_tag(c) => is_in_flag(text, at),
        '\u{180B}'..='\u{180D}' | '\u{180F}' => last.is_some_and(is_mongolian),
        '\u{180E}' => last.is_some_and(is_mongolian) && next.is_some_and(is_mongolian),
        _ => false,
    }
}

fn ends_with_pictograph(text: &[char]) -> bool {
    let base = text.iter().rev().find(|c| **c != EMOJI_PRESENTATION && !is_skin_tone(**c) && !is_tag(**c));
    base.is_some_and(|c| is_pictograph(*c))
}

const fn is_tag(c: char) -> bool {
    matches!(c, '\u{E0020}'..=END_OF_TAGS)
}

const fn is_mongolian(c: char) -> bool {
    matches!(c, '\u{1820}'..='\u{1878}' | '\u{1880}'..='\u{18AA}')
}

/// Tells whether a tag belongs to the flag of a part of a country: a black flag, the tags of a country and of its part,
/// and the end. England is `gbeng`.
fn is_in_flag(text: &[char], at: usize) -> bool {
    let Some(flag) = text[..at].iter().rposition(|c| !is_tag(*c)).filter(|flag| text[*flag] == BLACK_FLAG) else {
        return false;
    };
    let tags: Vec<char> = text[flag + 1..].iter().copied().take_while(|c| is_tag(*c)).collect();
    let Some((END_OF_TAGS, [first, second, part @ ..])) = tags.split_last().map(|(end, name)| (*end, name)) else {
        return false;
    };
    let is_letter = |c: &char| matches!(c, '\u{E0061}'..='\u{E007A}');
    let is_digit = |c: &char| matches!(c, '\u{E0030}'..='\u{E0039}');
    is_letter(first)
        && is_letter(second)
        && (1..=4).contains(&part.len())
        && part.iter().all(|c| is_letter(c) || is_digit(c))
}
