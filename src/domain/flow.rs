//! Flows as data: purposes, steps, the transitions between steps, and the numbers of a flow (lifetimes, attempts,
//! cooldowns).
//!
//! The stores execute these values and decide nothing themselves, so that Redis and memory cannot differ.

use super::completion::Completion;
use super::consent::Consent;
use super::new_account::NewAccount;
use super::password::PasswordHash;
use super::password_mode::PasswordMode;
use super::phone::Phone;
use super::question::OpenQuestion;
use super::user::{AccountVersion, UserId};
use std::borrow::Cow;
use std::time::Duration;

/// Purpose of a ticket. A ticket of one purpose is unknown to every other purpose. A ticket made for a signed-in user
/// is unknown to every other user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    Register,
    Login,
    ResetPassword,
    /// Deletion of an account by a person who has the phone but not the app.
    DeleteAccount,
    /// Change of number; the phone of the flow is the new number.
    ChangePhone(UserId),
    /// Reclaim of a detached account; the phone of the flow is its new number.
    Reclaim,
    /// Deletion by a signed-in user, who proves that the phone is still theirs.
    DeleteSelf(UserId),
    /// First password of a signed-in user who has none; the code replaces the current password.
    SetPassword(UserId),
    /// New proof that the phone is still the user's.
    ConfirmPhone(UserId),
}

impl Purpose {
    /// Name for logs and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Login => "login",
            Self::ResetPassword => "reset_password",
            Self::DeleteAccount => "delete_account",
            Self::ChangePhone(_) => "change_phone",
            Self::Reclaim => "reclaim",
            Self::DeleteSelf(_) => "delete_self",
            Self::SetPassword(_) => "set_password",
            Self::ConfirmPhone(_) => "confirm_phone",
        }
    }

    /// Budget that the codes of this purpose count against.
    #[must_use]
    pub const fn budget_class(self) -> BudgetClass {
        match self {
            Self::Register | Self::ChangePhone(_) | Self::Reclaim => BudgetClass::NewNumbers,
            Self::Login
            | Self::ResetPassword
            | Self::DeleteAccount
            | Self::DeleteSelf(_)
            | Self::SetPassword(_)
            | Self::ConfirmPhone(_) => BudgetClass::ExistingAccounts,
        }
    }

    /// Name and user: staging compares this text, and codes are derived from it.
    #[must_use]
    pub fn text(self) -> Cow<'static, str> {
        match self {
            Self::ChangePhone(user) | Self::DeleteSelf(user) | Self::SetPassword(user) | Self::ConfirmPhone(user) => {
                format!("{}:{}", self.name(), user.0).into()
            }
            Self::Register | Self::Login | Self::ResetPassword | Self::DeleteAccount | Self::Reclaim => {
                self.name().into()
            }
        }
    }
}

/// Class of messages with a reserved share of every total: SMS pumping by sign-ups does not keep people with an account
/// from signing in, and strangers who request codes for an account do not keep its owner from signing in on a known
/// device. The kind of flow decides the class, because it is public.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BudgetClass {
    /// Codes to any number: sign-up, change of number and reclaim.
    NewNumbers,
    /// Codes to numbers with an account; no message is sent to other numbers.
    ExistingAccounts,
    /// Codes that a known device requests for its account.
    KnownDevices,
}

impl BudgetClass {
    pub const ALL: [Self; Self::KnownDevices as usize + 1] =
        [Self::NewNumbers, Self::ExistingAccounts, Self::KnownDevices];

    /// Name in logs and in staging.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NewNumbers => "new_numbers",
            Self::ExistingAccounts => "existing_accounts",
            Self::KnownDevices => "known_devices",
        }
    }
}

/// Last step that a flow has completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    CodeSent,
    /// The code was right, and it was not enough (see [`super::ownership`]).
    AccountUnclear,
    PhoneVerified,
    PasswordSet,
}

impl Step {
    pub const ALL: [Self; 4] = [Self::CodeSent, Self::AccountUnclear, Self::PhoneVerified, Self::PasswordSet];
    /// Step of a new flow.
    pub const FIRST: Self = Self::CodeSent;

    /// Text form in staging.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CodeSent => "code_sent",
            Self::AccountUnclear => "account_unclear",
            Self::PhoneVerified => "phone_verified",
            Self::PasswordSet => "password_set",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.as_str() == text)
    }

    /// Action that the client takes next. Where passwords are optional, the client can skip
    /// [`Action::SetPassword`] (see [`State::into_password`]).
    #[must_use]
    pub const fn next_action(self, passwords: PasswordMode) -> Action {
        match self {
            Self::CodeSent => Action::VerifyCode,
            Self::AccountUnclear => Action::ProveAccount,
            Self::PhoneVerified if passwords.accepts_passwords() => Action::SetPassword,
            Self::PhoneVerified | Self::PasswordSet => Action::SubmitProfile,
        }
    }
}

