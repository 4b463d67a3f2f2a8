//! Step 4: the flow becomes an account and a session.

use crate::domain::completion::Completion;
use crate::domain::flow::Purpose;
use crate::domain::new_account::NewAccount;
use crate::domain::session::Device;
use crate::domain::ticket::Ticket;
use crate::domain::user::{NewUser, Profile};
use crate::flows::session::{self, SignedIn};
use crate::flows::{Error, Service, otp, ownership};
use crate::ports::Created;

pub struct SubmitProfile {
    pub ticket: Ticket,
    pub profile: Profile,
    pub device: Device,
}

/// Creates the account, or finds the phone taken, and deletes the flow. If the database fails, the flow stays for
/// another attempt.
pub async fn submit_profile(service: &Service, request: SubmitProfile) -> Result<SignedIn, Error> {
    let (staging, key) = (&service.ports.staging, request.ticket.flow_key());
    let flow = staging.read_flow(&key, Purpose::Register).await?.ok_or(Error::TicketExpired)?;
    let password_hash = flow.state.into_password(service.policy.passwords).map_err(Error::WrongStep)?;
    let now = service.now();
    let NewAccount { user: id, session } =
        flow.new_account.unwrap_or_else(|| NewAccount::new(now, || service.random()));
    let (phone, profile, consent) = (flow.phone, request.profile, flow.consent);
    let user = NewUser { id, phone, password_hash, profile, consent, created_at: now };
    let opened = session::open(service, id, session, request.device)?;
    let created = match flow.completion {
        Some(Completion::Detach { account, as_of }) => {
            let earlier = ownership::detach(service, account, user.phone.clone(), as_of);
            let created = service.ports.users.create_anew(&user, &opened.session, &earlier).await?;
            if created == Created::Yes {
                tracing::info!(user = %account.user.0, "account detached");
            }
            created
        }
        _ => service.ports.users.create(&user, &opened.session).await?,
    };
    // The database has decided: a failure of this deletion changes nothing. The flow then expires by itself.
    otp::delete_flow(service, &request.ticket).await;
    match created {
        Created::Yes => Ok(SignedIn { user: user.into(), tokens: opened.tokens, device: opened.device }),
        Created::PhoneTaken => Err(Error::PhoneTaken),
        Created::Changed => Err(Error::TicketExpired),
    }
}
