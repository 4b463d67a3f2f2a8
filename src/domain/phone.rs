//! A mobile phone number in E.164 form: the name under which a person signs up.

use super::Invalid;
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberType};
use std::fmt;

/// A country or territory that has numbers, by its ISO 3166-1 alpha-2 code; [`Region::World`] for numbers of none.
pub use rlibphonenumber::Region;

/// A valid mobile number of a supported region, in E.164 (`+8613800138000`).
///
/// `Debug` shows the masked form only, so that a stray `{:?}` leaks nothing.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Phone(String);

/// Why a text is not an acceptable phone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhoneError {
    Invalid(Invalid),
    /// A valid number of a region that this service does not send to.
    RegionNotSupported,
}

/// Which regions' numbers are accepted, and whose national form may be written without a country code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Regions {
    default: Region,
    allowed: Vec<Region>,
}

impl Regions {
    /// From ISO 3166-1 alpha-2 codes; the first is the default region. `None` when the list is empty or has an
    /// unknown code.
    #[must_use]
    pub fn parse<'a>(codes: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let allowed = codes.into_iter().map(region).collect::<Option<Vec<_>>>()?;
        Some(Self { default: *allowed.first()?, allowed })
    }

    pub fn iter(&self) -> impl Iterator<Item = Region> + '_ {
        self.allowed.iter().copied()
    }
}

/// A region that has numbers, from its ISO 3166-1 alpha-2 code.
#[must_use]
pub fn region(code: &str) -> Option<Region> {
    let known = |region: &Region| PHONE_NUMBER_UTIL.get_country_code_for_region(*region).is_some();
    Region::try_from(code).ok().filter(known)
}

/// Every region that has numbers, by their codes; [`Region::World`] for the numbers of none.
#[must_use]
pub fn all_regions() -> Vec<Region> {
    let mut all: Vec<_> = PHONE_NUMBER_UTIL.get_supported_regions().chain([Region::World]).collect();
    all.sort_unstable_by_key(ToString::to_string);
    all.dedup();
    all
}

impl Default for Regions {
    /// Mainland China.
    fn default() -> Self {
        Self { default: Region::CN, allowed: vec![Region::CN] }
    }
}

/// Longest text looked at: E.164 has 15 digits; the rest is room for separators.
const LONGEST: usize = 32;

impl Phone {
    /// Reads E.164 or the national form of the default region. ASCII digits only; spaces, hyphens, dots and
    /// brackets between them are ignored, as address books write them. Extensions are refused.
    pub fn parse(text: &str, regions: &Regions) -> Result<Self, PhoneError> {
        let (phone, region) = read(text, regions.default).map_err(PhoneError::Invalid)?;
        match region {
            Some(region) if regions.allowed.contains(&region) => Ok(phone),
            _ => Err(PhoneError::RegionNotSupported),
        }
    }

    /// The same for a number of any region: an account does not end when its region is closed to newcomers.
    pub fn parse_of_any_region(text: &str, regions: &Regions) -> Result<Self, Invalid> {
        read(text, regions.default).map(|(phone, _)| phone)
    }

    /// The number that a text names, whether or not anybody can have it: for comparing with one that is known. The same forms
    /// as [`Self::parse`] takes.
    #[must_use]
    pub(super) fn named(text: &str, regions: &Regions) -> Option<Self> {
        let text = plain(text).ok()?;
        if text.starts_with('+') {
            return Self::from_stored(text.chars().filter(|c| !" -.()".contains(*c)).collect());
        }
        let number = PhoneNumber::parse(text, Some(regions.default)).ok()?;
        Self::from_stored(number.to_string())
    }

