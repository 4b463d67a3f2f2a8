//! Captchas. The flows require one before every message to a client that is not signed in, and after some wrong
//! passwords.

use super::client::Client;
use super::error::Error;
use super::limits::{admit_by, allowed};
use super::proof_of_work;
use super::refund::{may_be_done, refund, refund_when_available};
use super::service::Service;
use crate::domain::captcha::{CaptchaAnswer, CaptchaAttempt, CaptchaId, Kind, Task, Theme, spoken_digits};
use crate::domain::limits::{Counter, Refund};
use crate::domain::policy::CaptchaPolicy;
use crate::domain::proof::Proof;
use crate::ports::{Admission, CaptchaCheck, DependencyError};
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
            service.ports.staging.delete_captcha(earlier).await?;
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
            drop(service.ports.staging.delete_captcha(&id).await);
            Err(DependencyError::into(error))
        }
    }
}

/// Captcha that a client has answered.
pub type Answered = (CaptchaId, CaptchaAnswer);

/// Checks an answer. Uses up the captcha, right or wrong: it allows one attempt.
pub async fn redeem(service: &Service, captcha: &Answered) -> Result<(), Error> {
    redeem_and_count(service, captcha, &[]).await.map(drop)
}

/// Checks an answer, and counts on the counters if it is right. One staging operation.
pub(super) async fn redeem_and_count(
    service: &Service,
    (id, given): &Answered,
    counters: &[Counter],
) -> Result<Admission, Error> {
    let CaptchaPolicy { puzzle, bypass_answer, .. } = &service.policy.captcha;
    let is_bypass = bypass_answer.as_ref().is_some_and(|bypass| bypass.matches(given));
    let accepted = (!is_bypass).then(|| puzzle.accepted(given.clone()));
    let attempt = CaptchaAttempt { id: id.clone(), accepted };
    let checked = service.ports.staging.redeem_captcha(&attempt, counters).await;
    if may_be_done(&checked) && !counters.is_empty() {
        refund_when_available(service, counters.to_vec());
    }
    match checked? {
        CaptchaCheck::Right(admission) => Ok(admission),
        CaptchaCheck::Wrong => Err(Error::CaptchaWrong),
        CaptchaCheck::Gone => Err(Error::CaptchaExpired),
    }
}
