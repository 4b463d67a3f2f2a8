//! Numbers with fixed codes, for store review and QA.

use super::Mode;
use super::env::Env;
use crate::domain::test_phone::TestPhones;
use secrecy::ExposeSecret;

/// The codes are secrets: whoever knows one owns the account of its number.
pub(super) fn read(env: &mut Env, mode: Mode) -> TestPhones {
    let Some(text) = env.secret("TEST_PHONES") else { return TestPhones::default() };
    let list = TestPhones::parse(text.expose_secret()).unwrap_or_else(|error| {
        env.problem("TEST_PHONES", error);
        TestPhones::default()
    });
    if mode == Mode::Production && !list.all_end() {
        env.problem("TEST_PHONES", "production needs a last day for each, like +8613800138000=123456@2027-01-31");
    }
    list
}
