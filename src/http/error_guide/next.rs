//! Actions of a client after an error.

use serde::Serialize;

/// Action of the client. Later versions may add values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Next {
    CorrectInput,
    NewCaptcha,
    SolveProofOfWork,
    AcceptDocuments,
    ProveAccount,
    Continue,
    Wait,
    Retry,
    RetryLater,
    StartAgain,
    SignIn,
    Refresh,
    Reload,
    Hide,
    UpdateApp,
    Report,
}

impl Next {
    /// All actions, in the order of the document.
    pub const ALL: [Self; 16] = [
        Self::CorrectInput,
        Self::NewCaptcha,
        Self::SolveProofOfWork,
        Self::AcceptDocuments,
        Self::ProveAccount,
        Self::Continue,
        Self::Wait,
        Self::Retry,
        Self::RetryLater,
        Self::StartAgain,
        Self::SignIn,
        Self::Refresh,
        Self::Reload,
        Self::Hide,
        Self::UpdateApp,
        Self::Report,
    ];

    /// Meaning, for developers.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::CorrectInput => "The user corrects the input and sends it again.",
            Self::NewCaptcha => "The app gets a new captcha and the user solves it.",
            Self::SolveProofOfWork => "The app solves `proof_of_work` and repeats the request. The user does nothing.",
            Self::AcceptDocuments => "The app shows `documents`, and repeats the request when the user has accepted.",
            Self::ProveAccount => "The user proves the account, or starts a new one.",
            Self::Continue => "The app goes on with another step. The error is no failure.",
            Self::Wait => "The user waits for `retry_after` seconds. Show the time.",
            Self::Retry => {
                "The app repeats the same request by itself, after `retry_after` seconds if the error has them. \
                 Show the sentence if it still fails."
            }
            Self::RetryLater => "The user tries again. Nobody knows when it will succeed.",
            Self::StartAgain => "The flow has ended. The user begins with `send-code`.",
            Self::SignIn => "The user signs in.",
            Self::Refresh => "The app refreshes the tokens once and repeats the request. The user does nothing.",
            Self::Reload => "The app reads the list or the account again.",
            Self::Hide => "The service does not offer this. Hide the button.",
            Self::UpdateApp => "A defect of the app. Record it; another version of the app may help the user.",
            Self::Report => "A defect of the service. Record the `request_id` and report it to the operator.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::error::Code;

    #[test]
    fn every_action_is_listed_once_and_used() {
        for (at, next) in Next::ALL.into_iter().enumerate() {
            assert_eq!(next as usize, at);
            assert!(Code::all().any(|code| code.guide().next == next), "{next:?}");
        }
    }
}
