//! Work that goes on when the client hangs up: a reservation is either used or refunded.

use super::error::Error;
use super::fairness;
use crate::ports::{Dependency, DependencyError};
use std::future::Future;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

/// Tasks on the runtime of the main thread, which outlives the workers of the server.
pub struct Background {
    runtime: Handle,
    tasks: TaskTracker,
}

impl Background {
    #[must_use]
    pub fn new(runtime: Handle) -> Self {
        Self { runtime, tasks: TaskTracker::new() }
    }

    /// Starts a task. Its log lines and its turns in queues belong to the request that started it.
    pub(super) fn spawn<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
        self.tasks.spawn_on(fairness::carry(work.in_current_span()), &self.runtime)
    }

    /// Runs `work` to completion, even if the caller hangs up meanwhile, and returns its result.
    pub(super) async fn run_to_completion<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        let panicked =
            |_| DependencyError::Broken { dependency: Dependency::Background, reason: "panicked".to_owned() };
        self.spawn(work).await.map_err(panicked)?
    }

    pub(super) async fn finish(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}
