//! Check of a captcha, in the operation that counts what follows it.

use super::{admit, may_get_room};
use crate::domain::captcha::{CaptchaAnswer, CaptchaAttempt, CaptchaId};
use crate::domain::limits::Counter;
use crate::domain::policy::CaptchaPolicy;
use crate::flows::error::Error;
use crate::flows::service::Service;
use crate::ports::{Admission, CaptchaCheck};

/// Captcha with the answer of a client.
pub type Answered = (CaptchaId, CaptchaAnswer);

/// Checks an answer. Uses up the captcha, right or wrong: it allows one attempt.
pub(in crate::flows) async fn redeem_captcha(service: &Service, captcha: &Answered) -> Result<(), Error> {
    redeem(service, captcha, &[]).await.map(drop)
}

/// Checks an answer if there is one, then counts on all counters or on none. One staging operation.
pub(in crate::flows) async fn admit_after(
    service: &Service,
    captcha: Option<&Answered>,
    counters: &[Counter],
) -> Result<Admission, Error> {
    let Some(captcha) = captcha else { return Ok(admit(service, counters).await?) };
    match redeem(service, captcha, counters).await? {
        Admission::Limited(reached) if may_get_room(service, &reached).await => Ok(admit(service, counters).await?),
        admission => Ok(admission),
    }
}

async fn redeem(service: &Service, (id, given): &Answered, counters: &[Counter]) -> Result<Admission, Error> {
    let CaptchaPolicy { puzzle, bypass_answer, .. } = &service.policy.captcha;
    let is_bypass = bypass_answer.as_ref().is_some_and(|bypass| bypass.matches(given));
    let accepted = (!is_bypass).then(|| puzzle.accepted(given.clone()));
    let attempt = CaptchaAttempt { id: id.clone(), accepted };
    // A call without an answer stays counted. A refund would make room that a wrong answer, or a reached limit, has not
    // used.
    match service.ports.staging.redeem_captcha(&attempt, counters).await? {
        CaptchaCheck::Right(admission) => Ok(admission),
        CaptchaCheck::Wrong => Err(Error::CaptchaWrong),
        CaptchaCheck::Gone => Err(Error::CaptchaExpired),
    }
}
