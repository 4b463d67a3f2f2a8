//! Puzzle and appearance of captchas.

use super::env::Env;
use super::mode::Mode;
use crate::domain::captcha::{Alphabet, CaptchaAnswer, Puzzle, Theme};
use crate::domain::policy::CaptchaPolicy;
use doorstep_captcha::{Clutter, Lines, Look, Palette, Rgb};

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
        light: palette(env, "CAPTCHA_COLOURS_LIGHT", Palette::LIGHT, |ink, paper| ink < paper),
        dark: palette(env, "CAPTCHA_COLOURS_DARK", Palette::DARK, |ink, paper| ink > paper),
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

/// Reads `28323c,e6e8ea`: ink, then paper. `is_theme` tells from the luminances of ink and paper whether they are for
/// this theme.
fn palette(env: &mut Env, name: &str, defaults: Palette, is_theme: fn(f32, f32) -> bool) -> Palette {
    env.read(name, defaults, |text| {
        let read = || {
            let (ink, paper) = text.split_once(',')?;
            Some(Palette { ink: Rgb::parse(ink.trim())?, paper: Rgb::parse(paper.trim())? })
        };
        let palette = read().ok_or("expected two colours, ink and paper, like 28323c,e6e8ea")?;
        let (contrast, min) = (palette.worst_contrast(), Palette::MIN_CONTRAST);
        if contrast < min {
            return Err(format!("expected a contrast of at least {min} (WCAG 2.2, 1.4.3), not {contrast:.1}"));
        }
        if !is_theme(palette.ink.luminance(), palette.paper.luminance()) {
            return Err("expected dark on light for the light theme, and light on dark for the dark theme".to_owned());
        }
        Ok(palette)
    })
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
