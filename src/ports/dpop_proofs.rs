//! DPoP proofs.

use crate::domain::dpop::DpopProof;

/// Reads DPoP proofs (RFC 9449).
pub trait DpopProofs: Send + Sync {
    /// Returns the claims of a proof; `None` when it is not one. MUST check the type `dpop+jwt`, the algorithm ES256,
    /// that the key has no private part, and the signature. Checks neither the request nor the time.
    fn read(&self, proof: &str) -> Option<DpopProof>;
}
