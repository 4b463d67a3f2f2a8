//! The puzzle in front of everything that costs money.

use super::{Failure, Refusal, Service, proof_of_work};
use crate::domain::captcha::{CaptchaAnswer, CaptchaId, Theme};
use crate::domain::policy::CaptchaPolicy;
use crate::domain::proof::Proof;
use std::net::IpAddr;
use std::time::Duration;

/// A captcha to be shown.
pub struct Picture {
    pub id: CaptchaId,
    pub png: Vec<u8>,
    pub expires_in: Duration,
}

/// What a client asks for.
pub struct Order<'a> {
    /// None: the operator's choice.
    pub theme: Option<Theme>,
    pub proof: Option<&'a Proof>,
    /// An earlier captcha, to be discarded.
    pub replaces: Option<&'a CaptchaId>,
}

/// Draws a new captcha. Whoever has to work for it is told so when no proof comes along.
pub async fn create(service: &Service, client: IpAddr, order: Order<'_>) -> Result<Picture, Refusal> {
    let admitted = proof_of_work::admit(service, client, order.proof).await?;
    admitted.settle(service, draw(service, &order).await).await
}

async fn draw(service: &Service, order: &Order<'_>) -> Result<Picture, Failure> {
    let policy = &service.policy.captcha;
    let (text, answer) = policy.puzzle.compose(|| u64::from_le_bytes(service.random()));
    let theme = order.theme.unwrap_or(policy.look.theme);
    let png = service.ports.renderer.draw(&text, theme, u64::from_le_bytes(service.random()))?;
    let id = CaptchaId::new(service.random());
    service.ports.staging.put_captcha(&id, &answer, policy.life).await?;
    if let Some(earlier) = order.replaces {
        service.ports.staging.take_captcha(earlier).await?;
    }
    Ok(Picture { id, png, expires_in: policy.life })
}

/// Takes the captcha, whatever the answer: each can be tried once.
pub async fn redeem(service: &Service, id: &CaptchaId, given: &CaptchaAnswer) -> Result<(), Refusal> {
    let answer = service.ports.staging.take_captcha(id).await?.ok_or(Refusal::CaptchaExpired)?;
    let CaptchaPolicy { puzzle, bypass_answer, .. } = &service.policy.captcha;
    let bypass = bypass_answer.as_ref();
    let right = puzzle.accepts(&answer, given) | bypass.is_some_and(|bypass| bypass.matches(given));
    if right { Ok(()) } else { Err(Refusal::CaptchaWrong) }
}
