//! Puzzle and appearance of captchas, and proof of work.

use super::env::Env;
use super::variable::Production::Forbidden;
use super::variable::{About, Variable, WithDefault, flag, number, section};
use crate::domain::captcha::{Alphabet, CaptchaAnswer, Puzzle, Theme};
use crate::domain::policy::{CaptchaPolicy, Demand, ProofPolicy};
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

#[derive(Clone, Copy)]
enum Style {
    TwoLines,
    OneLine,
    Arithmetic,
}

section! {
    pub(super) fn section = "Captcha";
    /// two_lines: characters on two lines, the upper line first. one_line: from left to right, every second character
    /// lower. arithmetic: a sum such as 47+6=?; the most common answer is right one time in 49.
    /// crates/captcha/docs/pictures.md compares how well each style resists machines.
    static CAPTCHA_STYLE: WithDefault<Style> =
        Variable::new("two_lines, one_line or arithmetic", |text, about| match text {
            "two_lines" => Ok(Style::TwoLines),
            "one_line" => Ok(Style::OneLine),
            "arithmetic" => Ok(Style::Arithmetic),
            _ => Err(about.expected()),
        })
        .shown_default(|| Style::TwoLines, |_| "two_lines".to_owned());
    /// Number of characters.
    static CAPTCHA_LENGTH: WithDefault<usize> = number(4, 8).default(|| CaptchaPolicy::default().puzzle.length());
    /// Characters of the pictures. A character that looks like one of the default alphabet counts as that one.
    static CAPTCHA_ALPHABET: WithDefault<Alphabet> =
        Variable::new("", |text, about| about.unless_none(Alphabet::parse(text)))
            .computed(|| format!("at least {} different capital letters and digits", Alphabet::MIN_SIZE))
            .shown_default(Alphabet::default, |_| Alphabet::USUAL.to_owned());
    /// Width and height.
    static CAPTCHA_SIZE: Variable<(u32, u32)> = Variable::new("", |text, about| about.unless_none(size(text)))
        .computed(|| {
            let ((narrow, wide), (low, high)) = (Look::WIDTHS, Look::HEIGHTS);
            let width = format!("width {narrow} to {wide}, a multiple of 8");
            format!("WIDTHxHEIGHT in pixels: {width}; height {low} to {high}")
        })
        .example("192x144")
        .default_in_words("224x112 for one line, else 192x144");
    /// Shapes drawn over the characters. crates/captcha/docs/pictures.md has measurements only for choices with bands.
    /// Change the clutter if an attacker trained a model on your pictures.
    static CAPTCHA_CLUTTER: WithDefault<Vec<Clutter>> =
        Variable::new("one or more of bands, curves and discs, separated by commas", clutter)
            .shown_default(|| vec![Clutter::Bands], |_| "bands".to_owned());
    /// Theme for apps that do not request one: light (dark on light) or dark.
    static CAPTCHA_THEME: WithDefault<Theme> =
        Variable::new("light or dark", |text, about| about.unless_none(Theme::parse(text).ok()))
            .shown_default(|| CaptchaPolicy::default().theme, |theme| format!("{theme:?}").to_lowercase());
    /// Colours of the light theme: ink and paper, in hexadecimal. The colours of every picture are close to them.
    static CAPTCHA_COLOURS_LIGHT: WithDefault<Palette> =
        Variable::new(COLOURS, |text, about| palette(text, about, Palette::LIGHT))
            .shown_default(|| Palette::LIGHT, show);
    /// Colours of the dark theme: ink and paper, in hexadecimal.
    static CAPTCHA_COLOURS_DARK: WithDefault<Palette> =
        Variable::new(COLOURS, |text, about| palette(text, about, Palette::DARK)).shown_default(|| Palette::DARK, show);
    /// Audio captchas, for users who cannot read the picture. Machines understand them (crates/captcha/docs/audio.md),
    /// but without them users who cannot see cannot pass the captcha.
    static CAPTCHA_AUDIO: WithDefault<bool> = flag().default(|| CaptchaPolicy::default().audio);
    /// An answer that passes for every captcha. It is refused if BIND is no loopback address.
    pub(super) static CAPTCHA_BYPASS_ANSWER: Variable<CaptchaAnswer> =
        Variable::new("1 to 32 characters", |text, about| about.unless_none(CaptchaAnswer::parse(text).ok()))
            .example(BYPASS_ANSWER)
            .default_in_words("letmein in development, while BIND is a loopback address")
            .production(Forbidden("it is a right answer to every captcha"));
}

section! {
    pub(super) fn proof_of_work = "Proof of work";
    /// Proof of work that a client must do before it gets a captcha; a machine that reads pictures cannot skip it. off;
    /// always; or auto: while an abuse signal is active, and for every audio captcha. The abuse signal is active for an
    /// IP block with many captchas or many unverified codes, and for all clients while half of a region's
    /// unverified-code budget is used, or new numbers have used half of another budget.
    static PROOF_OF_WORK: WithDefault<Demand> = Variable::new("off, auto or always", |text, about| match text {
        "off" => Ok(Demand::Never),
        "auto" => Ok(Demand::OnAbuseSignal),
        "always" => Ok(Demand::Always),
        _ => Err(about.expected()),
    })
    .shown_default(
        || ProofPolicy::default().demand,
        |demand| match demand {
            Demand::Never => "off".to_owned(),
            Demand::OnAbuseSignal => "auto".to_owned(),
            Demand::Always => "always".to_owned(),
        },
    );
    // With more than 26 bits a slow phone finds no solution within the lifetime of a challenge.
    /// Difficulty in bits: each bit doubles the work. 18 bits are 262144 hashes on average, a fraction of a second on a
    /// phone.
    static PROOF_OF_WORK_BITS: WithDefault<u8> = number(1, 26).default(|| ProofPolicy::default().bits);
}

