//! How much of a message a text takes on the air (3GPP TS 23.038 and TS 23.040).

/// The default alphabet of TS 23.038, 6.2.1: each takes 7 bits.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿\
                     abcdefghijklmnopqrstuvwxyzäöñüà";
/// Its extension, 6.2.1.1: each takes 14.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// What a text needs: septets while every character is in the default alphabet, else UTF-16 units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Segments {
    Septets(usize),
    Units(usize),
}

impl Segments {
    #[must_use]
    pub fn of(text: &str) -> Self {
        let septets = text.chars().map(|c| match c {
            c if BASIC.contains(c) => Some(1),
            c if EXTENSION.contains(c) => Some(2),
            _ => None,
        });
        septets.sum::<Option<usize>>().map_or_else(|| Self::Units(text.encode_utf16().count()), Self::Septets)
    }

    /// How many SMS it is: one of 140 octets, that is 160 septets or 70 units (TS 23.040, 9.2.3.16), or several, of which each gives 6
    /// octets to saying which part it is (9.2.3.24.1).
    #[must_use]
    pub const fn count(self) -> usize {
        match self {
            Self::Septets(..=160) | Self::Units(..=70) => 1,
            Self::Septets(septets) => septets.div_ceil(153),
            Self::Units(units) => units.div_ceil(67),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_counted_as_the_network_does() {
        assert_eq!(BASIC.chars().count(), 127, "128 less the escape");
        assert_eq!(Segments::of("@example.com #042137"), Segments::Septets(20));
        assert_eq!(Segments::of("5 €"), Segments::Septets(4));
        assert_eq!(Segments::of("5 ₽"), Segments::Units(3));
        assert_eq!(Segments::of("验证码😀"), Segments::Units(5));
    }

    #[test]
    fn a_long_text_is_several_messages() {
        let count = |letter: &str, n| Segments::of(&letter.repeat(n)).count();
        assert_eq!([count("a", 160), count("a", 161), count("a", 306), count("a", 307)], [1, 2, 2, 3]);
        assert_eq!([count("码", 70), count("码", 71), count("码", 134), count("码", 135)], [1, 2, 2, 3]);
    }
}
