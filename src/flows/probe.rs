//! Readiness probe, shared by concurrent callers.

use crate::ports::DependencyError;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Mutex;

/// Probe whose result concurrent callers share: many readiness requests of strangers must not fill the queue of the
/// database.
pub(super) struct SharedProbe {
    /// Number of probes that have ended.
    ended: AtomicU64,
    last: Mutex<Result<(), DependencyError>>,
}

impl SharedProbe {
    pub(super) fn new() -> Self {
        Self { ended: AtomicU64::new(0), last: Mutex::new(Ok(())) }
    }

    /// Probes, or returns the result of another caller's probe that began after this call.
    pub(super) async fn share(
        &self,
        probe: impl Future<Output = Result<(), DependencyError>>,
    ) -> Result<(), DependencyError> {
        let before = self.ended.load(Ordering::Acquire);
        let mut last = self.last.lock().await;
        // The first probe that ended meanwhile may have begun before this call; the second did not.
        if self.ended.load(Ordering::Acquire) < before + 2 {
            *last = probe.await;
            self.ended.fetch_add(1, Ordering::Release);
        }
        last.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::Dependency;
    use std::sync::Arc;

    #[tokio::test]
    async fn a_hundred_concurrent_callers_cost_two_probes() {
        let (shared, probes) = (Arc::new(SharedProbe::new()), Arc::new(AtomicU64::new(0)));
        let callers: Vec<_> = (0..100)
            .map(|_| {
                let (shared, probes) = (Arc::clone(&shared), Arc::clone(&probes));
                tokio::spawn(async move {
                    let probe = async {
                        probes.fetch_add(1, Ordering::SeqCst);
                        tokio::task::yield_now().await;
                        Err(DependencyError::Overloaded(Dependency::Database))
                    };
                    shared.share(probe).await
                })
            })
            .collect();
        for caller in callers {
            assert!(caller.await.unwrap().is_err(), "the result of a probe that did not happen");
        }
        assert_eq!(probes.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_later_caller_probes_again() {
        let shared = SharedProbe::new();
        assert!(shared.share(async { Err(DependencyError::Overloaded(Dependency::Database)) }).await.is_err());
        assert!(shared.share(async { Ok(()) }).await.is_ok());
    }
}
