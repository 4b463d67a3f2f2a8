//! Proof of work before a captcha: a machine that reads captchas cannot avoid it.

use super::error::Error;
use super::service::Service;
use super::{abuse_signal, limits, refund};
use crate::domain::captcha::Kind;
use crate::domain::ip_block::IpBlock;
use crate::domain::limits::{Counter, Limit, Refund};
use crate::domain::policy::Demand;
use crate::domain::proof::Proof;
use crate::ports::DependencyError;

/// Counts a request for a captcha and its proof of work; denies if a proof is required and missing. One staging
/// operation; none for an invalid proof.
pub(super) async fn admit(
    service: &Service,
    client: &IpBlock,
    kind: Kind,
    proof: Option<&Proof>,
) -> Result<Admitted, Error> {
    let limits = &service.policy.limits;
    let mut counters = limits.ip_counters(Limit::IpCaptchas, client);
    if kind == Kind::Audio {
        counters.extend(limits.ip_counters(Limit::IpAudioCaptchas, client));
    }
    if let Some(proof) = proof {
        let id = proof.check(&service.keys.proof, service.now());
        let id = id.ok_or_else(|| Error::ProofOfWorkInvalid(service.challenge()))?;
        counters.push(limits.counter(Limit::ProofOfWork, id));
    } else {
        match service.policy.proof.demand {
            Demand::Never => {}
            Demand::OnAbuseSignal if kind == Kind::Image => {
                counters.extend(limits.ip_counters(Limit::IpFreeCaptchas, client));
                counters.extend(limits.half_unverified(client));
                counters.push(abuse_signal::active());
            }
            // Machines solve audio captchas more easily than pictures: an audio captcha always needs a proof.
            Demand::OnAbuseSignal | Demand::Always => return Err(Error::ProofOfWorkRequired(service.challenge())),
        }
    }
    match limits::count(service, &counters).await {
        Ok(_) => Ok(Admitted(counters)),
        // The proof was used before.
        Err(Error::ProofOfWorkRequired(challenge)) if proof.is_some() => Err(Error::ProofOfWorkInvalid(challenge)),
        Err(error) => Err(error),
    }
}

/// Request for a captcha that was counted.
pub(super) struct Admitted(Vec<Counter>);

impl Admitted {
    /// Returns the outcome; refunds everything if a dependency failed, so that the proof can be used again.
    pub(super) async fn refund_on_error<T>(
        self,
        service: &Service,
        outcome: Result<T, DependencyError>,
    ) -> Result<T, Error> {
        if outcome.is_err() {
            refund::refund(service, &self.0, Refund::NothingDone).await;
        }
        Ok(outcome?)
    }
}
