//! Step 1: a solved captcha and a phone become a flow, a ticket and a message.

use crate::domain::captcha::{CaptchaAnswer, CaptchaId};
use crate::domain::flow::Purpose;
use crate::domain::phone::Phone;
use crate::flows::code::{self, CodeSent, Recipient};
use crate::flows::limits::Grant;
use crate::flows::{Refusal, Service, captcha};
use std::net::IpAddr;
use std::sync::Arc;

pub struct SendCode {
    pub phone: Phone,
    pub captcha_id: CaptchaId,
    pub captcha_answer: CaptchaAnswer,
    pub client: IpAddr,
}

/// Captcha, budget, account, phone, message: the cheap and the deniable first. Three staging round trips and one SQL
/// statement when all goes well.
pub async fn send_code(service: &Arc<Service>, request: SendCode) -> Result<CodeSent, Refusal> {
    captcha::redeem(service, &request.captcha_id, &request.captcha_answer).await?;
    let reserve_and_send = reserve_and_send(Arc::clone(service), request.phone, request.client);
    service.background.carry_through(reserve_and_send).await
}

async fn reserve_and_send(service: Arc<Service>, phone: Phone, client: IpAddr) -> Result<CodeSent, Refusal> {
    let conceal = service.policy.conceal_taken_phone;
    let grant = Grant::reserve(&service, client).await?;
    let taken = match service.ports.users.phone_is_taken(&phone).await {
        Ok(taken) => taken,
        Err(failure) => {
            grant.give_back(&service).await;
            return Err(failure.into());
        }
    };
    if taken && !conceal {
        grant.give_back_budget(&service).await;
        return Err(Refusal::PhoneTaken);
    }
    code::send(&service, Recipient { purpose: Purpose::Register, phone, decoy: taken, conceal }, grant).await
}
