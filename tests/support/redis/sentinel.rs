//! A primary, a replica and three sentinels. Their configuration files know all of them, so that they need no time to
//! find each other.

use super::{DATABASES, OwnRedis, SERVER, connect, connection, wait_until};
use crate::support::process::free_ports;
use deadpool_redis::redis::cmd;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Name of the primary at the sentinels.
const NAME: &str = "main";

pub struct OwnSentinels {
    /// Primary at the start, and its replica.
    pub servers: [OwnRedis; 2],
    pub sentinels: [OwnRedis; 3],
}

impl OwnSentinels {
    /// Starts all, and waits until the replica has its data. The primary is not replaced if it does not answer: on a
    /// busy machine, it can need seconds.
    pub fn new() -> Self {
        let [primary, replica, sentinels @ ..] = free_ports::<5>();
        let server = format!("{SERVER}repl-diskless-sync-delay 0\n");
        let replica_settings = format!("{server}replicaof 127.0.0.1 {primary}\n");
        let servers = [OwnRedis::prepare(primary, &server), OwnRedis::prepare(replica, &replica_settings)];
        let sentinels = sentinels.map(|port| {
            let others = sentinels.iter().filter(|other| **other != port);
            let others: String = others
                .map(|other| format!("sentinel known-sentinel {NAME} 127.0.0.1 {other} {}\n", id(*other)))
                .collect();
            let settings = format!(
                "sentinel myid {}\nsentinel monitor {NAME} 127.0.0.1 {primary} 2\n\
                 sentinel down-after-milliseconds {NAME} 3600000\nsentinel failover-timeout {NAME} 5000\n\
                 sentinel known-replica {NAME} 127.0.0.1 {replica}\n{others}",
                id(port)
            );
            let mut sentinel = OwnRedis::prepare(port, &settings);
            sentinel.mode = "--sentinel";
            sentinel
        });
        let mut own = Self { servers, sentinels };
        own.servers.iter_mut().chain(&mut own.sentinels).for_each(OwnRedis::spawn);
        own.servers.iter().chain(&own.sentinels).for_each(OwnRedis::wait_until_ready);
        wait_until("replica", || own.servers[1].info("replication").contains("master_link_status:up"));
        own
    }

    /// Sets the time without an answer after which the primary is replaced.
    pub fn set_down_after(&self, time: Duration) {
        for sentinel in &self.sentinels {
            let mut set = cmd("SENTINEL");
            set.arg("SET").arg(NAME).arg("down-after-milliseconds").arg(time.as_millis().to_string());
            set.exec(&mut connection(&sentinel.address())).unwrap();
        }
    }

    /// Value of `REDIS_URL` for a database.
    pub fn url(&self, database: usize) -> String {
        let hosts = self.sentinels.each_ref().map(|sentinel| format!("127.0.0.1:{}", sentinel.port));
        format!("redis+sentinel://{}/{NAME}/{database}", hosts.join(","))
    }

    /// Waits until most sentinels name this port as that of the primary.
    pub fn wait_for_primary(&self, port: u16) {
        let names = |sentinel: &&OwnRedis| {
            let mut ask = cmd("SENTINEL");
            ask.arg("GET-MASTER-ADDR-BY-NAME").arg(NAME);
            let named = connect(&sentinel.address()).and_then(|mut redis| ask.query::<(String, u16)>(&mut redis));
            named.is_ok_and(|(_, named)| named == port)
        };
        wait_until("failover", || self.sentinels.iter().filter(names).count() >= 2);
    }
}

/// Returns the URL of an empty database of the shared setup, and the URL of the same database at the primary.
pub fn urls() -> (String, String) {
    static SHARED: OnceLock<OwnSentinels> = OnceLock::new();
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    assert!(number < DATABASES, "more tests than databases");
    let shared = SHARED.get_or_init(OwnSentinels::new);
    (shared.url(number), format!("{}/{number}", shared.servers[0].address()))
}

/// Id of a process, made of its port.
fn id(port: u16) -> String {
    format!("{port:040x}")
}
