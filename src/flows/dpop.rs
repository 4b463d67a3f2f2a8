//! Check of a DPoP proof, before everything else that a request does.

use crate::domain::dpop::{DpopNonce, ProofError, Thumbprint};
use crate::flows::{Error, Service};

/// Tells whether sessions can be bound to keys: the operator has said by which URLs clients reach the service.
#[must_use]
pub fn is_enabled(service: &Service) -> bool {
    !service.policy.public_urls.is_empty()
}

/// New nonce for a client whose clock is wrong.
#[must_use]
pub fn new_nonce(service: &Service) -> DpopNonce {
    DpopNonce::new(&service.keys.dpop_nonce, service.now())
}

/// Returns the key that signed the proof, if the proof is for a POST to this route, now.
pub fn check(service: &Service, route: &str, proof: &str) -> Result<Thumbprint, Error> {
    let (keys, now) = (&service.keys.dpop_nonce, service.now());
    let proof = service.ports.dpop_proofs.read(proof).ok_or(Error::DpopProofInvalid)?;
    match proof.check(&service.policy.public_urls, route, keys, now) {
        Ok(()) => Ok(proof.key),
        Err(ProofError::Invalid) => Err(Error::DpopProofInvalid),
        Err(ProofError::Clock) => Err(Error::DpopNonceRequired),
    }
}
