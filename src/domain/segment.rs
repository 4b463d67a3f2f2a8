//! How much of a message a text takes on the air (3GPP TS 23.038 and TS 23.040).

/// The default alphabet of TS 23.038, 6.2.1: each takes 7 bits.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿\
                     abcdefghijklmnopqrstuvwxyzäöñüà";
/// Its extension, 6.2.1.1: each takes 14.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// What one message takes, and what of it a text needs: septets while every character is in the default alphabet, else UTF-16 units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Segment {
    Septets(usize),
    Units(usize),
}

impl Segment {
    #[must_use]
    pub fn of(text: &str) -> Self {
        let septets = text.chars().map(|c| match c {
            c if BASIC.contains(c) => Some(1),
            c if EXTENSION.contains(c) => Some(2),
            _ => None,
        });
        septets.sum::<Option<usize>>().map_or_else(|| Self::Units(text.encode_utf16().count()), Self::Septets)
    }

    /// 140 octets: 160 septets or 70 units (TS 23.040, 9.2.3.16).
    #[must_use]
    pub const fn most(self) -> usize {
        match self {
            Self::Septets(_) => 160,
            Self::Units(_) => 70,
        }
    }

    #[must_use]
    pub const fn taken(self) -> usize {
        match self {
            Self::Septets(taken) | Self::Units(taken) => taken,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_counted_as_the_network_does() {
        assert_eq!(BASIC.chars().count(), 127, "128 less the escape");
        assert_eq!(Segment::of("@example.com #042137"), Segment::Septets(20));
        assert_eq!(Segment::of("5 €"), Segment::Septets(4));
        assert_eq!(Segment::of("5 ₽"), Segment::Units(3));
        assert_eq!(Segment::of("验证码😀"), Segment::Units(5));
        assert_eq!((Segment::of("a").most(), Segment::of("码").most()), (160, 70));
    }
}
