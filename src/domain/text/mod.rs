//! Names that users type and others read: one visible form for what looks the same.

use super::Invalid;
use super::joiners::{joins_letters, shapes_symbol};
use super::unicode::{has_shape, is_direction_control, is_invisible, is_printable, plain_space};
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// Reads a name of 1 to `max` characters (Unicode scalar values) in its visible form. Fails for characters that can
/// mislead readers: controls, line breaks, direction controls, private and unassigned ones.
pub(super) fn name(text: &str, max: usize) -> Result<String, Invalid> {
    // A character of the visible form has at most 12 bytes decomposed; the rest is for what is removed.
    if text.len() > max * 16 {
        return Err(Invalid::TooLong);
    }
    let text = text.trim();
    if text.chars().any(|c| !is_printable(c) || is_direction_control(c)) {
        return Err(Invalid::Characters);
    }
    let name = visible(text.chars());
    match name.chars().count() {
        0 => Err(Invalid::TooShort),
        n if n > max => Err(Invalid::TooLong),
        // A mark at the start would change the text before the name.
        _ if !name.starts_with(has_shape) => Err(Invalid::Characters),
        _ => Ok(name),
    }
}

/// Reads any text as a label of at most `max` characters in its visible form: removes what must not be shown, and cuts
/// between characters as users see them. Returns `None` if nothing can be seen.
pub(super) fn label(text: &str, max: usize) -> Option<String> {
    let space = |c: char| if c.is_whitespace() { ' ' } else { c };
    // Nobody reads what follows.
    let text = text.chars().take(max * 8).map(space).filter(|c| is_printable(*c) && !is_direction_control(*c));
    let whole = visible(text);
    let label = if whole.chars().count() > max { visible(cut(&whole, max).chars()) } else { whole };
    label.contains(has_shape).then_some(label)
}

/// Returns the visible form: NFC, one plain space between words, and no invisible character without a context in which
/// it changes the look. Names that look the same because of these have the same form.
fn visible(text: impl Iterator<Item = char>) -> String {
    let mut text: Vec<char> = text.collect();
    if text.iter().all(|c| c.is_ascii() && !c.is_ascii_control()) {
        return one_space(&text.into_iter().collect::<String>());
    }
    // What is removed, and what NFC composes, can change the context of its neighbours.
    loop {
        let is_kept = |at: &usize| {
            let at = *at;
            !is_invisible(text[at]) || joins_letters(&text, at) || shapes_symbol(&text, at)
        };
        let kept = (0..text.len()).filter(is_kept).map(|at| plain_space(text[at]));
        let next = one_space(&kept.nfc().collect::<String>());
        if next.chars().eq(text.iter().copied()) {
            return next;
        }
        text = next.chars().collect();
    }
}

fn one_space(text: &str) -> String {
    text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Returns the longest start of at most `max` characters that ends where a grapheme ends. If the first grapheme is
/// longer, cuts it.
fn cut(text: &str, max: usize) -> String {
    let mut length = 0;
    let fits = |grapheme: &&str| {
        length += grapheme.chars().count();
        length <= max
    };
    let cut: String = text.graphemes(true).take_while(fits).collect();
    if cut.is_empty() { text.chars().take(max).collect() } else { cut }
}

#[cfg(test)]
mod tests;
