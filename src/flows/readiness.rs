//! Readiness: whether a load balancer should send requests to this process.

use super::lifecycle::Phase;
use super::service::Service;
use crate::ports::{Dependency, DependencyError, Event};
use std::borrow::Cow;
use std::time::Duration;

/// Time between two probes of the process itself. They notice an outage although nobody calls `/readyz`.
const PROBE_EVERY: Duration = Duration::from_secs(2);
/// The same before the first success: a new process should serve soon after its dependencies do.
const PROBE_EVERY_AT_START: Duration = Duration::from_millis(500);

/// Answer to a readiness probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// Not ready yet, with the reason for the log.
    Starting(Cow<'static, str>),
    Ready,
    /// A dependency fails that was available before. All processes share it, so another process would serve no better:
    /// without this state, one fault of a store would take all of them away.
    Degraded(Dependency),
    Draining,
}

impl Service {
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.lifecycle.state().phase
    }

    /// Marks the warm-up as done. Before, the service is not ready.
    pub fn set_warm(&self) {
        self.lifecycle.state().warm = true;
    }

    /// Ends readiness: load balancers stop sending requests. Requests that arrive nevertheless are served.
    pub fn start_draining(&self) {
        self.lifecycle.state().phase = Phase::Draining;
    }

    /// Probes the dependencies, and returns whether this process should get requests.
    pub async fn readiness(&self) -> Readiness {
        let warm = {
            let state = self.lifecycle.state();
            if state.phase == Phase::Draining {
                return Readiness::Draining;
            }
            state.warm
        };
        if !warm {
            return Readiness::Starting("warming up".into());
        }
        let probe_database = self.lifecycle.database.share(self.ports.users.ping());
        let (staging, database) = tokio::join!(self.probe_staging(), probe_database);
        self.record_probe(Dependency::Staging, staging.as_ref().err());
        self.record_probe(Dependency::Database, database.as_ref().err());
        let mut state = self.lifecycle.state();
        match (state.phase, staging.and(database)) {
            (Phase::Draining, _) => Readiness::Draining,
            (Phase::Starting, Err(error)) => Readiness::Starting(error.to_string().into()),
            (Phase::Starting, Ok(())) => {
                state.phase = Phase::Ready;
                Readiness::Ready
            }
            (Phase::Ready, _) => state.down.first().copied().map_or(Readiness::Ready, Readiness::Degraded),
        }
    }

    /// Probes staging, or shares the probe of another caller.
    pub(super) async fn probe_staging(&self) -> Result<(), DependencyError> {
        self.lifecycle.staging.share(self.ports.staging.ping()).await
    }

    /// Records the result of a probe in the metrics. Logs the first failure of an outage, and its end.
    fn record_probe(&self, dependency: Dependency, error: Option<&DependencyError>) {
        // The dependency works, and this process has more requests for it than it can queue.
        let error = error.filter(|error| !matches!(error, DependencyError::Overloaded(_)));
        self.ports.telemetry.record(Event::Dependency { dependency, up: error.is_none() });
        let mut state = self.lifecycle.state();
        let was_down = state.down.contains(&dependency);
        match error {
            Some(error) if !was_down => {
                state.down.push(dependency);
                tracing::error!(%error, "dependency unavailable");
            }
            None if was_down => {
                state.down.retain(|other| *other != dependency);
                tracing::info!(%dependency, "dependency available");
            }
            _ => {}
        }
    }

    /// Starts a task that probes the dependencies until the service finishes.
    pub fn start_probes(&self) {
        let service = self.clone();
        self.background.spawn_until_finish(async move {
            loop {
                service.readiness().await;
                let starting = service.phase() == Phase::Starting;
                tokio::time::sleep(if starting { PROBE_EVERY_AT_START } else { PROBE_EVERY }).await;
            }
        });
    }
}
