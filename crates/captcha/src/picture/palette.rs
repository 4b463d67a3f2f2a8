//! Colours of pictures.

/// Colours from which the colours of each picture differ slightly: red, green and blue in sRGB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Palette {
    pub ink: [u8; 3],
    pub paper: [u8; 3],
}

impl Palette {
    /// Dark on light.
    pub const LIGHT: Self = Self { ink: [0x28, 0x32, 0x3c], paper: [0xe6, 0xe8, 0xea] };
    /// Light on dark. Half of each picture has the lighter colour. White would be too bright in the dark.
    pub const DARK: Self = Self { ink: [0xb4, 0xbc, 0xc4], paper: [0x18, 0x1c, 0x20] };
    /// Minimum contrast of text to its background (WCAG 2.2, 1.4.3).
    pub const MIN_CONTRAST: f32 = 4.5;
    /// Maximum difference between a picture's colours and the palette's, in each channel.
    pub(super) const TINT: u8 = 24;

    /// Tells whether the ink is darker than the paper.
    #[must_use]
    pub fn is_dark_on_light(&self) -> bool {
        luminance(self.ink) < luminance(self.paper)
    }

    /// Contrast of the worst pair of colours that a picture may get, by the formula of WCAG 2.2: 1 to 21.
    #[must_use]
    pub fn worst_contrast(&self) -> f32 {
        let shifted = |colour: [u8; 3], up: bool| {
            let shift = |channel: u8| {
                if up { channel.saturating_add(Self::TINT) } else { channel.saturating_sub(Self::TINT) }
            };
            luminance(colour.map(shift))
        };
        let ink_is_darker = self.is_dark_on_light();
        let (ink, paper) = (shifted(self.ink, ink_is_darker), shifted(self.paper, !ink_is_darker));
        // No contrast is left if the colours were shifted past each other.
        if (ink < paper) != ink_is_darker {
            return 1.0;
        }
        (ink.max(paper) + 0.05) / (ink.min(paper) + 0.05)
    }
}

/// Relative luminance (WCAG 2.2): 0 for black, 1 for white.
fn luminance(colour: [u8; 3]) -> f32 {
    let linear = |channel: u8| {
        let share = f32::from(channel) / 255.0;
        if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
    };
    let [red, green, blue] = colour.map(linear);
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Black on white has a contrast of 21 by the standard. Here the tint reduces it.
    #[test]
    fn contrast_includes_the_tint() {
        let contrast = |ink, paper| Palette { ink: [ink; 3], paper: [paper; 3] }.worst_contrast();
        assert!((14.0..15.5).contains(&contrast(0x00, 0xff)), "{}", contrast(0x00, 0xff));
        assert!((contrast(0x00, 0xff) - contrast(0xff, 0x00)).abs() < 0.01);
        assert!(contrast(0x77, 0x99) <= 1.0);
    }

    #[test]
    fn the_default_colours_have_enough_contrast() {
        for default in [Palette::LIGHT, Palette::DARK] {
            assert!(default.worst_contrast() >= Palette::MIN_CONTRAST, "{default:?}");
        }
        assert!(Palette::LIGHT.is_dark_on_light() && !Palette::DARK.is_dark_on_light());
    }
}
