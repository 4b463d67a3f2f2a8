//! Mobile phone numbers in E.164, with which users sign up.

use super::Invalid;
use super::mobile_prefix::MobilePrefix;
use super::phone_text::plain;
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberType};
use std::fmt;

/// Country or territory with phone numbers, by its ISO 3166-1 alpha-2 code. [`Region::World`] is for numbers of no
/// country.
pub use rlibphonenumber::Region;

/// Valid mobile number of a supported region, in E.164 (`+8613800138000`).
///
/// `Debug` prints only the masked form, so that an accidental `{:?}` leaks nothing.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Phone(String);

/// Reason why a text is not an accepted phone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhoneError {
    Invalid(Invalid),
    /// Valid number of a region to which this service does not send.
    RegionNotSupported,
}

/// Regions whose numbers are accepted, and the default region, whose numbers need no country code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Regions {
    default: Region,
    allowed: Vec<Region>,
    extra: Vec<MobilePrefix>,
}

impl Regions {
    /// Reads ISO 3166-1 alpha-2 codes. The first one is the default region. Returns `None` if the list is empty or
    /// contains an unknown code.
    #[must_use]
    pub fn parse<'a>(codes: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let allowed = codes.into_iter().map(region).collect::<Option<Vec<_>>>()?;
        Some(Self { default: *allowed.first()?, allowed, extra: Vec::new() })
    }

    /// Adds prefixes of mobile numbers that the numbering plans of libphonenumber lack.
    #[must_use]
    pub fn with_mobile_prefixes(self, extra: Vec<MobilePrefix>) -> Self {
        Self { extra, ..self }
    }

    pub fn iter(&self) -> impl Iterator<Item = Region> + '_ {
        self.allowed.iter().copied()
    }
}

/// Reads the ISO 3166-1 alpha-2 code of a region with phone numbers.
#[must_use]
pub fn region(code: &str) -> Option<Region> {
    let known = |region: &Region| PHONE_NUMBER_UTIL.get_country_code_for_region(*region).is_some();
    Region::try_from(code).ok().filter(known)
}

/// Returns every region with phone numbers, sorted by code, and [`Region::World`] for the numbers of no country.
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
        Self { default: Region::CN, allowed: vec![Region::CN], extra: Vec::new() }
    }
}

impl Phone {
    /// Reads E.164 or the national form of the default region, in decimal digits of any script. Spaces, dashes, dots,
    /// brackets and format characters are ignored, because address books contain them. Extensions are rejected.
    pub fn parse(text: &str, regions: &Regions) -> Result<Self, PhoneError> {
        let (phone, region) = read(text, regions).map_err(PhoneError::Invalid)?;
        match region {
            Some(region) if regions.allowed.contains(&region) => Ok(phone),
            _ => Err(PhoneError::RegionNotSupported),
        }
    }

    /// Reads a number of any region. An account stays usable when its region is closed to new numbers.
    pub fn parse_of_any_region(text: &str, regions: &Regions) -> Result<Self, Invalid> {
        read(text, regions).map(|(phone, _)| phone)
    }

    /// Reads the same forms as [`Self::parse`], but does not check that the number can exist. Use it only to compare a
    /// text with a known number.
    #[must_use]
    pub(super) fn parse_unchecked(text: &str, regions: &Regions) -> Option<Self> {
        let text = plain(text).ok()?;
        if text.starts_with('+') {
            return Self::from_stored(text.chars().filter(|c| !" -.()".contains(*c)).collect());
        }
        let number = PhoneNumber::parse(text, Some(regions.default)).ok()?;
        Self::from_stored(number.to_string())
    }

