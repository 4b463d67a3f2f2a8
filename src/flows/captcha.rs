//! The puzzle in front of everything that costs money.

use super::{Client, DependencyError, Error, Service, proof_of_work};
use crate::domain::captcha::{CaptchaAnswer, CaptchaId, Kind, Theme, spoken_digits};
use crate::domain::language::Language;
use crate::domain::policy::CaptchaPolicy;
use crate::domain::proof::Proof;
use std::time::Duration;

/// A captcha to be shown or played.
pub struct Created {
    pub id: CaptchaId,
    /// A PNG, or a WAV if it was to be heard.
    pub file: Vec<u8>,
    pub expires_in: Duration,
}

/// What a client asks for.
pub struct Order<'a> {
    pub kind: Kind,
    /// Of what is seen. None: the operator's choice.
    pub theme: Option<Theme>,
    pub proof: Option<&'a Proof>,
    /// An earlier captcha, to be discarded.
    pub replaces: Option<&'a CaptchaId>,
}

/// Draws a new captcha, or speaks it in the language of the client. Whoever has to work for it is told so when no proof comes along.
pub async fn create(service: &Service, client: Client, order: Order<'_>) -> Result<Created, Error> {
    let admitted = proof_of_work::admit(service, client.address, order.kind, order.proof).await?;
    admitted.record(service, make(service, client.language, &order).await).await
}

async fn make(service: &Service, language: Language, order: &Order<'_>) -> Result<Created, DependencyError> {
    let policy = &service.policy.captcha;
    let word = || u64::from_le_bytes(service.random());
    let (file, answer) = match order.kind {
        Kind::Image => {
            let (text, answer) = policy.puzzle.compose(word);
            let theme = order.theme.unwrap_or(policy.look.theme);
            (service.ports.renderer.draw(&text, theme, word()), answer)
        }
        Kind::Audio => {
            let (digits, answer) = spoken_digits(word);
            (service.ports.speaker.speak(digits, language, word()).await?, answer)
        }
    };
    let id = CaptchaId::new(service.random());
    service.ports.staging.put_captcha(&id, &answer, policy.life).await?;
    if let Some(earlier) = order.replaces {
        service.ports.staging.take_captcha(earlier).await?;
    }
    Ok(Created { id, file, expires_in: policy.life })
}

/// Takes the captcha, whatever the answer: each can be tried once.
pub async fn redeem(service: &Service, id: &CaptchaId, given: &CaptchaAnswer) -> Result<(), Error> {
    let answer = service.ports.staging.take_captcha(id).await?.ok_or(Error::CaptchaExpired)?;
    let CaptchaPolicy { puzzle, bypass_answer, .. } = &service.policy.captcha;
    let bypass = bypass_answer.as_ref();
    let right = puzzle.accepts(&answer, given) | bypass.is_some_and(|bypass| bypass.matches(given));
    if right { Ok(()) } else { Err(Error::CaptchaWrong) }
}
