//! Appearance of captchas: the settings of the operator, and the limits for all settings.

/// Everything that the pictures of a renderer have in common, except the colours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Every character that a text can contain.
    pub characters: Vec<char>,
    /// Number of characters in a text.
    pub length: usize,
    pub lines: Lines,
    /// Width in pixels, a multiple of 8: a row of the picture is a row of whole bytes.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Shapes that cover the letters, each kind once.
    pub clutter: Vec<Clutter>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lines {
    One,
    /// Two lines, read from left to right, the upper one first. Both follow one wave, so that no straight line
    /// separates them.
    Two,
}

/// Shapes that cover the letters. After a change of the kind, attackers must train their models again; after a change
/// of a typeface they need not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clutter {
    /// Wide wavy stripes in which ink and paper are swapped.
    Bands,
    /// Thin curves that invert the pixels that they cross.
    Curves,
    /// Small discs that invert the pixels that they cover.
    Discs,
}

/// Colours from which the colours of each picture differ slightly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Palette {
    pub ink: Rgb,
    pub paper: Rgb,
}

/// Red, green and blue in sRGB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rgb(pub [u8; 3]);

impl Look {
    pub const WIDTHS: (u32, u32) = (96, 384);
    pub const HEIGHTS: (u32, u32) = (48, 288);
    /// Minimum height of a letter in pixels. Below it the outline of a letter, 2.4 pixels thick at a height of 32, no
    /// longer forms a ring.
    pub const MIN_LETTER_HEIGHT: f32 = 20.0;
    /// Margin on each side in pixels. The size and the place of the letters leave it free, because letters and rows are
    /// shifted afterwards.
    pub const MARGIN: f32 = 8.0;

    /// Default appearance. The size is for six characters: their letters are 32 to 34 pixels high, as in a bold
    /// typeface of 44 pixels.
    #[must_use]
    pub fn new(characters: Vec<char>, length: usize, lines: Lines) -> Self {
        let (width, height) = match lines {
            Lines::Two => (192, 144),
            Lines::One => (224, 112),
        };
        Self { characters, length, lines, width, height, clutter: vec![Clutter::Bands] }
    }

    /// Number of characters in the longest line.
    const fn longest_line(&self) -> usize {
        match self.lines {
            Lines::One => self.length,
            Lines::Two => self.length.div_ceil(2),
        }
    }

    /// Height of capital letters in pixels.
    #[must_use]
    pub fn letter_height(&self) -> f32 {
        // The unit is the height of a letter. With the wave, two lines need a height of 4.5, one line needs 3.3. A
        // letter is rotated and shifted, and needs a width of 1.5. In one line 1.0 is enough, because adjacent letters
        // differ in height.
        let (high, wide) = match self.lines {
            Lines::One => (3.3, 1.0),
            Lines::Two => (4.5, 1.5),
        };
        let room = (self.width as f32 - 2.0 * Self::MARGIN) / self.longest_line().max(1) as f32;
        (self.height as f32 / high).min(room / wide)
    }
}

impl Palette {
    /// Dark on light.
    pub const LIGHT: Self = Self { ink: Rgb([0x28, 0x32, 0x3c]), paper: Rgb([0xe6, 0xe8, 0xea]) };
    /// Light on dark. Half of each picture has the lighter colour. White would be too bright in the dark.
    pub const DARK: Self = Self { ink: Rgb([0xb4, 0xbc, 0xc4]), paper: Rgb([0x18, 0x1c, 0x20]) };
    /// Maximum difference between a picture's colours and the palette's, in each channel.
    pub const TINT: u8 = 24;
    /// Minimum contrast of text to its background (WCAG 2.2, 1.4.3).
    pub const MIN_CONTRAST: f32 = 4.5;

    /// Contrast of the worst pair of colours that a picture may get, by the formula of WCAG 2.2: 1 to 21.
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
        // No contrast is left if the colours were shifted past each other.
        if (ink < paper) != ink_is_darker {
            return 1.0;
        }
        (ink.max(paper) + 0.05) / (ink.min(paper) + 0.05)
    }
}

impl Rgb {
    /// Reads `rrggbb`, with or without a `#`, which begins a comment in an `.env` file.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').unwrap_or(text);
        if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let channel = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
        Some(Self([channel(0)?, channel(2)?, channel(4)?]))
    }

    /// Relative luminance (WCAG 2.2): 0 for black, 1 for white.
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
    fn letters_of_the_default_size_are_32_pixels_high() {
        let height = |lines| Look::new(Vec::new(), 6, lines).letter_height();
        assert!((height(Lines::Two) - 32.0).abs() < 0.5, "{}", height(Lines::Two));
        assert!((30.0..=36.0).contains(&height(Lines::One)), "{}", height(Lines::One));
    }

    #[test]
    fn longer_texts_have_smaller_letters() {
        let height = |length| Look::new(Vec::new(), length, Lines::Two).letter_height();
        for length in 0..20 {
            assert!(height(length + 1) <= height(length));
        }
    }

    /// Black on white has a contrast of 21 by the standard. Here the tint reduces it.
    #[test]
    fn contrast_includes_the_tint() {
        let contrast = |ink, paper| palette(ink, paper).worst_contrast();
        assert!((14.0..15.5).contains(&contrast("#000000", "#ffffff")), "{}", contrast("#000000", "#ffffff"));
        assert!((contrast("#000000", "#ffffff") - contrast("#ffffff", "#000000")).abs() < 0.01);
        assert!(contrast("#777777", "#999999") <= 1.0);
        for default in [Palette::LIGHT, Palette::DARK] {
            assert!(default.worst_contrast() >= Palette::MIN_CONTRAST, "{default:?}");
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
