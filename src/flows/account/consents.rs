//! Consent of a signed-in user to the legal documents in force, for example to a new version of the terms.

use crate::domain::consent::LegalDocument;
use crate::domain::user::User;
use crate::flows::session::Caller;
use crate::flows::{Client, Error, Service, consent};

/// Records the consent. A document that the user has accepted before gets no second entry in the record.
pub async fn accept(
    service: &Service,
    caller: Caller,
    accepted: &[LegalDocument],
    client: Client,
) -> Result<User, Error> {
    let is_due = service.policy.legal_documents.due(&caller.user.accepted).next().is_some();
    match consent::of_client(service, accepted, client.address)? {
        // `None`: the session has ended, or the credentials were changed, concurrently.
        Some(given) if is_due => {
            service.ports.users.accept(&caller.authority(), &given).await?.ok_or(Error::TokenInvalid)
        }
        _ => Ok(caller.user),
    }
}
