//! Captchas. The flows require one before every message to a client that is not signed in, and after some wrong
//! passwords.

use super::client::Client;
use super::error::Error;
use super::proof_of_work;
use super::service::Service;
use crate::domain::captcha::{CaptchaAnswer, CaptchaId, Kind, Task, Theme, spoken_digits};
use crate::domain::language::Language;
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

/// Creates a captcha: a picture, or a sound in the language of the client.
pub async fn create(service: &Service, client: Client, params: CaptchaParams) -> Result<Created, Error> {
    let admitted =
        proof_of_work::admit(service, &service.ip_block(client.address), params.kind, params.proof.as_ref()).await?;
    admitted.refund_on_error(service, make(service, client.language, &params).await).await
}

async fn make(service: &Service, language: Language, params: &CaptchaParams) -> Result<Created, DependencyError> {
    let policy = &service.policy.captcha;
    let word = || u64::from_le_bytes(service.random());
    let (file, answer, task) = match params.kind {
        Kind::Image => {
            let (text, answer) = policy.puzzle.compose(word);
            let theme = params.theme.unwrap_or(policy.theme);
            (service.ports.captcha_renderer.draw(&text, theme, word()), answer, policy.puzzle.task())
        }
        Kind::Audio => {
            let (digits, answer) = spoken_digits(word);
            (service.ports.audio_captcha.speak(digits, language, word()).await?, answer, Task::SpokenDigits)
        }
    };
    let id = CaptchaId::new(service.random());
    service.ports.staging.put_captcha(&id, &answer, policy.ttl).await?;
    if let Some(earlier) = &params.replaces {
        service.ports.staging.take_captcha(earlier).await?;
    }
    Ok(Created { id, file, task, expires_in: policy.ttl })
}

/// Checks an answer. Uses up the captcha, right or wrong: it allows one attempt.
pub async fn redeem(service: &Service, id: &CaptchaId, given: &CaptchaAnswer) -> Result<(), Error> {
    let answer = service.ports.staging.take_captcha(id).await?.ok_or(Error::CaptchaExpired)?;
    let CaptchaPolicy { puzzle, bypass_answer, .. } = &service.policy.captcha;
    let bypass = bypass_answer.as_ref();
    let right = puzzle.accepts(&answer, given) | bypass.is_some_and(|bypass| bypass.matches(given));
    if right { Ok(()) } else { Err(Error::CaptchaWrong) }
}
