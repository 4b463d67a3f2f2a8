//! HTTP server, and the address of the metrics.

use super::env::Env;
use super::threads::{MAX_THREADS, cores};
use super::variable::{Variable, WithDefault, flag, number, seconds, section};
use super::{cors, proxies};
use crate::domain::cors::AllowedOrigins;
use ipnet::IpNet;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

#[derive(Debug)]
pub struct ServerSettings {
    pub bind: SocketAddr,
    pub workers: usize,
    pub trusted_proxies: Vec<IpNet>,
    /// Maximum number of connections; `None`: as many as the file descriptors allow.
    pub max_connections: Option<usize>,
    /// Maximum number of connections of one IP block that is not a trusted proxy.
    pub max_connections_per_peer: usize,
    /// Origins of web pages that may call the API.
    pub cors: AllowedOrigins,
    /// Viewer of the OpenAPI document at `/docs`.
    pub docs: bool,
    /// Timeout of an idle connection.
    pub keep_alive: Duration,
    /// Time between SIGTERM and the end of new connections.
    pub shutdown_delay: Duration,
    /// Time for requests in flight and messages after that.
    pub shutdown: Duration,
}

#[derive(Debug)]
pub struct MetricsSettings {
    /// `None`: no metrics.
    pub bind: Option<SocketAddr>,
    /// Set by the operator: the service does not start if the address is not available.
    pub explicit: bool,
}

section! {
    pub(super) fn section = "Server";
    /// Address of the HTTP server.
    pub(super) static BIND: WithDefault<SocketAddr> =
        Variable::new("an IP address and a port, like 127.0.0.1:8080", |text, about| {
            about.unless_none(text.parse().ok())
        })
        .default(|| SocketAddr::from(([127, 0, 0, 1], 8080)));
    /// Threads that serve HTTP.
    static WORKERS: Variable<NonZeroUsize> = number(1, MAX_THREADS).example("2").default_in_words("one for each core");
    /// Maximum number of open connections. doorstep raises its soft limit of file descriptors (ulimit -Sn) to the hard
    /// one (ulimit -Hn).
    static MAX_CONNECTIONS: Variable<usize> = number(1, DESCRIPTORS)
        .example("25000")
        .default_in_words("three quarters of the file descriptors, at most 25000");
    // A carrier that shares an IPv4 address among 64 subscribers (1,008 ports each) needs 384 for the six connections
    // that a browser opens to one host; 1,000 leave room.
    /// Maximum number of open connections of one IPv4 address or one IPv6 /64; twice as many of a /56, six times as
    /// many of a /48. TRUSTED_PROXIES have no such limit.
    static MAX_CONNECTIONS_PER_PEER: WithDefault<usize> = number(1, DESCRIPTORS).default(|| 1_000);
    /// Viewer of the OpenAPI document at /docs.
    static DOCS: Variable<bool> = flag().example("true").default_in_words("on in development, off in production");
    /// Timeout of an idle connection. It must be longer than the time for which the load balancer keeps idle
    /// connections, so that the load balancer closes first: docs/operations.md has the times of usual load balancers.
    static KEEP_ALIVE_SECONDS: WithDefault<u64> = seconds(1, 7_200).default(|| 75);
    /// Time between SIGTERM and the end of new connections, in which /readyz responds 503 and all requests are served.
    /// It must be longer than the load balancer needs to notice. A second signal ends it; after SIGINT there is none.
    static SHUTDOWN_DELAY_SECONDS: Variable<u64> =
        seconds(0, 600).example("5").default_in_words("0 in development, 5 in production");
    /// Time for requests in flight and for messages on their way, after SHUTDOWN_DELAY_SECONDS.
    static SHUTDOWN_SECONDS: WithDefault<u64> = seconds(1, 3_600).default(|| 30);
    /// Address of /metrics for Prometheus, or off. The internet must not reach this address; it must differ from BIND.
    pub(super) static METRICS_BIND: Variable<Option<SocketAddr>> =
        Variable::new("off, or IP and port, like 127.0.0.1:9464", |text, about| match text {
            "off" => Ok(None),
            _ => about.unless_none(text.parse().ok().map(Some)),
        })
        .example("127.0.0.1:9464")
        .default_in_words("127.0.0.1:9464 in development, off in production");
}

/// The largest number of descriptors that Linux allows by default (`fs.nr_open`).
const DESCRIPTORS: u64 = 1_048_576;

pub(super) fn read(env: &mut Env) -> ServerSettings {
    let shutdown_delay = env.optional(&SHUTDOWN_DELAY_SECONDS).unwrap_or(if env.is_production() { 5 } else { 0 });
    ServerSettings {
        bind: env.get(&BIND),
        workers: env.optional(&WORKERS).unwrap_or_else(cores).get(),
        trusted_proxies: proxies::read(env),
        max_connections: env.optional(&MAX_CONNECTIONS),
        max_connections_per_peer: env.get(&MAX_CONNECTIONS_PER_PEER),
        cors: cors::read(env),
        docs: env.optional(&DOCS).unwrap_or(!env.is_production()),
        keep_alive: env.seconds(&KEEP_ALIVE_SECONDS),
        shutdown_delay: Duration::from_secs(shutdown_delay),
        shutdown: env.seconds(&SHUTDOWN_SECONDS),
    }
}

/// Metrics are for the operator only. In production the operator must set their address.
pub(super) fn read_metrics(env: &mut Env, server: SocketAddr) -> MetricsSettings {
    let default = (!env.is_production()).then(|| SocketAddr::from(([127, 0, 0, 1], 9464)));
    let bind = env.optional(&METRICS_BIND).unwrap_or(default);
    if bind.is_some_and(|bind| bind == server && bind.port() != 0) {
        let what = "expected another address than BIND: the internet must not reach the metrics";
        env.problem(METRICS_BIND.name, what);
    }
    MetricsSettings { bind, explicit: env.text(METRICS_BIND.name).is_some() }
}