/// Action of a client on a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    VerifyCode,
    /// The client proves the account with more evidence, waits, or starts anew: as far as the flow offers it.
    ProveAccount,
    SetPassword,
    SubmitProfile,
}

/// Rule of one action: the steps at which it is allowed, and the flow's step and lifetime after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    pub from: &'static [Step],
    /// `None`: the flow stays at its step.
    pub to: Option<Step>,
    pub ttl: Ttl,
}

/// Lifetime of a flow after a transition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ttl {
    Keep,
    /// [`FlowPolicy::verified_ttl`] from now.
    Restart,
    /// Restarts only if the step changes: a client that repeats an action does not extend the verification of the
    /// phone.
    RestartOnChange,
}

impl Transition {
    /// Sends the same code again. The lifetime and the attempts stay.
    pub const RESEND_CODE: Self = Self::stay(&[Step::CodeSent]);
    /// Accepts the right code.
    pub const VERIFY_CODE: Self = Self { from: &[Step::CodeSent], to: Some(Step::PhoneVerified), ttl: Ttl::Restart };
    /// Accepts the right code of a flow without further steps: the account changes at once and the flow is deleted. The
    /// client may repeat the code if it was not enough.
    pub const REDEEM_CODE: Self = Self::stay(&[Step::CodeSent, Step::AccountUnclear]);
    /// Accepts a code that was enough: the flow goes on.
    pub const ACCEPT_CODE: Self =
        Self { from: &[Step::CodeSent, Step::AccountUnclear], to: Some(Step::PhoneVerified), ttl: Ttl::Restart };
    /// Keeps a flow whose code was right, but not enough.
    pub const QUESTION_ACCOUNT: Self = Self {
        from: &[Step::CodeSent, Step::AccountUnclear, Step::PhoneVerified],
        to: Some(Step::AccountUnclear),
        ttl: Ttl::RestartOnChange,
    };
    /// Makes the flow a sign-up of the person who has the phone now.
    pub const START_ANEW: Self =
        Self { from: &[Step::AccountUnclear], to: Some(Step::PhoneVerified), ttl: Ttl::Restart };
    /// Spends one of the flow's password hashes. A user may go back and choose another password.
    pub const HASH_PASSWORD: Self = Self::stay(&[Step::PhoneVerified, Step::PasswordSet]);
    /// Stores the hash of the chosen password.
    pub const SET_PASSWORD: Self = Self {
        from: &[Step::PhoneVerified, Step::PasswordSet],
        to: Some(Step::PasswordSet),
        ttl: Ttl::RestartOnChange,
    };

    const fn stay(from: &'static [Step]) -> Self {
        Self { from, to: None, ttl: Ttl::Keep }
    }

    #[must_use]
    pub fn allows(&self, step: Step) -> bool {
        self.from.contains(&step)
    }

    /// Tells whether the lifetime restarts when a flow at `step` makes this transition.
    #[must_use]
    pub fn restarts_ttl(&self, step: Step) -> bool {
        match self.ttl {
            Ttl::Keep => false,
            Ttl::Restart => true,
            Ttl::RestartOnChange => self.to.is_some_and(|to| to != step),
        }
    }
}

/// Lifetimes and attempts of a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowPolicy {
    /// Lifetime of a flow, and of its code, until the code is verified: 300 s (OWASP ASVS 5.0 6.5.5 allows 10 minutes).
    pub code_ttl: Duration,
    /// Lifetime of a flow after the phone is verified: 900 s, time to choose a password and a name.
    pub verified_ttl: Duration,
    /// Wrong codes until the flow ends: 5 (Ory Kratos, SuperTokens and Twilio Verify use the same number).
    pub attempts: u32,
    /// Lifetime of a claim, on a request or on a right code, between two renewals: 6 s. It is the longest time that a
    /// retry waits after its process died, so that a person can go on within 10 s. It is longer than a pause of the
    /// store or of the process usually is: after it, a retry may run although the first request still does.
    pub claim_ttl: Duration,
    /// Passwords that are hashed for one flow: 20, more than a user tries, and a limit to the cost of one ticket.
    pub passwords: u32,
}

impl Default for FlowPolicy {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { code_ttl: seconds(300), verified_ttl: seconds(900), attempts: 5, claim_ttl: seconds(6), passwords: 20 }
    }
}

/// Facts that a right code proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    pub phone: Phone,
    /// Account that the code was sent for; `None` at sign-up.
    pub account: Option<AccountVersion>,
    /// The client has proven the password of the account before the code was sent.
    pub password_proven: bool,
}

