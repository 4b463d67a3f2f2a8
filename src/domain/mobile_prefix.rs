//! Prefixes of mobile numbers that the numbering plans of libphonenumber lack.

use super::Invalid;
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberType, Region};
use std::str::FromStr;

/// Beginning of the national numbers of a region that the operator declares to be mobile numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MobilePrefix {
    country_code: i32,
    digits: String,
    /// Length of a mobile number of the region, in digits.
    length: usize,
}

impl FromStr for MobilePrefix {
    type Err = Invalid;

    /// Reads a region and the first digits of its national numbers: `CN=149`. Fails for another form, for a region
    /// without mobile numbers, for fewer than two digits or a whole number, and for a prefix that does not tell the
    /// region from others with the same country code.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (code, digits) = text.split_once('=').ok_or(Invalid::Format)?;
        let region = Region::try_from(code.trim()).map_err(|_| Invalid::NotAllowed)?;
        let example = PHONE_NUMBER_UTIL.get_example_number_for_type_and_region(region, PhoneNumberType::Mobile);
        let example = example.map_err(|_| Invalid::NotAllowed)?;
        let (digits, length) = (digits.trim(), example.get_national_significant_number().len());
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) || !(2..length).contains(&digits.len()) {
            return Err(Invalid::Format);
        }
        let prefix = Self { country_code: example.country_code, digits: digits.to_owned(), length };
        let found = prefix.first_number().and_then(|number| number.get_region_code());
        if found == Some(region) { Ok(prefix) } else { Err(Invalid::NotAllowed) }
    }
}

impl MobilePrefix {
    /// Tells whether a number has this prefix and the length of a mobile number.
    pub(super) fn is_of(&self, number: &PhoneNumber) -> bool {
        let national = number.get_national_significant_number();
        number.country_code == self.country_code && national.len() == self.length && national.starts_with(&self.digits)
    }

    fn first_number(&self) -> Option<PhoneNumber> {
        let Self { country_code, digits, length } = self;
        PhoneNumber::parse(format!("+{country_code}{digits:0<length$}"), None::<Region>).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_has_a_region_and_some_digits() {
        for text in ["CN=149", " CN = 1410 ", "SG=89", "DE=1599"] {
            assert!(text.parse::<MobilePrefix>().is_ok(), "{text}");
        }
        for text in ["", "149", "CN", "CN=", "CN=1", "CN=1x", "XX=149", "CN=14900138000", "CN:149", "=149", "CA=199"] {
            assert!(text.parse::<MobilePrefix>().is_err(), "{text}");
        }
    }
}
