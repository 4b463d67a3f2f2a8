//! Captchas. The flows require one before every message to a client that is not signed in, and after some wrong
//! passwords.

use super::client::Client;
use super::error::Error;
use super::limits::{admit_by, allowed};
use super::proof_of_work;
use super::refund::refund;
use super::service::Service;
use crate::domain::captcha::{CaptchaAnswer, CaptchaId, Kind, Task, Theme, spoken_digits};
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
    let CaptchaParams { kind, theme, proof, replaces } = params;
    let limits = proof_of_work::limits(service, &service.ip_block(client.address), kind, proof.as_ref())?;
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
    let made = async {
        if let Some(earlier) = &replaces {
            service.ports.staging.take_captcha(earlier).await?;
        }
        match kind {
            Kind::Image => {
                let theme = theme.unwrap_or(service.policy.captcha.theme);
                Ok((service.ports.captcha_renderer.draw(&text, theme, word()), puzzle.task()))
            }
            Kind::Audio => {
                let file = service.ports.audio_captcha.speak(text, client.language, word()).await?;
                Ok((file, Task::SpokenDigits))
            }
        }
    };
    match made.await {
        Ok((file, task)) => Ok(Created { id, file, task, expires_in: *ttl }),
        Err(error) => {
            // Nobody learns of the captcha. The proof can be used again.
            refund(service, &limits, Refund::NothingDone).await;
            drop(service.ports.staging.take_captcha(&id).await);
            Err(DependencyError::into(error))
        }
    }
}

/// Checks an answer. Uses up the captcha, right or wrong: it allows one attempt.
pub async fn redeem(service: &Service, id: &CaptchaId, given: &CaptchaAnswer) -> Result<(), Error> {
    let answer = service.ports.staging.take_captcha(id).await?.ok_or(Error::CaptchaExpired)?;
    let CaptchaPolicy { puzzle, bypass_answer, .. } = &service.policy.captcha;
    let bypass = bypass_answer.as_ref();
    let right = puzzle.accepts(&answer, given) | bypass.is_some_and(|bypass| bypass.matches(given));
    if right { Ok(()) } else { Err(Error::CaptchaWrong) }
}