/// Flow as staging holds it.
#[derive(Debug, Clone)]
pub struct Flow {
    pub phone: Phone,
    pub state: State,
    /// Account that the code was sent for; `None` at a sign-up with a free phone.
    pub account: Option<AccountVersion>,
    /// Consent that the client gave when it requested the code, at sign-up.
    pub consent: Option<Consent>,
    /// Account that the sign-up creates.
    pub new_account: Option<NewAccount>,
    pub completion: Option<Completion>,
    /// Reason why the last right code was not enough.
    pub question: Option<OpenQuestion>,
    /// Remaining lifetime.
    pub expires_in: Duration,
}

/// Data of each step, and no other data.
#[derive(Debug, Clone)]
pub enum State {
    CodeSent { attempts_left: u32, resend_in: Duration },
    AccountUnclear,
    PhoneVerified,
    PasswordSet { password_hash: PasswordHash },
}

impl State {
    /// Builds the state from the parts that a store holds; `None` if a part of the step is missing.
    #[must_use]
    pub fn new(
        step: Step,
        attempts_left: u32,
        resend_in: Duration,
        password_hash: Option<PasswordHash>,
    ) -> Option<Self> {
        Some(match step {
            Step::CodeSent => Self::CodeSent { attempts_left, resend_in },
            Step::AccountUnclear => Self::AccountUnclear,
            Step::PhoneVerified => Self::PhoneVerified,
            Step::PasswordSet => Self::PasswordSet { password_hash: password_hash? },
        })
    }

    #[must_use]
    pub const fn step(&self) -> Step {
        match self {
            Self::CodeSent { .. } => Step::CodeSent,
            Self::AccountUnclear => Step::AccountUnclear,
            Self::PhoneVerified => Step::PhoneVerified,
            Self::PasswordSet { .. } => Step::PasswordSet,
        }
    }

    /// Ends a sign-up: returns the password of the new account, which may have none.
    ///
    /// # Errors
    /// The step, if another action comes first.
    pub fn into_password(self, passwords: PasswordMode) -> Result<Option<PasswordHash>, Step> {
        match self {
            Self::PasswordSet { password_hash } => Ok(Some(password_hash).filter(|_| passwords.accepts_passwords())),
            Self::PhoneVerified if passwords.can_skip() => Ok(None),
            Self::PhoneVerified | Self::AccountUnclear | Self::CodeSent { .. } => Err(self.step()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeating_an_action_does_not_restart_the_lifetime() {
        assert!(Transition::VERIFY_CODE.restarts_ttl(Step::CodeSent));
        assert!(Transition::SET_PASSWORD.restarts_ttl(Step::PhoneVerified));
        assert!(!Transition::SET_PASSWORD.restarts_ttl(Step::PasswordSet));
        assert!(!Transition::HASH_PASSWORD.restarts_ttl(Step::PhoneVerified));
    }

    /// Next action, and the result of a submitted profile: whether the account gets a password, or the wrong step.
    /// Written out here, so that a change of the rules has to change both.
    #[test]
    fn the_mode_of_passwords_decides_the_steps_of_a_sign_up() {
        use Action::{SetPassword, SubmitProfile, VerifyCode};
        use PasswordMode::{None, Optional, Required};
        use Step::{CodeSent, PasswordSet, PhoneVerified};
        let state = |step| {
            let hash = Some(PasswordHash::new("hash".to_owned()));
            State::new(step, 5, Duration::ZERO, hash).unwrap()
        };
        for (mode, step, next, submitted) in [
            (Required, CodeSent, VerifyCode, Err(CodeSent)),
            (Required, PhoneVerified, SetPassword, Err(PhoneVerified)),
            (Required, PasswordSet, SubmitProfile, Ok(true)),
            (Optional, CodeSent, VerifyCode, Err(CodeSent)),
            (Optional, PhoneVerified, SetPassword, Ok(false)),
            (Optional, PasswordSet, SubmitProfile, Ok(true)),
            (None, CodeSent, VerifyCode, Err(CodeSent)),
            (None, PhoneVerified, SubmitProfile, Ok(false)),
            (None, PasswordSet, SubmitProfile, Ok(false)),
        ] {
            assert_eq!(step.next_action(mode), next, "{mode:?} {step:?}");
            let found = state(step).into_password(mode).map(|hash| hash.is_some());
            assert_eq!(found, submitted, "{mode:?} {step:?}");
        }
    }

    #[test]
    fn every_transition_leads_from_an_earlier_step_or_repeats() {
        for transition in [Transition::VERIFY_CODE, Transition::SET_PASSWORD] {
            assert!(transition.from.iter().all(|from| transition.to.is_some_and(|to| *from <= to)));
        }
    }
}
