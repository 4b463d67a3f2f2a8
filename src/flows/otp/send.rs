//! A new code on its way.

use super::CodeSent;
use super::delivery::{Delivery, Order, deliver};
use crate::domain::captcha::{CaptchaAnswer, CaptchaId};
use crate::domain::client_app::ClientId;
use crate::domain::flow::Purpose;
use crate::domain::phone::Phone;
use crate::domain::ticket::{PhoneHash, Ticket};
use crate::domain::user::AccountVersion;
use crate::flows::limits::{Grant, log_refund_error};
use crate::flows::{Client, Error, Service, captcha};
use crate::ports::{Cancel, NewFlow, Reserved};
use std::sync::Arc;

/// What a stranger brings along who wants a code.
pub struct SendCode {
    pub phone: Phone,
    pub captcha_id: CaptchaId,
    pub captcha_answer: CaptchaAnswer,
    pub client: Client,
    /// The app that the message is for.
    pub app: Option<ClientId>,
}

/// Whom a new code is for.
pub(in crate::flows) struct Recipient {
    pub purpose: Purpose,
    pub phone: Phone,
    /// Whose phone it is; none at sign-up.
    pub account: Option<AccountVersion>,
    /// Answer as if a code went out, and send none.
    pub decoy: bool,
    /// Nothing that the client sees may tell a decoy from a message.
    pub conceal: bool,
    pub client: Client,
    pub app: Option<ClientId>,
}

/// Sends a code, after a captcha, to a phone that should have no account yet. That it has one is told, or, by the policy,
/// concealed. Captcha, budget, account, phone, message: the cheap and the deniable first. Three staging round trips and
/// one SQL statement before the message when all goes well, and one round trip behind it, which notes who carried it.
pub async fn send_to_newcomer(service: &Arc<Service>, purpose: Purpose, request: SendCode) -> Result<CodeSent, Error> {
    captcha::redeem(service, &request.captcha_id, &request.captcha_answer).await?;
    let background = &service.background;
    let service = Arc::clone(service);
    let SendCode { phone, client, app, .. } = request;
    let send = async move { send_to_free_phone(&service, purpose, phone, None, client, app).await };
    background.run_to_completion(send).await
}

/// The same for somebody who needs no captcha: refuses, or conceals, that the phone has an account.
pub(in crate::flows) async fn send_to_free_phone(
    service: &Arc<Service>,
    purpose: Purpose,
    phone: Phone,
    account: Option<AccountVersion>,
    client: Client,
    app: Option<ClientId>,
) -> Result<CodeSent, Error> {
    let conceal = service.policy.conceal_taken_phone;
    let grant = Grant::reserve(service, purpose, client, &phone).await?;
    let taken = grant.or_give_back(service, service.ports.users.account_of(&phone).await).await?.is_some();
    if taken && !conceal {
        grant.give_back_budgets(service).await;
        return Err(Error::PhoneTaken);
    }
    send(service, Recipient { purpose, phone, account, decoy: taken, conceal, client, app }, grant).await
}

/// Sends a code, after a captcha, to the phone of an account. A phone that has none gets the same answer after the same work,
/// and no message: whether a person has an account is nobody's business.
pub async fn send_to_account(service: &Arc<Service>, purpose: Purpose, request: SendCode) -> Result<CodeSent, Error> {
    captcha::redeem(service, &request.captcha_id, &request.captcha_answer).await?;
    let background = &service.background;
    let service = Arc::clone(service);
    let send = async move {
        let SendCode { phone, client, app, .. } = request;
        let grant = Grant::reserve(&service, purpose, client, &phone).await?;
        let account = grant.or_give_back(&service, service.ports.users.account_of(&phone).await).await?;
        let to = Recipient { purpose, phone, account, decoy: account.is_none(), conceal: true, client, app };
        send(&service, to, grant).await
    };
    background.run_to_completion(send).await
}

/// Stores a flow and sends its code. The flow is stored first; if the message fails, the flow is gone.
pub(in crate::flows) async fn send(service: &Arc<Service>, to: Recipient, grant: Grant) -> Result<CodeSent, Error> {
    let policy = &service.policy.code;
    let ticket = Ticket::new(PhoneHash::of(&to.phone, &service.keys.subject), service.random());
    let key = ticket.flow_key();
    let flow = NewFlow {
        purpose: to.purpose,
        phone: to.phone.clone(),
        account: to.account,
        decoy: to.decoy,
        client: to.app.clone(),
        origin: grant.origin().to_owned(),
    };
    let limits = grant.phone_limits(service);
    let resend_in = match service.ports.staging.open_flow(&key, &flow, policy, &limits).await {
        Ok(Reserved::Yes { resend_in }) => resend_in,
        Ok(Reserved::No(error)) => {
            grant.give_back(service).await;
            return Err(error.into());
        }
        Err(error) => {
            // It may have been stored, and only the answer got lost.
            log_refund_error(service.ports.staging.cancel_send(&key, Cancel { refund: true, end: true }).await);
            grant.give_back(service).await;
            return Err(error.into());
        }
    };
    let sent = CodeSent { ticket, phone: to.phone, expires_in: policy.life, resend_in, attempts_left: policy.attempts };
    let order = Order { purpose: to.purpose, send: 1, decoy: to.decoy, language: to.client.language, app: to.app };
    deliver(service, Delivery::of(service, &sent, &order, grant), to.conceal).await?;
    Ok(sent)
}
