//! The primary that Redis Sentinel names.

use super::error::{CallError, NoConnection};
use super::lease::{Access, Leases};
use super::nodes::Nodes;
use super::request::Request;
use super::survey;
use crate::config::RedisAddress;
use deadpool_redis::redis::{Cmd, Value, cmd, from_redis_value};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// Interval of the question whether the primary is still the same. After a planned failover, and if it lost only its
/// sentinels and its replicas, the earlier primary accepts writes for seconds. They are discarded.
const CHECK: Duration = Duration::from_millis(500);
/// Shortest interval between two questions while requests fail.
const PAUSE: Duration = Duration::from_millis(100);

pub(super) struct Sentinels {
    sentinels: Vec<Arc<Leases>>,
    question: Cmd,
    primary: String,
    servers: Nodes,
    current: RwLock<Option<Arc<Leases>>>,
    /// Time of the last question, and its answer.
    last: Mutex<Option<(Instant, Arc<Leases>)>>,
    checked: RwLock<Instant>,
}

impl Sentinels {
    pub(super) fn new(sentinels: Vec<Arc<Leases>>, primary: String, access: Access) -> Self {
        let mut question = cmd("SENTINEL");
        question.arg("MASTER").arg(&primary);
        let servers = Nodes::new(Access { primary_only: true, ..access });
        let checked = RwLock::new(Instant::now());
        Self { sentinels, question, primary, servers, current: RwLock::default(), last: Mutex::default(), checked }
    }

    /// Runs a request at the primary. If no connection to it was possible, so that nothing was sent, the request runs
    /// once more at the primary that the sentinels name now, if it is another one.
    pub(super) async fn run(self: &Arc<Self>, request: &Request<'_>) -> Result<Value, (String, CallError)> {
        let primary = self.primary().await?;
        let error = match primary.run(request, false).await {
            Ok(reply) => return Ok(reply),
            Err(error) => error,
        };
        if error.hints_at_failover() {
            self.forget(&primary);
        }
        if matches!(error, CallError::NoConnection(_))
            && let Ok(other) = self.primary().await
            && !Arc::ptr_eq(&other, &primary)
        {
            return other.run(request, false).await.map_err(|error| (other.address().to_string(), error));
        }
        Err((primary.address().to_string(), error))
    }

    async fn primary(self: &Arc<Self>) -> Result<Arc<Leases>, (String, CallError)> {
        if let Some(current) = self.current() {
            self.check_sometimes();
            return Ok(current);
        }
        // Others wait for the same answer.
        let mut last = self.last.lock().await;
        if let Some(current) = self.current() {
            return Ok(current);
        }
        let named = match &*last {
            Some((at, named)) if at.elapsed() < PAUSE => Arc::clone(named),
            _ => {
                let no_primary = |reason| ("sentinels".to_owned(), CallError::NoConnection(NoConnection::new(reason)));
                let named = self.ask().await.map_err(no_primary)?;
                *last = Some((Instant::now(), Arc::clone(&named)));
                named
            }
        };
        self.set(Some(Arc::clone(&named)));
        Ok(named)
    }

    /// Asks all sentinels. The answer with the highest epoch is the newest: each failover raises it.
    async fn ask(&self) -> Result<Arc<Leases>, String> {
        let (answers, problem) = survey::ask(self.sentinels.clone(), &self.question).await;
        let named = answers.into_iter().filter_map(|(_, answer)| primary_in(answer));
        let Some((_, address)) = named.max_by_key(|(epoch, _)| *epoch) else {
            let reason = format!("no sentinel names the primary {}", self.primary);
            return Err(problem.map_or(reason.clone(), |problem| format!("{reason}: {problem}")));
        };
        // Earlier primaries are forgotten: their idle connections are closed.
        self.servers.retain(|known| *known == address);
        self.servers.get(&address).ok_or_else(|| format!("the sentinels name no address: {address}"))
    }

    /// Starts a check in the background if the last one is too long ago.
    fn check_sometimes(self: &Arc<Self>) {
        if self.checked.read().unwrap_or_else(PoisonError::into_inner).elapsed() < CHECK {
            return;
        }
        *self.checked.write().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        let this = Arc::clone(self);
        tokio::spawn(async move {
            if let Ok(named) = this.ask().await {
                this.set(Some(named));
            }
        });
    }

    fn current(&self) -> Option<Arc<Leases>> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, primary: Option<Arc<Leases>>) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = primary;
    }

    fn forget(&self, primary: &Arc<Leases>) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref().is_some_and(|current| Arc::ptr_eq(current, primary)) {
            *current = None;
        }
    }
}

/// Epoch and address in the answer to `SENTINEL MASTER`.
fn primary_in(answer: Value) -> Option<(u64, RedisAddress)> {
    let fields: HashMap<String, String> = from_redis_value(answer).ok()?;
    let (host, port) = (fields.get("ip")?.clone(), fields.get("port")?.parse().ok()?);
    Some((fields.get("config-epoch")?.parse().ok()?, RedisAddress { host, port }))
}