    /// Reads a number that was validated before it was stored. Returns `None` if it does not have the form of E.164.
    #[must_use]
    pub fn from_stored(text: String) -> Option<Self> {
        let digits = text.strip_prefix('+')?;
        let has_form = (4..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        has_form.then_some(Self(text))
    }

    /// Returns E.164, for the SMS provider, the database and the owner. Never log it.
    #[must_use]
    pub fn e164(&self) -> &str {
        &self.0
    }

    /// Returns the region of the number.
    #[must_use]
    pub fn region(&self) -> Region {
        // No country code is the beginning of another one. Most belong to one region; only the numbers of the others,
        // such as +1, have to be read.
        let regions_of = |code| PHONE_NUMBER_UTIL.get_regions_for_country_calling_code(code);
        let mut codes = (2..=4).filter_map(|end| self.0.get(1..end)?.parse().ok());
        match codes.find_map(regions_of) {
            Some(mut regions) if regions.len() == 1 => regions.next(),
            _ => PhoneNumber::parse(&self.0, None).ok().and_then(|number| number.get_region_code()),
        }
        .unwrap_or(Region::World)
    }

    /// Returns `+86138****8000`, for logs and for clients that have not verified the number.
    #[must_use]
    pub fn masked(&self) -> String {
        let text = &self.0;
        let tail = text.len().saturating_sub(4).max(1);
        let head = tail.saturating_sub(4).min(6);
        format!("{}****{}", &text[..head], &text[tail..])
    }
}

/// Reads a mobile number, and its region if it is known.
fn read(text: &str, regions: &Regions) -> Result<(Phone, Option<Region>), Invalid> {
    let text = plain(text)?;
    let number = PhoneNumber::parse(&*text, Some(regions.default)).map_err(|_| Invalid::Format)?;
    let is_mobile = || matches!(number.get_type(), PhoneNumberType::Mobile | PhoneNumberType::FixedLineOrMobile);
    if (number.is_valid() && is_mobile()) || regions.extra.iter().any(|prefix| prefix.is_of(&number)) {
        return Ok((Phone(number.to_string()), number.get_region_code()));
    }
    Err(Invalid::Format)
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

/// Loads the numbering plans into memory (about 10 ms, once), so that no request waits for them.
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
    fn numbers_are_read_as_keyboards_and_address_books_write_them() {
        for text in [
            "\u{202a}+86 138 0013 8000\u{202c}",
            "+86\u{a0}138\u{2009}0013\u{3000}8000",
            "＋８６１３８００１３８０００",
            "＋86（138）0013\u{2212}8000",
            "86-138-0013-8000\n",
            "+86 (138)\u{2013}0013．8000",
            "١٣٨٠٠١٣٨٠٠٠",
            "+۸۶ ۱۳۸۰۰۱۳۸۰۰۰",
            "१३८००१३८०००",
            "\u{feff}138\u{ad}0013\u{200b}8000\t",
        ] {
            assert_eq!(parse(text).as_deref(), Ok("+8613800138000"), "{text:?}");
        }
    }

    #[test]
    fn the_whole_text_must_be_a_number() {
        for text in [
            "13800000000abc",
            "abc13800000000",
            "138001\n38000",
            "1380013800½",
            "１３８００１３８００",
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
    fn a_number_of_another_region_has_its_own_error() {
        assert_eq!(parse("+14155552671"), Err(PhoneError::RegionNotSupported));
        assert_eq!(parse("+85251234567"), Err(PhoneError::RegionNotSupported));
    }

    #[test]
    fn a_number_of_a_closed_region_can_still_be_read() {
        let regions = Regions::parse(["CN"]).unwrap();
        let read = |text| Phone::parse_of_any_region(text, &regions).map(|phone| phone.e164().to_owned());
        assert_eq!(read("+49 1512 3456789").as_deref(), Ok("+4915123456789"));
        assert_eq!(read("13800138000").as_deref(), Ok("+8613800138000"));
        assert_eq!(read("+8613800138000abc"), Err(Invalid::Format));
    }

    #[test]
    fn a_prefix_makes_numbers_mobile() {
        let plain = Regions::parse(["CN"]).unwrap();
        let extended = plain.clone().with_mobile_prefixes(vec!["CN=1490".parse().unwrap()]);
        let unknown = Err(PhoneError::Invalid(Invalid::Format));
        assert_eq!(Phone::parse("149 0013 8000", &plain), unknown);
        let phone = Phone::parse("149 0013 8000", &extended).unwrap();
        assert_eq!((phone.e164(), phone.region()), ("+8614900138000", Region::CN));
        assert_eq!(Phone::parse_of_any_region("+8614900138000", &extended).as_ref(), Ok(&phone));
        for text in ["14911138000", "1490013800", "149001380000", "+114900138000", "01012345678"] {
            assert!(Phone::parse(text, &extended).is_err(), "{text}");
        }
        assert!(Phone::parse("13800138000", &extended).is_ok());
    }

    #[test]
    fn a_stored_number_has_a_region() {
        let region = |text: &str| Phone::from_stored(text.to_owned()).unwrap().region();
        assert_eq!(region("+8613800138000"), Region::CN);
        assert_eq!(region("+85251234567"), Region::HK);
        assert_eq!((region("+14155552671"), region("+14165552671")), (Region::US, Region::CA));
        assert_eq!(region("+99999999999"), Region::World);
        let examples = all_regions().into_iter().filter_map(|region| PHONE_NUMBER_UTIL.get_example_number(region).ok());
        let of_library = |number: &PhoneNumber| number.get_region_code().unwrap_or(Region::World);
        let differ: Vec<_> = examples.filter(|number| region(&number.to_string()) != of_library(number)).collect();
        assert_eq!(differ, []);
    }

    #[test]
    fn the_middle_of_a_number_is_masked() {
        let phone = Phone::from_stored("+8613800138000".to_owned()).unwrap();
        assert_eq!(phone.masked(), "+86138****8000");
        assert_eq!(format!("{phone:?}"), "+86138****8000");
        for short in ["+1234", "+12345", "+123456789"] {
            let masked = Phone::from_stored(short.to_owned()).unwrap().masked();
            assert!(masked.contains("****") && !masked.contains(short), "{masked}");
        }
    }
}
