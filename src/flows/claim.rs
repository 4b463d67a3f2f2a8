//! Claims: short leases in staging, which a request renews while it works. If its process dies, the claim soon expires.

use crate::ports::DependencyError;
use std::future::{Future, pending};
use std::time::Duration;

/// Renewals in the lifetime of a claim: one may fail, and the next one is still in time.
const RENEWALS: u32 = 3;
/// Time until the next attempt after a renewal that failed.
const RETRY: Duration = Duration::from_millis(500);

/// Runs `work`, and renews its claim from a third of its lifetime on. Most work takes less, and costs no renewal.
///
/// A claim that is lost does not end the work, which may have had its effects already. This happens if staging or the
/// process stands still for the lifetime of the claim. Another request with the same claim may then run at the same
/// time, and the atomic operations of the flow keep them apart, as if they had different claims.
pub(super) async fn hold<T, Renewal>(
    ttl: Duration,
    work: impl Future<Output = T>,
    renew: impl Fn(Duration) -> Renewal,
) -> T
where
    Renewal: Future<Output = Result<bool, DependencyError>>,
{
    let renewals = async {
        let mut wait = ttl / RENEWALS;
        loop {
            tokio::time::sleep(wait).await;
            wait = match renew(ttl).await {
                Ok(true) => ttl / RENEWALS,
                Ok(false) => {
                    tracing::warn!("claim lost");
                    break pending().await;
                }
                Err(error) => {
                    tracing::warn!(%error, "claim renewal failed");
                    RETRY
                }
            };
        }
    };
    tokio::select! {
        biased;
        done = work => done,
        never = renewals => never,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::Dependency;
    use std::cell::RefCell;
    use tokio::time::{Instant, sleep};

    const TTL: Duration = Duration::from_secs(6);

    /// Runs work of this duration. Returns the times of the renewals, in milliseconds, which have these results.
    async fn renewals(work: Duration, results: &[Option<bool>]) -> Vec<u128> {
        let (begin, times) = (Instant::now(), RefCell::new(Vec::new()));
        let renew = async |_| {
            let mut times = times.borrow_mut();
            let result = results.get(times.len()).copied().unwrap_or(Some(true));
            times.push(begin.elapsed().as_millis());
            result.ok_or(DependencyError::Overloaded(Dependency::Staging))
        };
        hold(TTL, sleep(work), renew).await;
        times.into_inner()
    }

    #[tokio::test(start_paused = true)]
    async fn short_work_costs_no_renewal() {
        assert!(renewals(Duration::from_millis(1_999), &[]).await.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_claim_is_renewed_while_the_work_runs() {
        assert_eq!(renewals(Duration::from_secs(7), &[]).await, [2_000, 4_000, 6_000]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_renewal_is_repeated_before_the_claim_expires() {
        let results = [Some(true), None, None, Some(true)];
        assert_eq!(renewals(Duration::from_secs(8), &results).await, [2_000, 4_000, 4_500, 5_000, 7_000]);
    }

    #[tokio::test(start_paused = true)]
    async fn work_continues_after_its_claim_is_lost() {
        assert_eq!(renewals(Duration::from_secs(60), &[Some(false)]).await, [2_000]);
    }
}
