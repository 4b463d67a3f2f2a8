//! Ownership of numbers: recycled numbers, stolen SIMs, and accounts without a password.

use super::env::Env;
use super::variable::{Variable, WithDefault, flag, number, section};
use crate::domain::ownership::OwnershipPolicy;
use crate::domain::password_mode::PasswordMode;
use std::time::Duration;

section! {
    pub(super) fn section = "Ownership of numbers",
        "A code proves who has the SIM today. Carriers give numbers to other people, and SIMs are stolen.";
    /// Passwords of accounts. `required`: every new account has one. `optional`: the user can skip it at the sign-up,
    /// and set it later; existing passwords stay valid. `none`: no password is accepted, and none can be set. An
    /// account that has one counts as an account without one: its sessions go on, and its user signs in with a code.
    /// The password stays in the database, and is valid again in another mode.
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
    /// The proof of a number is old after this time, days, or after NUMBER_STALE_DAYS if that is shorter. The app asks
    /// the user to confirm the number, and a sign-in with a code alone is held for HOLD_HOURS. 0: never.
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
    let policy = OwnershipPolicy {
        stale: stale.unwrap_or_else(|| defaults.stale.filter(|_| !passwords.can_skip())),
        confirm: days(env.get(&NUMBER_CONFIRM_DAYS)),
        hold: Duration::from_secs(env.get(&HOLD_HOURS) * HOUR),
        reclaim: Duration::from_secs(env.get(&RECLAIM_DAYS) * DAY),
        ..defaults
    };
    warn(env, &policy, passwords);
    policy
}

/// Says what an operator accepts who disables a part of the rule, on purpose or by the mode of passwords.
fn warn(env: &mut Env, policy: &OwnershipPolicy, passwords: PasswordMode) {
    let mode = passwords.as_str();
    match policy.stale {
        None => {
            let why =
                if passwords.can_skip() { format!(" (the default with PASSWORD_MODE={mode})") } else { String::new() };
            let what = "no account is dormant, and the next owner of a recycled number enters the account with a code";
            env.warning(NUMBER_STALE_DAYS.name, format!("0{why}: {what}"));
        }
        Some(_) if passwords.can_skip() => {
            let what = "the owner of a dormant account without a password comes back only with a known device";
            env.warning(NUMBER_STALE_DAYS.name, format!("with PASSWORD_MODE={mode}, {what}"));
        }
        Some(_) => {}
    }
    if policy.confirm.is_none() {
        let what = "0: no proof of a number becomes old, and a code alone always opens an account in use";
        env.warning(NUMBER_CONFIRM_DAYS.name, what);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads the settings. Returns the days until an account is dormant, and the warnings.
    fn read_with(vars: &[(&str, &str)]) -> (Option<u64>, Vec<String>) {
        let mut env = Env::new(vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let passwords = read_passwords(&mut env);
        let policy = read(&mut env, passwords);
        let problems = env.into_problems();
        assert_eq!(problems.errors, Vec::<String>::new());
        (policy.stale.map(|span| span.as_secs() / DAY), problems.warnings)
    }

    #[test]
    fn without_required_passwords_no_account_is_dormant_by_default() {
        assert_eq!(read_with(&[]), (Some(90), Vec::new()));
        assert_eq!(read_with(&[("PASSWORD_MODE", "required")]), (Some(90), Vec::new()));
        for mode in ["optional", "none"] {
            let (days, warnings) = read_with(&[("PASSWORD_MODE", mode)]);
            assert_eq!(days, None);
            let [warning] = &warnings[..] else { panic!("{warnings:?}") };
            assert!(warning.starts_with("NUMBER_STALE_DAYS: 0 (the default with PASSWORD_MODE="), "{warning}");
            assert!(warning.contains(mode) && warning.contains("next owner of a recycled number"), "{warning}");
        }
    }

    #[test]
    fn the_start_says_what_a_setting_of_0_means() {
        let (days, warnings) = read_with(&[("NUMBER_STALE_DAYS", "0"), ("NUMBER_CONFIRM_DAYS", "0")]);
        assert_eq!(days, None);
        let [stale, confirm] = &warnings[..] else { panic!("{warnings:?}") };
        assert!(stale.starts_with("NUMBER_STALE_DAYS: 0: no account is dormant"), "{stale}");
        assert!(confirm.starts_with("NUMBER_CONFIRM_DAYS: 0: no proof of a number becomes old"), "{confirm}");
    }

    #[test]
    fn the_start_says_that_a_dormant_account_without_a_password_needs_a_known_device() {
        for mode in ["optional", "none"] {
            let (days, warnings) = read_with(&[("PASSWORD_MODE", mode), ("NUMBER_STALE_DAYS", "45")]);
            assert_eq!(days, Some(45));
            let [warning] = &warnings[..] else { panic!("{warnings:?}") };
            assert!(warning.contains("only with a known device") && warning.contains(mode), "{warning}");
        }
        assert_eq!(read_with(&[("NUMBER_STALE_DAYS", "45")]), (Some(45), Vec::new()));
    }

    #[test]
    fn an_unknown_mode_of_passwords_is_refused() {
        let mut env = Env::new([("PASSWORD_MODE".to_owned(), "off".to_owned())]);
        read_passwords(&mut env);
        let errors = env.into_problems().errors;
        assert_eq!(errors, ["PASSWORD_MODE: expected required, optional or none"]);
    }
}