    /// A number that was checked before it was stored; `None` if it has not the shape of E.164.
    #[must_use]
    pub fn from_stored(text: String) -> Option<Self> {
        let digits = text.strip_prefix('+')?;
        let shaped = (4..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        shaped.then_some(Self(text))
    }

    /// E.164. For the SMS provider, the database and the owner; never for a log.
    #[must_use]
    pub fn e164(&self) -> &str {
        &self.0
    }

    /// Where the number is from.
    #[must_use]
    pub fn region(&self) -> Region {
        let number = PhoneNumber::parse(&self.0, None).ok();
        number.and_then(|number| number.get_region_code()).unwrap_or(Region::World)
    }

    /// For logs and for callers who have not proven the number: `+86138****8000`.
    #[must_use]
    pub fn masked(&self) -> String {
        let text = &self.0;
        let tail = text.len().saturating_sub(4).max(1);
        let head = tail.saturating_sub(4).min(6);
        format!("{}****{}", &text[..head], &text[tail..])
    }
}

/// The characters of a number, and not too many.
fn plain(text: &str) -> Result<&str, Invalid> {
    let text = text.trim_matches(' ');
    if text.is_empty() {
        return Err(Invalid::TooShort);
    }
    if text.chars().count() > LONGEST {
        return Err(Invalid::TooLong);
    }
    let plain = text
        .bytes()
        .enumerate()
        .all(|(at, byte)| byte.is_ascii_digit() || b" -.()".contains(&byte) || (byte == b'+' && at == 0));
    if plain { Ok(text) } else { Err(Invalid::Format) }
}

/// A valid mobile number, and its region if that is known.
fn read(text: &str, default: Region) -> Result<(Phone, Option<Region>), Invalid> {
    let text = plain(text)?;
    let number = PhoneNumber::parse(text, Some(default)).map_err(|_| Invalid::Format)?;
    let mobile = matches!(number.get_type(), PhoneNumberType::Mobile | PhoneNumberType::FixedLineOrMobile);
    if !number.is_valid() || !mobile {
        return Err(Invalid::Format);
    }
    Ok((Phone(number.to_string()), number.get_region_code()))
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

/// Loads the numbering plans into memory (about 10 ms, once), so that no request pays for it.
pub fn warm_up(regions: &Regions) {
    for region in &regions.allowed {
        if let Ok(example) = PHONE_NUMBER_UTIL.get_example_number_for_type_and_region(*region, PhoneNumberType::Mobile)
        {
            drop(Phone::parse(&example.to_string(), regions));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<String, PhoneError> {
        Phone::parse(text, &Regions::parse(["CN", "DE"]).unwrap()).map(|phone| phone.e164().to_owned())
    }

    #[test]
    fn one_number_has_one_form() {
        for text in ["13800138000", "+8613800138000", "+86 138-0013-8000", " 138 0013 8000 ", "008613800138000"] {
            assert_eq!(parse(text).as_deref(), Ok("+8613800138000"), "{text}");
        }
        assert_eq!(parse("+49 1512 3456789").as_deref(), Ok("+4915123456789"));
    }

    #[test]
    fn the_whole_text_must_be_a_number() {
        for text in [
            "13800000000abc",
            "abc13800000000",
            "13800138000\n",
            "１３８００１３８０００",
            "١٣٨٠٠١٣٨٠٠٠",
            "+86138001380001",
            "1380013800",
            "13800138000 ext 5",
            "13800138000;ext=5",
            "13800138000x5",
            "tel:+8613800138000",
            "138+00138000",
            "+",
            "()",
            "12345678901",
            "01012345678",
        ] {
            assert_eq!(parse(text), Err(PhoneError::Invalid(Invalid::Format)), "{text:?}");
        }
        assert_eq!(parse(""), Err(PhoneError::Invalid(Invalid::TooShort)));
        assert_eq!(parse(&"1".repeat(10_000)), Err(PhoneError::Invalid(Invalid::TooLong)));
    }

    #[test]
    fn a_foreign_number_is_told_apart_from_a_wrong_one() {
        assert_eq!(parse("+14155552671"), Err(PhoneError::RegionNotSupported));
        assert_eq!(parse("+85251234567"), Err(PhoneError::RegionNotSupported));
    }

    #[test]
    fn an_account_of_a_closed_region_is_still_named() {
        let regions = Regions::parse(["CN"]).unwrap();
        let named = |text| Phone::parse_of_any_region(text, &regions).map(|phone| phone.e164().to_owned());
        assert_eq!(named("+49 1512 3456789").as_deref(), Ok("+4915123456789"));
        assert_eq!(named("13800138000").as_deref(), Ok("+8613800138000"));
        assert_eq!(named("+8613800138000abc"), Err(Invalid::Format));
    }

    #[test]
    fn a_stored_number_knows_its_region() {
        let region = |text: &str| Phone::from_stored(text.to_owned()).unwrap().region();
        assert_eq!(region("+8613800138000"), Region::CN);
        assert_eq!(region("+85251234567"), Region::HK);
        assert_eq!((region("+14155552671"), region("+14165552671")), (Region::US, Region::CA));
        assert_eq!(region("+99999999999"), Region::World);
    }

    #[test]
    fn masks_the_middle() {
        let phone = Phone::from_stored("+8613800138000".to_owned()).unwrap();
        assert_eq!(phone.masked(), "+86138****8000");
        assert_eq!(format!("{phone:?}"), "+86138****8000");
        for short in ["+1234", "+12345", "+123456789"] {
            let masked = Phone::from_stored(short.to_owned()).unwrap().masked();
            assert!(masked.contains("****") && !masked.contains(short), "{masked}");
        }
    }
}
