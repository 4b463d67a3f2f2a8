//! How a captcha looks: what an operator may choose of it, and what has to hold whatever is chosen.

use crate::domain::Invalid;

/// The shape of a picture, and its colours.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    pub lines: Lines,
    /// Pixels, a multiple of 8: a row of the picture is a row of whole bytes.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// What is laid over the letters. Every kind once.
    pub clutter: Vec<Clutter>,
    /// For clients that do not name one.
    pub theme: Theme,
    pub light: Palette,
    pub dark: Palette,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lines {
    One,
    /// Read from left to right, the upper one first. Both follow one wave, so that no straight cut parts them.
    Two,
}

/// What is laid over the letters. Changing the kind sends an attacker who trained on pictures back to his desk; changing a
/// typeface does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clutter {
    /// Wide wavy stripes in which ink and paper change places.
    Bands,
    /// Thin curves that invert what they cross.
    Curves,
    /// Small discs that invert what they cover.
    Discs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// What every picture's colours stay close to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Palette {
    pub ink: Rgb,
    pub paper: Rgb,
}

/// Red, green and blue of sRGB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rgb(pub [u8; 3]);

impl Look {
    pub const WIDTHS: (u32, u32) = (96, 384);
    pub const HEIGHTS: (u32, u32) = (48, 288);
    /// Pixels. Below it the outline of a letter, 2.4 pixels thick at a height of 32, is no ring any more.
    pub const LEAST_LETTER: f32 = 20.0;
    /// Pixels on every side that are not counted on when letters are sized and placed: they are pushed about, and rows are moved.
    pub const MARGIN: f32 = 8.0;

    /// The size at which letters are 32 to 34 pixels high: those of a bold typeface of 44 pixels.
    #[must_use]
    pub const fn usual_size(lines: Lines) -> (u32, u32) {
        match lines {
            Lines::Two => (192, 144),
            Lines::One => (224, 112),
        }
    }

    /// How many characters of a text stand in the longest line.
    const fn in_a_line(&self, characters: usize) -> usize {
        match self.lines {
            Lines::One => characters,
            Lines::Two => characters.div_ceil(2),
        }
    }

    /// How high capital letters are in a text of so many characters, in pixels.
    #[must_use]
    pub fn letter_height(&self, characters: usize) -> f32 {
        // With the wave, two lines need 4.5 letters of height, one line 3.3. A letter, turned and pushed about, needs 1.5 letters
        // of width; in one line neighbours stand higher and lower, and one will do.
        let (high, wide) = match self.lines {
            Lines::One => (3.3, 1.0),
            Lines::Two => (4.5, 1.5),
        };
        let room = (self.width as f32 - 2.0 * Self::MARGIN) / self.in_a_line(characters.max(1)) as f32;
        (self.height as f32 / high).min(room / wide)
    }

    #[must_use]
    pub const fn palette(&self, theme: Theme) -> &Palette {
        match theme {
            Theme::Light => &self.light,
            Theme::Dark => &self.dark,
        }
    }
}

impl Theme {
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        match text {
            "light" => Ok(Self::Light),
            "dark" => Ok(Self::Dark),
            _ => Err(Invalid::NotAllowed),
        }
    }
}

impl Default for Look {
    fn default() -> Self {
        let lines = Lines::Two;
        let (width, height) = Self::usual_size(lines);
        Self {
            lines,
            width,
            height,
            clutter: vec![Clutter::Bands],
            theme: Theme::Light,
            light: Palette { ink: Rgb([0x28, 0x32, 0x3c]), paper: Rgb([0xe6, 0xe8, 0xea]) },
            // Half of every picture is of the lighter colour: white would dazzle in the dark.
            dark: Palette { ink: Rgb([0xb4, 0xbc, 0xc4]), paper: Rgb([0x18, 0x1c, 0x20]) },
        }
    }
}

impl Palette {
    /// How far each channel of a picture's two colours may be from the palette's.
    pub const TINT: u8 = 24;
    /// Of text against what is behind it: WCAG 2.2, 1.4.3.
    pub const LEAST_CONTRAST: f32 = 4.5;

    /// The contrast of the worst pair of colours that a picture may get, by the formula of WCAG 2.2: 1 to 21.
    #[must_use]
    pub fn worst_contrast(&self) -> f32 {
        let shifted = |colour: Rgb, up: bool| {
            let shift = |channel: u8| {
                if up { channel.saturating_add(Self::TINT) } else { channel.saturating_sub(Self::TINT) }
            };
            Rgb(colour.0.map(shift)).luminance()
        };
        let ink_is_darker = self.ink.luminance() < self.paper.luminance();
        let (ink, paper) = (shifted(self.ink, ink_is_darker), shifted(self.paper, !ink_is_darker));
        // Shifted past each other, there is none left.
        if (ink < paper) != ink_is_darker {
            return 1.0;
        }
        (ink.max(paper) + 0.05) / (ink.min(paper) + 0.05)
    }
}

impl Rgb {
    /// `rrggbb`, with or without a `#`, which begins a comment in an `.env` file.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').unwrap_or(text);
        if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let channel = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
        Some(Self([channel(0)?, channel(2)?, channel(4)?]))
    }

    /// Relative luminance, WCAG 2.2: 0 for black, 1 for white.
    #[must_use]
    pub fn luminance(self) -> f32 {
        let linear = |channel: u8| {
            let share = f32::from(channel) / 255.0;
            if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        let [red, green, blue] = self.0.map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn palette(ink: &str, paper: &str) -> Palette {
        Palette { ink: Rgb::parse(ink).unwrap(), paper: Rgb::parse(paper).unwrap() }
    }

    #[test]
    fn the_usual_letters_are_32_pixels_high() {
        let two = Look::default();
        assert!((two.letter_height(6) - 32.0).abs() < 0.5, "{}", two.letter_height(6));
        let (width, height) = Look::usual_size(Lines::One);
        let one = Look { lines: Lines::One, width, height, ..two };
        assert!((30.0..=36.0).contains(&one.letter_height(6)), "{}", one.letter_height(6));
    }

    #[test]
    fn longer_texts_have_smaller_letters() {
        let look = Look::default();
        for length in 1..20 {
            assert!(look.letter_height(length + 1) <= look.letter_height(length));
        }
    }

    /// Black on white is 21 by the standard; here the tint takes from both.
    #[test]
    fn contrast_counts_the_tint() {
        let contrast = |ink, paper| palette(ink, paper).worst_contrast();
        assert!((14.0..15.5).contains(&contrast("#000000", "#ffffff")), "{}", contrast("#000000", "#ffffff"));
        assert!((contrast("#000000", "#ffffff") - contrast("#ffffff", "#000000")).abs() < 0.01);
        assert!(contrast("#777777", "#999999") <= 1.0);
        for theme in [Theme::Light, Theme::Dark] {
            assert!(Look::default().palette(theme).worst_contrast() >= Palette::LEAST_CONTRAST, "{theme:?}");
        }
    }

    #[test]
    fn a_colour_has_six_hexadecimal_digits() {
        assert_eq!(Rgb::parse("#0a0B0c"), Some(Rgb([10, 11, 12])));
        assert_eq!(Rgb::parse("0a0b0c"), Rgb::parse("#0a0b0c"));
        for text in ["", "#", "##0a0b0c", "#0a0b0", "#0a0b0c0", "#gg0000", "#+1+1+1", "#éé0"] {
            assert_eq!(Rgb::parse(text), None, "{text}");
        }
    }
}
