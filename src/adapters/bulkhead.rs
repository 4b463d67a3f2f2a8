//! A bounded road off the event loop, for work that blocks.

use crate::ports::{Dependency, DependencyError};
use std::sync::Arc;
use tokio::sync::{Semaphore, TryAcquireError};

/// Runs at most `width` jobs at a time on the runtime's blocking threads; `queue` more may wait, first come first
/// served; whoever comes then is refused at once.
pub struct Bulkhead {
    dependency: Dependency,
    /// One for everybody who is let in, running or waiting.
    places: Arc<Semaphore>,
    /// One for everybody who runs.
    running: Arc<Semaphore>,
}

impl Bulkhead {
    #[must_use]
    pub fn new(dependency: Dependency, width: usize, queue: usize) -> Self {
        let semaphore = |n| Arc::new(Semaphore::new(n));
        Self { dependency, places: semaphore(width + queue), running: semaphore(width) }
    }

    pub async fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T, DependencyError> {
        let place = match Arc::clone(&self.places).try_acquire_owned() {
            Ok(place) => place,
            Err(TryAcquireError::NoPermits) => return Err(DependencyError::Overloaded(self.dependency)),
            Err(TryAcquireError::Closed) => return Err(self.broken("closed")),
        };
        let turn = Arc::clone(&self.running).acquire_owned().await.map_err(|_| self.broken("closed"))?;
        // The job keeps its permits even when the caller goes away: the thread is busy until it ends.
        let job = tokio::task::spawn_blocking(move || {
            let _permits = (place, turn);
            job()
        });
        job.await.map_err(|_| self.broken("the job panicked"))
    }

    fn broken(&self, reason: &str) -> DependencyError {
        DependencyError::Broken { dependency: self.dependency, reason: reason.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[tokio::test]
    async fn refuses_beyond_its_queue_and_goes_on_afterwards() {
        let bulkhead = Arc::new(Bulkhead::new(Dependency::Speaking, 1, 1));
        let (release, gate) = mpsc::channel::<()>();
        let first = tokio::spawn({
            let bulkhead = Arc::clone(&bulkhead);
            async move { bulkhead.run(move || gate.recv().is_ok()).await }
        });
        while bulkhead.running.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let second = tokio::spawn({
            let bulkhead = Arc::clone(&bulkhead);
            async move { bulkhead.run(|| 2).await }
        });
        while bulkhead.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(bulkhead.run(|| 3).await, Err(DependencyError::Overloaded(Dependency::Speaking))));
        release.send(()).unwrap();
        assert!(first.await.unwrap().unwrap());
        assert_eq!(second.await.unwrap().unwrap(), 2);
        assert_eq!(bulkhead.run(|| 4).await.unwrap(), 4);
    }

    #[tokio::test]
    async fn a_panic_is_an_answer() {
        let bulkhead = Bulkhead::new(Dependency::Speaking, 1, 0);
        assert!(matches!(bulkhead.run(|| panic!("on purpose")).await, Err(DependencyError::Broken { .. })));
        assert_eq!(bulkhead.run(|| 1).await.unwrap(), 1);
    }
}
