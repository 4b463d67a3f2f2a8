//! The puzzle in front of everything that costs money.

use super::{Failure, Refusal, Service, proof_of_work};
use crate::domain::captcha::{CaptchaAnswer, CaptchaId};
use crate::domain::proof::Proof;
use std::net::IpAddr;
use std::time::Duration;

/// A captcha to be shown.
pub struct Picture {
    pub id: CaptchaId,
    pub png: Vec<u8>,
    pub expires_in: Duration,
}

/// Draws a new captcha, and discards the one that it replaces. Whoever has to work for it is told so when no proof comes along.
pub async fn create(
    service: &Service,
    client: IpAddr,
    proof: Option<&Proof>,
    replaces: Option<&CaptchaId>,
) -> Result<Picture, Refusal> {
    let admitted = proof_of_work::admit(service, client, proof).await?;
    admitted.settle(service, draw(service, replaces).await).await
}

async fn draw(service: &Service, replaces: Option<&CaptchaId>) -> Result<Picture, Failure> {
    let policy = &service.policy.captcha;
    let (text, answer) = policy.puzzle.compose(|| u64::from_le_bytes(service.random()));
    let png = service.ports.renderer.draw(text, u64::from_le_bytes(service.random())).await?;
    let id = CaptchaId::new(service.random());
    service.ports.staging.put_captcha(&id, &answer, policy.life).await?;
    if let Some(earlier) = replaces {
        service.ports.staging.take_captcha(earlier).await?;
    }
    Ok(Picture { id, png, expires_in: policy.life })
}

/// Takes the captcha, whatever the answer: each can be tried once.
pub async fn redeem(service: &Service, id: &CaptchaId, given: &CaptchaAnswer) -> Result<(), Refusal> {
    let answer = service.ports.staging.take_captcha(id).await?.ok_or(Refusal::CaptchaExpired)?;
    let bypass = service.policy.captcha.bypass_answer.as_ref();
    let right = answer.matches(given) | bypass.is_some_and(|bypass| bypass.matches(given));
    if right { Ok(()) } else { Err(Refusal::CaptchaWrong) }
}
