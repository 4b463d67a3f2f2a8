//! Appearance of pictures, except their colours.

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

impl Look {
    /// Smallest and largest width.
    pub const WIDTHS: (u32, u32) = (96, 384);
    /// Smallest and largest height.
    pub const HEIGHTS: (u32, u32) = (48, 288);
    /// Minimum height of a letter in pixels. Below it the outline of a letter, 2.4 pixels thick at a height of 32, no
    /// longer forms a ring.
    pub const MIN_LETTER_HEIGHT: f32 = 20.0;
    /// Margin on each side in pixels. The size and the place of the letters leave it free, because letters and rows are
    /// shifted afterwards.
    pub(super) const MARGIN: f32 = 8.0;

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
