//! Consent of a client to the legal documents in force.

use crate::domain::consent::{Consent, LegalDocument};
use crate::flows::{Error, Service};
use std::net::IpAddr;

/// Returns the consent of a client that accepts these documents; `None` if no document is in force. Nothing is accepted
/// on behalf of the user: a document that the client does not name is not accepted.
pub(super) fn of_client(
    service: &Service,
    accepted: &[LegalDocument],
    client: IpAddr,
) -> Result<Option<Consent>, Error> {
    let in_force = &service.policy.legal_documents;
    let documents = in_force.as_slice().to_vec();
    if !in_force.are_accepted_by(accepted) {
        return Err(Error::ConsentRequired(documents));
    }
    if documents.is_empty() {
        return Ok(None);
    }
    let ip_block = service.ip_block(client).names().next().unwrap_or_default().to_owned();
    Ok(Some(Consent { documents, at: service.now(), ip_block }))
}
