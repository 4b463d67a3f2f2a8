//! One-time codes: six digits that are sent by SMS. They are stored nowhere, because they are derived from the server's
//! key, the purpose and the ticket.

use super::ticket::{FlowKey, Ticket};
use super::unicode::{decimal_digit, is_format};
use super::{Invalid, flow::Purpose};
use aws_lc_rs::{constant_time, hmac};
use std::fmt;

/// Six ASCII digits with leading zeros. Never printed.
#[derive(Clone)]
pub struct OneTimeCode([u8; Self::DIGITS]);

impl OneTimeCode {
    /// Number of digits. OWASP ASVS 5.0 6.5.4 requires at least 20 bits; 10^6 codes have 19.9, with five attempts each.
    pub const DIGITS: usize = 6;

    /// Derives the code: HMAC-SHA-256 over the purpose and the ticket (which contains the phone hash), truncated to 64
    /// bits, modulo 10^6, in the manner of RFC 4226. The bias of the modulo is below 10^-13. A resend derives the same
    /// code, because SMS arrive late and out of order.
    #[must_use]
    pub fn derive(key: &hmac::Key, purpose: Purpose, ticket: &Ticket) -> Self {
        let mut mac = hmac::Context::with_key(key);
        mac.update(purpose.text().as_bytes());
        mac.update(&[0]);
        mac.update(ticket.bytes());
        let tag = mac.sign();
        let mut word = [0; 8];
        word.copy_from_slice(&tag.as_ref()[..8]);
        let mut rest = u64::from_be_bytes(word) % 1_000_000;
        let mut digits = [b'0'; Self::DIGITS];
        for digit in digits.iter_mut().rev() {
            *digit += (rest % 10) as u8;
            rest /= 10;
        }
        Self(digits)
    }

    /// Maximum length of a text in characters: six digits, and what may stand between them.
    const LONGEST: usize = 32;

    /// Reads a code that a user typed or copied: exactly six decimal digits of any script. Spaces and format characters
    /// are ignored.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if let Ok(digits) = <[u8; Self::DIGITS]>::try_from(text.as_bytes())
            && digits.iter().all(u8::is_ascii_digit)
        {
            return Ok(Self(digits));
        }
        if text.len() > Self::LONGEST * 4 || text.chars().count() > Self::LONGEST {
            return Err(Invalid::Format);
        }
        let written = text.chars().filter(|c| !c.is_whitespace() && !is_format(*c));
        let digits: String = written.map(decimal_digit).collect::<Option<_>>().ok_or(Invalid::Format)?;
        digits.as_bytes().try_into().map(Self).map_err(|_| Invalid::Format)
    }

    /// Compares in constant time.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(&self.0, &other.0).is_ok()
    }

    /// Returns the digits, for the message to the owner of the phone only.
    #[must_use]
    pub fn expose(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for OneTimeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneTimeCode(..)")
    }
}

/// Creates the ID of one send of one flow, 32 hexadecimal digits. The provider refuses a second message with the same
/// ID. The ID reveals neither the flow nor the number of the send.
#[must_use]
pub fn message_id(key: &hmac::Key, flow: &FlowKey, send: u32) -> String {
    let tag = hmac::sign(key, format!("{}.{send}", flow.encoded()).as_bytes());
    tag.as_ref()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ticket::PhoneHash;
    use crate::domain::{keys::Keys, phone::Phone};

    fn keys(master: u8) -> Keys {
        Keys::derive(&[master; 32])
    }

    fn ticket(n: u64) -> Ticket {
        let phone = Phone::from_stored("+8613800138000".to_owned()).unwrap();
        let mut random = [0; 28];
        random[..8].copy_from_slice(&n.to_be_bytes());
        Ticket::new(PhoneHash::of(&phone, &keys(1).phone_hash), keys(1).new_flow(), random)
    }

    #[test]
    fn the_same_ticket_has_the_same_code_and_others_have_others() {
        let code_of =
            |keys: &Keys, ticket: Ticket| OneTimeCode::derive(&keys.flow(&ticket).code, Purpose::Register, &ticket);
        let code = code_of(&keys(1), ticket(1));
        assert!(code.matches(&code_of(&keys(1), ticket(1))));
        assert!(!code.matches(&code_of(&keys(1), ticket(2))));
        assert!(!code.matches(&code_of(&keys(2), ticket(1))));
    }

    /// Mistake 4 of docs/mistakes.md: ranges that miss codes, padding with spaces, four or seven digits.
    #[test]
    fn codes_are_six_digits_over_the_whole_range() {
        let keys = keys(1);
        let key = &keys.flow(&ticket(0)).code;
        let mut first = [0_u32; 10];
        let mut seen = std::collections::HashSet::new();
        for n in 0..20_000 {
            let code = OneTimeCode::derive(key, Purpose::Register, &ticket(n));
            let text = code.expose();
            assert!(text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit()), "{text}");
            first[usize::from(text.as_bytes()[0] - b'0')] += 1;
            seen.insert(text.to_owned());
        }
        // 2,000 of each are expected, with a standard deviation of 42.
        assert!(first.iter().all(|n| (1_750..2_250).contains(n)), "{first:?}");
        assert!(seen.len() > 19_500, "{}", seen.len());
    }

    #[test]
    fn each_send_has_its_own_message_id() {
        let keys = keys(1);
        let key = &keys.flow(&ticket(0)).message;
        let (one, other) = (ticket(1).flow_key(), ticket(2).flow_key());
        let id = message_id(key, &one, 1);
        assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
        assert_eq!(id, message_id(key, &one, 1));
        assert_ne!(id, message_id(key, &one, 2));
        assert_ne!(id, message_id(key, &other, 1));
    }

    #[test]
    fn a_typed_code_is_six_digits_of_any_script() {
        for text in [
            "123456",
            " 123456\n",
            "123 456",
            "123\u{a0}456",
            "１２３４５６",
            "١٢٣٤٥٦",
            "۱۲۳۴۵۶",
            "१२३४५६",
            "\u{200e}12 34 56\u{202c}",
        ] {
            assert_eq!(OneTimeCode::parse(text).unwrap().expose(), "123456", "{text:?}");
        }
        let long = format!("123456{}", " ".repeat(27));
        for text in
            ["", "12345", "1234567", " 12345", "12345a", "-12345", "1e5000", "12 34½", "１２３４５", "1234五六", &long]
        {
            assert!(OneTimeCode::parse(text).is_err(), "{text:?}");
        }
    }
}
