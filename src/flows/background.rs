//! Work that continues when the client disconnects, so that a reservation is either used or refunded.

use super::error::Error;
use super::fairness;
use crate::ports::{Dependency, DependencyError};
use std::future::Future;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

/// Tasks on the runtime of the main thread, which outlives the workers of the server.
pub struct Background {
    runtime: Handle,
    tasks: TaskTracker,
    finishing: CancellationToken,
}

impl Background {
    #[must_use]
    pub fn new(runtime: Handle) -> Self {
        Self { runtime, tasks: TaskTracker::new(), finishing: CancellationToken::new() }
    }

    /// Starts a task. Its log lines and its turns in queues belong to the request that started it.
    pub(super) fn spawn<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
        self.tasks.spawn_on(fairness::carry(work.in_current_span()), &self.runtime)
    }

    /// Runs `work` to completion, even if the client disconnects meanwhile, and returns its result.
    pub(super) async fn run_to_completion<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        let panicked =
            |_| DependencyError::Broken { dependency: Dependency::Background, reason: "panicked".to_owned() };
        self.spawn(work).await.map_err(panicked)?
    }

    /// Starts a task that ends, whatever its state, when the service finishes.
    pub(super) fn spawn_until_finish(&self, work: impl Future<Output = ()> + Send + 'static) {
        let finishing = self.finishing.clone();
        drop(self.spawn(async move { finishing.run_until_cancelled(work).await }));
    }

    /// Sleeps. Wakes up at once when the service finishes.
    pub(super) async fn sleep_until_finish(&self, time: Duration) {
        self.finishing.run_until_cancelled(tokio::time::sleep(time)).await;
    }

    pub(super) async fn finish(&self) {
        self.finishing.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}
