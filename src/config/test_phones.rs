//! Test numbers, for store review and QA: `TEST_PHONES`.

use super::env::Env;
use super::mode::Mode;
use crate::domain::test_phone::TestPhones;
use secrecy::ExposeSecret;

/// Reads the list. It is a secret: a person who knows a code controls the account of its number.
pub(super) fn read(env: &mut Env, mode: Mode) -> TestPhones {
    let Some(text) = env.secret("TEST_PHONES") else { return TestPhones::default() };
    let list = TestPhones::parse(text.expose_secret()).unwrap_or_else(|error| {
        env.problem("TEST_PHONES", error);
        TestPhones::default()
    });
    if mode == Mode::Production && !list.all_have_last_day() {
        env.problem("TEST_PHONES", "expected a last day for each in production, like +8613800138000=123456@2027-01-31");
    }
    list
}
