//! Test numbers, for store review and QA: `TEST_PHONES`.

use super::env::Env;
use super::variable::Production::Rule;
use super::variable::{Variable, secret, section};
use crate::domain::test_phone::TestPhones;
use secrecy::{ExposeSecret, SecretString};

section! {
    pub(super) fn section = "Test numbers";
    /// Test numbers: numbers with a fixed code, for store review and QA. number=code@last day (UTC), separated by
    /// commas. doorstep sends nothing to them and counts no send limits for them; wrong codes count as usual. Use only
    /// numbers that you own: anyone with the code can use the account.
    pub(super) static TEST_PHONES: Variable<SecretString> = secret()
        .example("+8613800138000=123456@2027-01-31,+15550100001=000000@2027-01-31")
        .production(Rule("each number must have a last day, within a year"));
}

/// Reads the list. It is a secret: a person who knows a code controls the account of its number.
pub(super) fn read(env: &mut Env) -> TestPhones {
    let Some(text) = env.secret(&TEST_PHONES) else { return TestPhones::default() };
    let list = TestPhones::parse(text.expose_secret()).unwrap_or_else(|error| {
        env.problem(TEST_PHONES.name, error);
        TestPhones::default()
    });
    if env.is_production() && !list.all_have_last_day() {
        let what = "expected a last day for each in production, like +8613800138000=123456@2027-01-31";
        env.problem(TEST_PHONES.name, what);
    }
    list
}
