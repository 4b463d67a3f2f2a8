//! Where a person stands between the first step and the last.

use super::password::PasswordHash;
use super::phone::Phone;
use super::user::{AccountVersion, UserId};
use std::borrow::Cow;
use std::time::Duration;

/// What a ticket is good for. A ticket of one purpose is unknown to every other, and one that was made for a signed-in
/// user is unknown to everybody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    Register,
    Login,
    ResetPassword,
    /// Deletion by who has the phone but not the app.
    DeleteAccount,
    /// The phone of the flow is the one that the user wants to have.
    ChangePhone(UserId),
    /// Deletion by a signed-in user, who shows that the phone is still hers.
    DeleteSelf(UserId),
}

impl Purpose {
    /// For logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Login => "login",
            Self::ResetPassword => "reset_password",
            Self::DeleteAccount => "delete_account",
            Self::ChangePhone(_) => "change_phone",
            Self::DeleteSelf(_) => "delete_self",
        }
    }

    /// Whose number the code goes to.
    #[must_use]
    pub const fn budget_class(self) -> BudgetClass {
        match self {
            Self::Register | Self::ChangePhone(_) => BudgetClass::NewNumbers,
            Self::Login | Self::ResetPassword | Self::DeleteAccount | Self::DeleteSelf(_) => {
                BudgetClass::ExistingAccounts
            }
        }
    }

    /// Name and user: what staging compares, and what codes are derived from.
    #[must_use]
    pub fn text(self) -> Cow<'static, str> {
        match self {
            Self::ChangePhone(user) | Self::DeleteSelf(user) => format!("{}:{}", self.name(), user.0).into(),
            _ => self.name().into(),
        }
    }
}

/// Whose numbers get codes: they are budgeted apart, so that whoever pumps SMS by signing up does not keep people with an account
/// from signing in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BudgetClass {
    /// Anybody's.
    NewNumbers,
    /// Only those that have an account: to others nothing goes out.
    ExistingAccounts,
}

/// The steps that are behind a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    CodeSent,
    PhoneVerified,
    PasswordSet,
}

impl Step {
    pub const ALL: [Self; 3] = [Self::CodeSent, Self::PhoneVerified, Self::PasswordSet];

    /// As staging keeps it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CodeSent => "code_sent",
            Self::PhoneVerified => "phone_verified",
            Self::PasswordSet => "password_set",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.as_str() == text)
    }
}

/// What a right code proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    pub phone: Phone,
    /// The account that the code was sent for; none at sign-up.
    pub account: Option<AccountVersion>,
}

/// A living flow as staging has it.
#[derive(Debug, Clone)]
pub struct Flow {
    pub phone: Phone,
    pub state: State,
    /// What is left of its life.
    pub expires_in: Duration,
}

/// What is known at each step, and nothing else.
#[derive(Debug, Clone)]
pub enum State {
    CodeSent { attempts_left: u32, resend_in: Duration },
    PhoneVerified,
    PasswordSet { password_hash: PasswordHash },
}

impl State {
    #[must_use]
    pub const fn step(&self) -> Step {
        match self {
            Self::CodeSent { .. } => Step::CodeSent,
            Self::PhoneVerified => Step::PhoneVerified,
            Self::PasswordSet { .. } => Step::PasswordSet,
        }
    }
}
