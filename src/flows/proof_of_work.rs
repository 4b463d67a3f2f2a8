//! The gate in front of a captcha that a machine which reads pictures cannot skip: work, as soon as there is a reason to ask for it.

use super::limits::{ip_block, is_of_region, log_refund_error, unverified_of_address};
use super::{DependencyError, Error, Service};
use crate::domain::captcha::Kind;
use crate::domain::flow::BudgetClass;
use crate::domain::phone::Region;
use crate::domain::policy::{Demand, Quota, SmsLimits};
use crate::domain::proof::{Challenge, Proof};
use crate::ports::{Admission, Counter, Rule};
use std::net::IpAddr;
use std::time::Duration;

/// How long a proof that was taken is remembered: twice the life of its challenge, so that the clocks of replicas may be two
/// minutes apart.
const REMEMBERED: Duration = Duration::from_secs(2 * Challenge::LIFE.as_secs());

/// Counts a request for a captcha, and takes the proof that came along; without one, refuses if one is asked for. A request that is
/// refused, or that comes to nothing (see [`Admitted`]), counts as none. One staging operation, and none at all for a proof that is worthless.
pub(super) async fn admit(
    service: &Service,
    client: IpAddr,
    kind: Kind,
    proof: Option<&Proof>,
) -> Result<Admitted, Error> {
    let address = ip_block(client);
    let mut counters = vec![Counter::count("captchas-ip", &*address, service.policy.captchas_per_ip)];
    if kind == Kind::Audio {
        counters.push(Counter::count("audio-captchas-ip", &*address, service.policy.audio_captchas_per_ip));
    }
    let limits = counters.len();
    let otherwise = if let Some(proof) = proof {
        let Some(id) = proof.check(&service.keys.proof, service.now()) else {
            return Err(Error::ProofInvalid(challenge(service)));
        };
        counters.push(Counter::count("proof", id, Quota { max: 1, window: REMEMBERED }));
        Error::ProofInvalid
    } else {
        match service.policy.proof.demand {
            Demand::Never => {}
            // A machine hears better than it sees: for sounds there is always a reason.
            Demand::OnAbuseSignal if kind == Kind::Image => counters.extend(signs(service, &address)),
            Demand::OnAbuseSignal | Demand::Always => return Err(Error::ProofRequired(challenge(service))),
        }
        Error::ProofRequired
    };
    match service.ports.staging.count(&counters).await? {
        Admission::Allowed(_) => Ok(Admitted(counters)),
        Admission::Limited { index, retry_after } if index < limits => Err(Error::TooManyRequests { retry_after }),
        Admission::Limited { .. } => Err(otherwise(challenge(service))),
    }
}

/// What was counted for a captcha.
pub(super) struct Admitted(Vec<Counter>);

impl Admitted {
    /// What came of it; if the service failed, the proof is good for another try.
    pub(super) async fn record<T>(self, service: &Service, outcome: Result<T, DependencyError>) -> Result<T, Error> {
        if outcome.is_err() {
            log_refund_error(service.ports.staging.refund(&self.0).await);
        }
        Ok(outcome?)
    }
}

fn challenge(service: &Service) -> Challenge {
    Challenge::new(&service.keys.proof, service.policy.proof.bits, service.now(), service.random())
}

/// What is full under pressure: the captchas that the address gets for nothing, half of its codes that did not come back, and
/// what is raised for all.
fn signs(service: &Service, address: &str) -> [Counter; 3] {
    let unverified = service.policy.sms.unverified_per_ip.max.div_ceil(2);
    [
        Counter::count("captchas-free-ip", address, service.policy.proof.free_per_ip),
        Counter { rule: Rule::Threshold(unverified), ..unverified_of_address(&service.policy.sms, address) },
        pressure(1),
    ]
}

const PRESSURE: &str = "sms-pressure";

/// Raised while a region is under pressure; full from this many on. One for all regions: nobody knows yet which phone a captcha
/// is for, and a bot would not say.
fn pressure(full_from: u32) -> Counter {
    Counter { scope: PRESSURE, subject: String::new(), rule: Rule::Threshold(full_from) }
}

/// To be counted along with a message, so that [`feel`] knows.
pub(super) fn looked_at() -> Counter {
    pressure(u32::MAX)
}

/// Codes of a region that were asked for and did not come back. Decoys count here like messages, for whoever has to work sees
/// the pressure: were they left out, a stranger who knows that half is near could learn whether a number has an account.
pub(super) fn asked(limits: &SmsLimits, region: Region, budget_class: BudgetClass) -> Counter {
    let scope = match budget_class {
        BudgetClass::NewNumbers => ASKED_NEWCOMERS,
        BudgetClass::ExistingAccounts => ASKED_ACCOUNTS,
    };
    let window = limits.unverified_per_region.each.window;
    Counter::count(scope, region.to_string(), Quota { max: u32::MAX, window })
}

const ASKED_NEWCOMERS: &str = "sms-asked-region";
const ASKED_ACCOUNTS: &str = "sms-asked-accounts";

/// Whether half as many codes of a region are on their way as may be, or more: everybody works from now on for a while.
pub(super) async fn feel(service: &Service, region: Region, counters: &[Counter], counts: &[u32]) {
    let of = |scopes: &[&str]| {
        let found = counters.iter().zip(counts).find(|(counter, _)| scopes.contains(&counter.scope));
        found.map_or(0, |(_, count)| *count)
    };
    let (count, max) =
        (of(&[ASKED_NEWCOMERS, ASKED_ACCOUNTS]), service.policy.sms.unverified_per_region.of(region).max);
    if u64::from(count) * 2 < u64::from(max) {
        return;
    }
    if of(&[PRESSURE]) == 0 && service.policy.proof.demand == Demand::OnAbuseSignal {
        tracing::warn!(%region, count, max, "proof of work enabled");
    }
    raise(service).await;
}

/// Prolongs the pressure that led to this refusal, if it was one: who pumps goes on trying.
pub(super) async fn feel_refusal(service: &Service, limit: &str) {
    if is_of_region(limit) {
        raise(service).await;
    }
}

async fn raise(service: &Service) {
    if service.policy.proof.demand == Demand::OnAbuseSignal {
        log_refund_error(service.ports.staging.set(&pressure(1), service.policy.proof.pressure).await);
    }
}
