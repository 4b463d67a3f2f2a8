//! Captchas. The flows require one before every message to a client that is not signed in, and after some wrong
//! passwords.

use super::client::Client;
use super::error::Error;
use super::limits::{admit_by, allowed};
use super::proof_of_work;
use super::refund::refund;
use super::service::Service;
use crate::domain::captcha::{CaptchaId, Kind, Task, Theme, spoken_digits};
use crate::domain::language::Language;
use crate::domain::limits::Refund;
use crate::domain::policy::CaptchaPolicy;
use crate::domain::proof::Proof;
use crate::ports::DependencyError;
use std::time::Duration;

/// Captcha for a client.
pub struct Created {
    pub id: CaptchaId,
    /// PNG, or WAV of an audio captcha.
    pub file: Vec<u8>,
    pub task: Task,
    pub expires_in: Duration,
}

/// Parameters of a request for a captcha.
pub struct CaptchaParams {
    pub kind: Kind,
    /// Theme of the picture; `None`: the operator's choice.
    pub theme: Option<Theme>,
    pub proof: Option<Proof>,
    /// Earlier captcha to be deleted.
    pub replaces: Option<CaptchaId>,
}

/// Creates a captcha: a picture, or a sound in the language of the client. One staging operation counts the request and
/// stores the answer.
pub async fn create(service: &Service, client: Client, params: CaptchaParams) -> Result<Created, Error> {
    let (kind, proof) = (params.kind, params.proof.as_ref());
    let limits = proof_of_work::limits(service, &service.ip_block(client.address), kind, proof)?;
    let CaptchaPolicy { puzzle, ttl, .. } = &service.policy.captcha;
    let word = || u64::from_le_bytes(service.random());
    let (text, answer) = match kind {
        Kind::Image => puzzle.compose(word),
        Kind::Audio => spoken_digits(word),
    };
    let id = CaptchaId::new(service.random());
    let put = || service.ports.staging.put_captcha(&id, &answer, *ttl, &limits);
    match allowed(service, admit_by(service, &limits, put).await?) {
        // The proof was used before.
        Err(Error::ProofOfWorkRequired(challenge)) if proof.is_some() => {
            return Err(Error::ProofOfWorkInvalid(challenge));
        }
        admitted => drop(admitted?),
    }
    match make(service, client.language, &params, text).await {
        Ok((file, task)) => Ok(Created { id, file, task, expires_in: *ttl }),
        Err(error) => {
            // Nobody learns of the captcha. The proof can be used again.
            refund(service, &limits, Refund::NothingDone).await;
            drop(service.ports.staging.delete_captcha(&id).await);
            Err(error.into())
        }
    }
}

/// Draws or speaks the text, and deletes the earlier captcha.
async fn make(
    service: &Service,
    language: Language,
    params: &CaptchaParams,
    text: String,
) -> Result<(Vec<u8>, Task), DependencyError> {
    if let Some(earlier) = &params.replaces {
        service.ports.staging.delete_captcha(earlier).await?;
    }
    let (policy, seed) = (&service.policy.captcha, u64::from_le_bytes(service.random()));
    Ok(match params.kind {
        Kind::Image => {
            let theme = params.theme.unwrap_or(policy.theme);
            (service.ports.captcha_renderer.draw(&text, theme, seed), policy.puzzle.task())
        }
        Kind::Audio => (service.ports.audio_captcha.speak(text, language, seed).await?, Task::SpokenDigits),
    })
}
