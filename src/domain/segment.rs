//! Number of SMS that a text needs (3GPP TS 23.038 and TS 23.040).

/// Default alphabet (TS 23.038, 6.2.1). Each character takes 7 bits.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§\
                     ¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// Extension of the default alphabet (6.2.1.1). Each character takes 14 bits.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// Length of a text: septets if the default alphabet and its extension contain every character, otherwise UTF-16 units.
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

    /// Number of SMS. One SMS has 140 octets: 160 septets or 70 units (TS 23.040, 9.2.3.16). In a longer message, each
    /// SMS needs 6 octets for the header that numbers the parts (9.2.3.24.1).
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
    fn characters_have_their_lengths_in_the_network() {
        assert_eq!(BASIC.chars().count(), 127, "128 without the escape character");
        assert_eq!(Segments::of("@example.com #042137"), Segments::Septets(20));
        assert_eq!(Segments::of("5 €"), Segments::Septets(4));
        assert_eq!(Segments::of("5 ₽"), Segments::Units(3));
        assert_eq!(Segments::of("验证码😀"), Segments::Units(5));
    }

    #[test]
    fn a_long_text_needs_several_sms() {
        let count = |character: &str, n| Segments::of(&character.repeat(n)).count();
        assert_eq!([count("a", 160), count("a", 161), count("a", 306), count("a", 307)], [1, 2, 2, 3]);
        assert_eq!([count("码", 70), count("码", 71), count("码", 134), count("码", 135)], [1, 2, 2, 3]);
    }
}
