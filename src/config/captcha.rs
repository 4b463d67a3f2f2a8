//! Puzzle and appearance of captchas.

use super::env::Env;
use super::mode::Mode;
use crate::domain::captcha::{Alphabet, CaptchaAnswer, Puzzle, Theme};
use crate::domain::policy::CaptchaPolicy;
use doorstep_captcha::{Clutter, Lines, Look, Palette};

/// Appearance of the pictures.
#[derive(Debug, Clone)]
pub struct CaptchaSettings {
    pub look: Look,
    /// Colours of the light theme.
    pub light: Palette,
    /// Colours of the dark theme.
    pub dark: Palette,
}

pub(super) fn read(env: &mut Env, mode: Mode) -> (CaptchaSettings, CaptchaPolicy) {
    let defaults = CaptchaPolicy::default();
    let (puzzle, lines) = style(env);
    let look = look(env, lines, &puzzle);
    let theme = env.read("CAPTCHA_THEME", defaults.theme, |text| {
        Theme::parse(text).map_err(|_| "expected light or dark".to_owned())
    });
    let settings = CaptchaSettings {
        look,
        light: palette(env, "CAPTCHA_COLOURS_LIGHT", Palette::LIGHT),
        dark: palette(env, "CAPTCHA_COLOURS_DARK", Palette::DARK),
    };
    let audio = env.flag("CAPTCHA_AUDIO", defaults.audio);
    (settings, CaptchaPolicy { puzzle, theme, audio, bypass_answer: bypass(env, mode), ..defaults })
}

fn style(env: &mut Env) -> (Puzzle, Lines) {
    let alphabet = env.read("CAPTCHA_ALPHABET", Alphabet::default(), |text| {
        let min = Alphabet::MIN_SIZE;
        Alphabet::parse(text).ok_or_else(|| format!("expected at least {min} different capital letters and digits"))
    });
    let text = Puzzle::Text { alphabet, length: env.number("CAPTCHA_LENGTH", 6, 4, 8) };
    let default = (text.clone(), Lines::Two);
    env.read("CAPTCHA_STYLE", default, |style| match style {
        "two_lines" => Ok((text, Lines::Two)),
        "one_line" => Ok((text, Lines::One)),
        "arithmetic" => Ok((Puzzle::Arithmetic, Lines::Two)),
        _ => Err("expected two_lines, one_line or arithmetic".to_owned()),
    })
}

fn look(env: &mut Env, lines: Lines, puzzle: &Puzzle) -> Look {
    let mut look = Look::new(puzzle.characters(), puzzle.length(), lines);
    (look.width, look.height) = env.read("CAPTCHA_SIZE", (look.width, look.height), size);
    look.clutter = clutter(env, look.clutter);
    let letter = look.letter_height();
    if letter < Look::MIN_LETTER_HEIGHT {
        let (length, min) = (look.length, Look::MIN_LETTER_HEIGHT);
        let what = format!("expected a larger size: {length} characters are {letter:.1} pixels high, need {min}");
        env.problem("CAPTCHA_SIZE", what);
    }
    look
}

/// Reads `192x144`.
fn size(text: &str) -> Result<(u32, u32), String> {
    let ((narrow, wide), (low, high)) = (Look::WIDTHS, Look::HEIGHTS);
    let read = || {
        let (width, height) = text.split_once('x')?;
        let (width, height) = (width.parse().ok()?, height.parse().ok()?);
        let fits = (narrow..=wide).contains(&width) && width % 8 == 0 && (low..=high).contains(&height);
        fits.then_some((width, height))
    };
    read().ok_or_else(|| {
        format!("expected WIDTHxHEIGHT in pixels: width {narrow} to {wide}, a multiple of 8; height {low} to {high}")
    })
}

fn clutter(env: &mut Env, defaults: Vec<Clutter>) -> Vec<Clutter> {
    env.read("CAPTCHA_CLUTTER", defaults, |text| {
        let mut kinds = Vec::new();
        for name in text.split(',').map(str::trim) {
            let kind = match name {
                "bands" => Clutter::Bands,
                "curves" => Clutter::Curves,
                "discs" => Clutter::Discs,
                _ => return Err("expected one or more of bands, curves and discs, separated by commas".to_owned()),
            };
            if kinds.contains(&kind) {
                return Err(format!("expected {name} only once"));
            }
            kinds.push(kind);
        }
        Ok(kinds)
    })
}

/// Reads `28323c,e6e8ea`: ink, then paper. The colours must belong to the same theme as the defaults.
fn palette(env: &mut Env, name: &str, defaults: Palette) -> Palette {
    env.read(name, defaults, |text| {
        let read = || {
            let (ink, paper) = text.split_once(',')?;
            Some(Palette { ink: colour(ink.trim())?, paper: colour(paper.trim())? })
        };
        let palette = read().ok_or("expected two colours, ink and paper, like 28323c,e6e8ea")?;
        let (contrast, min) = (palette.worst_contrast(), Palette::MIN_CONTRAST);
        if contrast < min {
            return Err(format!("expected a contrast of at least {min} (WCAG 2.2, 1.4.3), not {contrast:.1}"));
        }
        if palette.is_dark_on_light() != defaults.is_dark_on_light() {
            return Err("expected dark on light for the light theme, and light on dark for the dark theme".to_owned());
        }
        Ok(palette)
    })
}

/// Reads `rrggbb`, with or without a `#`, which begins a comment in an `.env` file.
fn colour(text: &str) -> Option<[u8; 3]> {
    let digits = text.strip_prefix('#').unwrap_or(text);
    if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let channel = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
    Some([channel(0)?, channel(2)?, channel(4)?])
}

fn bypass(env: &mut Env, mode: Mode) -> Option<CaptchaAnswer> {
    let answer = env.read("CAPTCHA_BYPASS_ANSWER", None, |text| {
        CaptchaAnswer::parse(text).map(Some).map_err(|_| "expected 1 to 32 characters".to_owned())
    });
    match mode {
        Mode::Development => answer.or_else(|| CaptchaAnswer::parse("letmein").ok()),
        Mode::Production if answer.is_some() => {
            let what = "must not be set in production: it is a right answer to every captcha";
            env.problem("CAPTCHA_BYPASS_ANSWER", what);
            None
        }
        Mode::Production => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The renderer leaves out characters that the look does not contain.
    #[test]
    fn the_look_contains_every_character_of_the_puzzle() {
        for (name, value) in
            [("CAPTCHA_STYLE", "arithmetic"), ("CAPTCHA_ALPHABET", "34679ACE"), ("CAPTCHA_LENGTH", "4")]
        {
            let mut env = Env::new([(name.to_owned(), value.to_owned())]);
            let (settings, policy) = read(&mut env, Mode::Development);
            assert_eq!(settings.look.characters, policy.puzzle.characters(), "{name}");
            assert_eq!(settings.look.length, policy.puzzle.length(), "{name}");
        }
    }

    #[test]
    fn a_colour_has_six_hexadecimal_digits() {
        assert_eq!(colour("#0a0B0c"), Some([10, 11, 12]));
        assert_eq!(colour("0a0b0c"), colour("#0a0b0c"));
        for text in ["", "#", "##0a0b0c", "#0a0b0", "#0a0b0c0", "#gg0000", "#+1+1+1", "#éé0"] {
            assert_eq!(colour(text), None, "{text}");
        }
    }
}
