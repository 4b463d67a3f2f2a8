//! Bulkhead: a limit on concurrent work that blocks a thread. The work runs off the event loop.

use crate::ports::{Dependency, DependencyError};
use std::sync::Arc;
use tokio::sync::{Semaphore, TryAcquireError};

/// Runs at most `width` jobs at a time on tokio's blocking threads. Up to `queue` more jobs wait, in order of arrival.
/// Further jobs are rejected at once.
pub struct Bulkhead {
    dependency: Dependency,
    /// One permit for each job that is running or waiting.
    admitted: Arc<Semaphore>,
    /// One permit for each job that is running.
    running: Arc<Semaphore>,
}

impl Bulkhead {
    #[must_use]
    pub fn new(dependency: Dependency, width: usize, queue: usize) -> Self {
        let semaphore = |n| Arc::new(Semaphore::new(n));
        Self { dependency, admitted: semaphore(width + queue), running: semaphore(width) }
    }

    /// Runs `job` and returns its result.
    ///
    /// # Errors
    /// [`DependencyError::Overloaded`] when the queue is full, [`DependencyError::Broken`] when the job panics.
    pub async fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T, DependencyError> {
        let admitted = match Arc::clone(&self.admitted).try_acquire_owned() {
            Ok(permit) => permit,
            Err(TryAcquireError::NoPermits) => return Err(DependencyError::Overloaded(self.dependency)),
            Err(TryAcquireError::Closed) => return Err(self.broken("closed")),
        };
        let running = Arc::clone(&self.running).acquire_owned().await.map_err(|_| self.broken("closed"))?;
        // The job keeps its permits even if the caller stops waiting: the thread is busy until the job ends.
        let job = tokio::task::spawn_blocking(move || {
            let _permits = (admitted, running);
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
    async fn a_job_beyond_the_queue_is_rejected_and_later_jobs_run() {
        let bulkhead = Arc::new(Bulkhead::new(Dependency::AudioCaptcha, 1, 1));
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
        while bulkhead.admitted.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(bulkhead.run(|| 3).await, Err(DependencyError::Overloaded(Dependency::AudioCaptcha))));
        release.send(()).unwrap();
        assert!(first.await.unwrap().unwrap());
        assert_eq!(second.await.unwrap().unwrap(), 2);
        assert_eq!(bulkhead.run(|| 4).await.unwrap(), 4);
    }

    #[tokio::test]
    async fn a_panic_is_an_error_and_the_next_job_runs() {
        let bulkhead = Bulkhead::new(Dependency::AudioCaptcha, 1, 0);
        assert!(matches!(bulkhead.run(|| panic!("test panic")).await, Err(DependencyError::Broken { .. })));
        assert_eq!(bulkhead.run(|| 1).await.unwrap(), 1);
    }
}
