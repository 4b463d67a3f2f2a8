//! One probe of the outside world for everybody who asks at the same time.

use crate::ports::DependencyError;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Mutex;

/// Shares what was seen: strangers who ask by the hundred whether the service is ready must not fill the database's queue.
pub(super) struct SharedProbe {
    /// How many have ended.
    ended: AtomicU64,
    last: Mutex<Result<(), DependencyError>>,
}

impl SharedProbe {
    pub(super) fn new() -> Self {
        Self { ended: AtomicU64::new(0), last: Mutex::new(Ok(())) }
    }

    /// Looks, or answers what another caller saw who began to look after this one had asked.
    pub(super) async fn share(
        &self,
        look: impl Future<Output = Result<(), DependencyError>>,
    ) -> Result<(), DependencyError> {
        let before = self.ended.load(Ordering::Acquire);
        let mut last = self.last.lock().await;
        // The first that ended meanwhile may have begun before the question; the second did not.
        if self.ended.load(Ordering::Acquire) < before + 2 {
            *last = look.await;
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
    async fn a_hundred_who_ask_together_cost_two_looks() {
        let (shared, looks) = (Arc::new(SharedProbe::new()), Arc::new(AtomicU64::new(0)));
        let asking: Vec<_> = (0..100)
            .map(|_| {
                let (shared, looks) = (Arc::clone(&shared), Arc::clone(&looks));
                tokio::spawn(async move {
                    let look = async {
                        looks.fetch_add(1, Ordering::SeqCst);
                        tokio::task::yield_now().await;
                        Err(DependencyError::Overloaded(Dependency::Database))
                    };
                    shared.share(look).await
                })
            })
            .collect();
        for asked in asking {
            assert!(asked.await.unwrap().is_err(), "nobody is told what was not seen");
        }
        assert_eq!(looks.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn who_asks_later_looks_anew() {
        let shared = SharedProbe::new();
        assert!(shared.share(async { Err(DependencyError::Overloaded(Dependency::Database)) }).await.is_err());
        assert!(shared.share(async { Ok(()) }).await.is_ok());
    }
}
