//! Ownership of numbers: recycled numbers, stolen SIMs, and accounts without a password.

use super::env::Env;
use super::variable::{Variable, WithDefault, flag, number, section};
use crate::domain::ownership::OwnershipPolicy;
use crate::domain::policy::PasswordMode;
use std::time::Duration;

section! {
    pub(super) fn section = "Ownership of numbers",
        "A code proves who has the SIM today. Carriers give numbers to other people, and SIMs are stolen.";
    /// Passwords of accounts. `required`: every new account has one. `optional`: the user can skip it. `none`: no
    /// account gets one.
    static PASSWORD_MODE: WithDefault<PasswordMode> = Variable::new("required, optional or none", |text, about| {
        about.unless_none(PasswordMode::ALL.into_iter().find(|mode| mode.as_str() == text))
    })
    .shown_default(PasswordMode::default, |mode| mode.as_str().to_owned());
    /// An account is dormant after this time without a sign-in, a refresh or a proof of its number, days. A code alone
    /// does not open it: the person needs the password or a known device, or starts anew. 0: a code alone always opens
    /// it, also for the next owner of a recycled number. Carriers recycle numbers after 90 days (China) or 45 (United
    /// States).
    static NUMBER_STALE_DAYS: Variable<u64> =
        number(0, 3_650).default_in_words("90 if PASSWORD_MODE is required, else 0: nobody could come back");
    /// The proof of a number is old after this time, days. The app asks the user to confirm the number, and a sign-in
    /// with a code alone is held for HOLD_HOURS. 0: never.
    static NUMBER_CONFIRM_DAYS: WithDefault<u64> =
        number(0, 3_650).default(|| OwnershipPolicy::default().confirm.map_or(0, |span| span.as_secs() / DAY));
    /// A right password on a device that the account does not know needs a captcha, and then a code to the number. It
    /// stops a thief of the password alone. A person who has lost the number and every known device cannot sign in.
    static NEW_DEVICE_CODE: WithDefault<bool> = flag().default(|| false);
    /// Time that an act is held, hours. In this time the owner can refuse it on a device that is signed in. Shorter:
    /// thieves of SIMs wait less, and so do people who have lost everything but the SIM.
    static HOLD_HOURS: WithDefault<u64> =
        number(1, 720).default(|| OwnershipPolicy::default().hold.as_secs() / HOUR);
    /// Time in which the owner of a detached account can reclaim it, days. Then it is deleted.
    static RECLAIM_DAYS: WithDefault<u64> =
        number(1, 3_650).default(|| OwnershipPolicy::default().reclaim.as_secs() / DAY);
}

const HOUR: u64 = 3_600;
const DAY: u64 = 86_400;

pub(super) fn read_passwords(env: &mut Env) -> PasswordMode {
    env.get(&PASSWORD_MODE)
}

pub(super) fn read_new_device_code(env: &mut Env) -> bool {
    env.get(&NEW_DEVICE_CODE)
}

pub(super) fn read(env: &mut Env, passwords: PasswordMode) -> OwnershipPolicy {
    let days = |days: u64| (days > 0).then(|| Duration::from_secs(days * DAY));
    let defaults = OwnershipPolicy::default();
    let stale = env.optional(&NUMBER_STALE_DAYS).map(days);
    OwnershipPolicy {
        stale: stale.unwrap_or_else(|| defaults.stale.filter(|_| passwords == PasswordMode::Required)),
        confirm: days(env.get(&NUMBER_CONFIRM_DAYS)),
        hold: Duration::from_secs(env.get(&HOLD_HOURS) * HOUR),
        reclaim: Duration::from_secs(env.get(&RECLAIM_DAYS) * DAY),
        ..defaults
    }
}