const COLOURS: &str = "two colours, ink and paper, like 28323c,e6e8ea";

const BYPASS_ANSWER: &str = "letmein";

pub(super) fn read(env: &mut Env) -> (CaptchaSettings, CaptchaPolicy) {
    let (alphabet, length) = (env.get(&CAPTCHA_ALPHABET), env.get(&CAPTCHA_LENGTH));
    let text = |two_lines| Puzzle::Text { alphabet, length, two_lines };
    let (puzzle, lines) = match env.get(&CAPTCHA_STYLE) {
        Style::TwoLines => (text(true), Lines::Two),
        Style::OneLine => (text(false), Lines::One),
        Style::Arithmetic => (Puzzle::Arithmetic, Lines::Two),
    };
    let settings = CaptchaSettings {
        look: look(env, lines, &puzzle),
        light: env.get(&CAPTCHA_COLOURS_LIGHT),
        dark: env.get(&CAPTCHA_COLOURS_DARK),
    };
    let (theme, audio) = (env.get(&CAPTCHA_THEME), env.get(&CAPTCHA_AUDIO));
    (settings, CaptchaPolicy { puzzle, theme, audio, bypass_answer: bypass(env), ..CaptchaPolicy::default() })
}

pub(super) fn read_proof(env: &mut Env) -> ProofPolicy {
    ProofPolicy { demand: env.get(&PROOF_OF_WORK), bits: env.get(&PROOF_OF_WORK_BITS) }
}

fn look(env: &mut Env, lines: Lines, puzzle: &Puzzle) -> Look {
    let mut look = Look::new(puzzle.characters(), puzzle.length(), lines);
    (look.width, look.height) = env.optional(&CAPTCHA_SIZE).unwrap_or((look.width, look.height));
    look.clutter = env.get(&CAPTCHA_CLUTTER);
    let letter = look.letter_height();
    if letter < Look::MIN_LETTER_HEIGHT {
        let (length, min) = (look.length, Look::MIN_LETTER_HEIGHT);
        let what = format!("expected a larger size: {length} characters are {letter:.1} pixels high, need {min}");
        env.problem(CAPTCHA_SIZE.name, what);
    }
    look
}

/// Reads `192x144`.
fn size(text: &str) -> Option<(u32, u32)> {
    let ((narrow, wide), (low, high)) = (Look::WIDTHS, Look::HEIGHTS);
    let (width, height) = text.split_once('x')?;
    let (width, height) = (width.parse().ok()?, height.parse().ok()?);
    let fits = (narrow..=wide).contains(&width) && width % 8 == 0 && (low..=high).contains(&height);
    fits.then_some((width, height))
}

fn clutter(text: &str, about: &About) -> Result<Vec<Clutter>, String> {
    let mut kinds = Vec::new();
    for name in text.split(',').map(str::trim) {
        let kind = match name {
            "bands" => Clutter::Bands,
            "curves" => Clutter::Curves,
            "discs" => Clutter::Discs,
            _ => return Err(about.expected()),
        };
        if kinds.contains(&kind) {
            return Err(format!("expected {name} only once"));
        }
        kinds.push(kind);
    }
    Ok(kinds)
}

/// Reads `28323c,e6e8ea`: ink, then paper. The colours must belong to the same theme as the defaults.
fn palette(text: &str, about: &About, defaults: Palette) -> Result<Palette, String> {
    let read = || {
        let (ink, paper) = text.split_once(',')?;
        Some(Palette { ink: colour(ink.trim())?, paper: colour(paper.trim())? })
    };
    let palette = about.unless_none(read())?;
    let (contrast, min) = (palette.worst_contrast(), Palette::MIN_CONTRAST);
    if contrast < min {
        return Err(format!("expected a contrast of at least {min} (WCAG 2.2, 1.4.3), not {contrast:.1}"));
    }
    if palette.is_dark_on_light() != defaults.is_dark_on_light() {
        return Err("expected dark on light for the light theme, and light on dark for the dark theme".to_owned());
    }
    Ok(palette)
}

fn show(palette: &Palette) -> String {
    let hex = |[red, green, blue]: [u8; 3]| format!("{red:02x}{green:02x}{blue:02x}");
    format!("{},{}", hex(palette.ink), hex(palette.paper))
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

/// The production rule of the setting has been checked.
fn bypass(env: &mut Env) -> Option<CaptchaAnswer> {
    let answer = env.optional(&CAPTCHA_BYPASS_ANSWER);
    let default = || CaptchaAnswer::parse(BYPASS_ANSWER).ok();
    if env.is_production() { None } else { answer.or_else(default) }
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
            let (settings, policy) = read(&mut env);
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
