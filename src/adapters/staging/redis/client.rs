//! The Redis store, and its requests.

use super::cluster::Cluster;
use super::error::CallError;
use super::lease::{Access, Leases};
use super::outage::Outage;
use super::reply::broken;
use super::request::Request;
use super::sentinel::Sentinels;
use super::slots::slot;
use crate::adapters::staging::scripts::ScriptCall;
use crate::config::{RedisAddress, RedisUrl, Topology};
use crate::ports::{Dependency, DependencyError};
use deadpool_redis::redis::{Cmd, FromRedisValue, Value, cmd, from_redis_value};
use std::sync::Arc;

/// See [`super`]. Safe to share between threads; each thread has connections of its own.
pub struct RedisStaging {
    route: Route,
    outage: Outage,
}

/// Way to the server that has the keys of a request.
enum Route {
    Server(Arc<Leases>),
    Sentinel(Arc<Sentinels>),
    Cluster(Box<Cluster>),
}

/// Key that [`RedisStaging::probe`] writes. It is in the slot of the shared counters.
const PROBE: &str = "probe:{shared}";
/// Lifetime of this key, in milliseconds.
const PROBE_TTL: u32 = 1_000;

impl RedisStaging {
    /// Takes the text of `REDIS_URL`, which is a secret, and the number of threads that will use the store. Connects at
    /// the first call, so the servers may start later. With TLS the process must have installed a rustls crypto
    /// provider by then; the certificates that it trusts are those of the system.
    ///
    /// # Errors
    /// [`DependencyError::Broken`] if the URL is invalid; the reason does not repeat the URL.
    pub fn connect(url: &str, threads: usize) -> Result<Self, DependencyError> {
        let unusable = |reason: String| DependencyError::Broken { dependency: Dependency::Staging, reason };
        let RedisUrl { topology, addresses, tls, login, database } = RedisUrl::parse(url).map_err(unusable)?;
        let access = Access { login, database, tls, threads, primary_only: false };
        let leases = |address: &RedisAddress, access: &Access| {
            let leases = Leases::new(address.clone(), access).map(Arc::new);
            leases.ok_or_else(|| unusable(format!("expected a host instead of {address}")))
        };
        let route = match topology {
            Topology::Server => {
                let [address] = &addresses[..] else { return Err(unusable("expected one host".to_owned())) };
                Route::Server(leases(address, &access)?)
            }
            Topology::Sentinel { primary, login } => {
                let at_sentinels = Access { login, database: 0, ..access.clone() };
                let sentinels =
                    addresses.iter().map(|address| leases(address, &at_sentinels)).collect::<Result<_, _>>();
                Route::Sentinel(Arc::new(Sentinels::new(sentinels?, primary, access)))
            }
            Topology::Cluster => Route::Cluster(Box::new(Cluster::new(addresses, access))),
        };
        Ok(Self { route, outage: Outage::default() })
    }

    /// Returns the `maxmemory-policy` of the server, or `None` if the server does not report it. Managed servers that
    /// forbid `CONFIG` allow `INFO`. In a cluster it is the server with the shared counters.
    ///
    /// # Errors
    /// The same as the methods of the port.
    pub async fn eviction_policy(&self) -> Result<Option<String>, DependencyError> {
        let mut info = cmd("INFO");
        info.arg("memory");
        let reply = match self.route(&Request::Command(PROBE, &info)).await {
            Err((_, error)) if error.code() == Some("NOPERM") => return Ok(None),
            Err((server, error)) => return Err(error.at(&server)),
            Ok(reply) => reply,
        };
        let text: String = from_redis_value(reply).map_err(|_| broken())?;
        let mut lines = text.lines().filter_map(|line| line.split_once(':'));
        Ok(lines.find(|(name, _)| *name == "maxmemory_policy").map(|(_, policy)| policy.trim().to_owned()))
    }

    pub(super) async fn call(&self, call: &ScriptCall) -> Result<Vec<String>, DependencyError> {
        debug_assert!(are_in_one_slot(call.keys()), "the keys of a script have several slots");
        self.run(Request::Script(call)).await
    }

    /// Runs a command on a key, or on several keys with the same hash tag.
    pub(super) async fn command<T: FromRedisValue>(&self, key: &str, command: &Cmd) -> Result<T, DependencyError> {
        self.run(Request::Command(key, command)).await
    }

    /// Deletes keys. Returns how many of them existed.
    pub(super) async fn delete(&self, keys: &[String]) -> Result<usize, DependencyError> {
        // Redis refuses DEL without keys.
        let Some(first) = keys.first() else { return Ok(0) };
        debug_assert!(are_in_one_slot(keys), "deleted keys have several slots");
        let mut delete = cmd("DEL");
        delete.arg(keys);
        self.command(first, &delete).await
    }

    /// Writes a key. A server that is full, or that is a replica, still reads.
    pub(super) async fn probe(&self) -> Result<(), DependencyError> {
        let mut set = cmd("SET");
        set.arg(PROBE).arg(1).arg("PX").arg(PROBE_TTL);
        self.command(PROBE, &set).await
    }

    async fn run<T: FromRedisValue>(&self, request: Request<'_>) -> Result<T, DependencyError> {
        match self.route(&request).await {
            Ok(reply) => {
                self.outage.record_success();
                from_redis_value(reply).map_err(|_| broken())
            }
            Err((server, error)) => {
                let dependency_error = error.at(&server);
                self.outage.record_error(&error, &dependency_error);
                Err(dependency_error)
            }
        }
    }

    /// Returns the reply, or the error and the name of the server that returned it.
    async fn route(&self, request: &Request<'_>) -> Result<Value, (String, CallError)> {
        match &self.route {
            Route::Server(server) => {
                server.run(request, false).await.map_err(|error| (server.address().to_string(), error))
            }
            Route::Sentinel(sentinels) => sentinels.run(request).await,
            Route::Cluster(cluster) => cluster.run(request).await,
        }
    }
}

/// A cluster refuses all other calls. The tests with one server find them, too.
fn are_in_one_slot(keys: &[impl AsRef<[u8]>]) -> bool {
    let mut slots = keys.iter().map(|key| slot(key.as_ref()));
    slots.next().is_none_or(|first| slots.all(|slot| slot == first))
}
