//! Proof of work before a captcha: a machine that reads captchas cannot avoid it.

use super::abuse_signal;
use super::error::Error;
use super::service::Service;
use crate::domain::captcha::Kind;
use crate::domain::ip_block::IpBlock;
use crate::domain::limits::{Counter, Limit};
use crate::domain::policy::Demand;
use crate::domain::proof::Proof;

/// Limits of a request for a captcha, with its proof of work. Denies if the proof is invalid, or required and missing.
pub(super) fn limits(
    service: &Service,
    client: &IpBlock,
    kind: Kind,
    proof: Option<&Proof>,
) -> Result<Vec<Counter>, Error> {
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
    Ok(counters)
}
