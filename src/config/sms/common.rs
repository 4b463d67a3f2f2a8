//! Settings that several providers use, and the part that all providers have in common.

use crate::config::env::Env;
use crate::config::variable::{Variable, WithDefault, seconds, section};
use crate::domain::phone::Region;
use crate::domain::template::Templates;
use std::time::Duration;

section! {
    pub(super) fn section = "SMS: all providers";
    // Each character adds to the length, and so to the price, of every message.
    /// Sender name in the text of a message, where doorstep writes the text: 1 to 20 characters. Providers with
    /// templates do not use it.
    pub(super) static SMS_BRAND: WithDefault<String> =
        Variable::new("1 to 20 characters, without line breaks, 【 and 】", |text, about| {
            let allowed = !text.chars().any(|c| c.is_control() || "【】".contains(c)) && text.chars().count() <= 20;
            about.unless_none(allowed.then(|| text.to_owned()))
        })
        .default(|| "doorstep".to_owned());
    /// Timeout of a whole request to a provider. Each provider can have its own.
    pub(super) static SMS_TIMEOUT_SECONDS: WithDefault<u64> = seconds(SHORTEST, LONGEST).default(|| 5);
}

/// The parts of a provider's settings that the rules for all providers need.
pub(super) trait Common {
    /// Name in `SMS_PROVIDERS`, logs and metrics.
    fn name(&self) -> &'static str;

    /// Timeout of a whole request.
    fn timeout(&self) -> Duration;

    /// Templates of the provider. `None`: it sends free text.
    fn templates(&self) -> Option<&Templates> {
        None
    }

    /// Tells whether the provider refuses messages to the region without a signature.
    fn requires_signature(&self, _region: Region) -> bool {
        false
    }
}

const SHORTEST: u64 = 1;
const LONGEST: u64 = 30;

/// Setting with the timeout of one provider.
pub(super) const fn own_timeout() -> Variable<u64> {
    seconds(SHORTEST, LONGEST).example("5").default_in_words("SMS_TIMEOUT_SECONDS")
}

/// Reads the timeout of one provider, or the common timeout if it has none.
pub(super) fn timeout(env: &mut Env, own: &Variable<u64>) -> Duration {
    let common = env.get(&SMS_TIMEOUT_SECONDS);
    Duration::from_secs(env.optional(own).unwrap_or(common))
}
