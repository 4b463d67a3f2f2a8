//! A Redis Cluster. Its nodes start with files that describe the cluster, so that they need no time to join it.

use super::{OwnRedis, connect, connection, wait_until};
use crate::support::process::free_ports;
use deadpool_redis::redis::{Connection, Value, cmd, from_redis_value};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

pub struct OwnCluster {
    /// Primaries, in the order of their slots; then one replica of each, if there are any.
    pub nodes: Vec<OwnRedis>,
}

/// Slots of the primaries.
const SLOTS: [&str; 3] = ["0-5460", "5461-10922", "10923-16383"];

impl OwnCluster {
    /// Starts three primaries and, with `replicas`, a replica of each; and waits until the cluster accepts writes. No
    /// replica replaces its primary soon: on a busy machine, a node can need seconds.
    pub fn new(replicas: bool) -> Self {
        let ports = free_ports::<12>();
        let (ports, bus_ports) = ports.split_at(6);
        let count = if replicas { 6 } else { 3 };
        let describe = |at: usize, myself: bool| {
            let (id, port, bus) = (id(ports[at]), ports[at], bus_ports[at]);
            let myself = if myself { "myself," } else { "" };
            let (role, primary, slots) = match at {
                0..3 => ("master", "-".to_owned(), SLOTS[at]),
                _ => ("slave", self::id(ports[at - 3]), ""),
            };
            format!("{id} 127.0.0.1:{port}@{bus} {myself}{role} {primary} 0 0 {} connected {slots}\n", at % 3 + 1)
        };
        let mut nodes = Vec::new();
        for at in 0..count {
            let bus = bus_ports[at];
            let settings = format!(
                "save \"\"\nappendonly no\ncluster-enabled yes\ncluster-port {bus}\ncluster-node-timeout 10000\n\
                 repl-diskless-sync-delay 0\n"
            );
            let node = OwnRedis::prepare(ports[at], &settings);
            let lines: String = (0..count).map(|other| describe(other, other == at)).collect();
            let file = format!("{lines}vars currentEpoch 3 lastVoteEpoch 0\n");
            std::fs::write(node.folder.join("nodes.conf"), file).unwrap();
            nodes.push(node);
        }
        let mut own = Self { nodes };
        own.nodes.iter_mut().for_each(OwnRedis::spawn);
        own.nodes.iter().for_each(OwnRedis::wait_until_ready);
        own.wait_until_ok();
        for replica in own.nodes.iter().skip(3) {
            wait_until("replica", || replica.info("replication").contains("master_link_status:up"));
        }
        own
    }

    /// Sets the time without an answer after which a node is replaced.
    pub fn set_node_timeout(&self, time: Duration) {
        for node in 0..self.nodes.len() {
            let mut set = cmd("CONFIG");
            set.arg("SET").arg("cluster-node-timeout").arg(time.as_millis().to_string());
            set.exec(&mut self.connection(node)).unwrap();
        }
    }

    /// Waits until every node that runs says that the cluster is complete.
    pub fn wait_until_ok(&self) {
        let running = || self.nodes.iter().filter(|node| node.shell.is_some());
        wait_until("cluster", || running().all(|node| cluster_info(node).contains("cluster_state:ok")));
    }

    /// Value of `REDIS_URL`.
    pub fn url(&self) -> String {
        let hosts: Vec<_> = self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect();
        format!("redis+cluster://{}", hosts.join(","))
    }

    /// Position of the node that has a slot now.
    pub fn owner(&self, slot: u16) -> usize {
        let mut slots = cmd("CLUSTER");
        let ranges: Vec<Vec<Value>> = slots.arg("SLOTS").query(&mut connection(&self.running().address())).unwrap();
        let port = ranges.iter().find_map(|range| primary_of(slot, range)).unwrap();
        self.nodes.iter().position(|node| node.port == port).unwrap()
    }

    fn running(&self) -> &OwnRedis {
        self.nodes.iter().rev().find(|node| node.shell.is_some()).unwrap()
    }

    /// Slot of a key.
    pub fn slot(&self, key: &str) -> u16 {
        cmd("CLUSTER").arg("KEYSLOT").arg(key).query(&mut connection(&self.running().address())).unwrap()
    }

    /// Moves a slot to another primary, key by key, as `redis-cli --cluster reshard` does.
    pub fn move_slot(&self, slot: u16, to: usize) {
        let mut begun = self.begin_move(slot, to);
        while begun.move_key() {}
        begun.end();
    }

    /// Begins to move a slot to another primary. No key moves yet.
    pub fn begin_move(&self, slot: u16, to: usize) -> SlotMove {
        let from = self.owner(slot);
        let ports = [self.nodes[from].port, self.nodes[to].port];
        let mut begun = SlotMove { slot, source: self.connection(from), target: self.connection(to), port: ports[1] };
        set_slot(&mut begun.target, slot, "IMPORTING", ports[0]);
        set_slot(&mut begun.source, slot, "MIGRATING", ports[1]);
        begun
    }

    pub fn connection(&self, node: usize) -> Connection {
        connection(&self.nodes[node].address())
    }
}

/// Slot that moves from one node to another.
pub struct SlotMove {
    slot: u16,
    source: Connection,
    target: Connection,
    /// Port of the target.
    port: u16,
}

impl SlotMove {
    /// Moves one key. Returns false if none is left.
    pub fn move_key(&mut self) -> bool {
        let mut keys = cmd("CLUSTER");
        let keys: Vec<String> = keys.arg("GETKEYSINSLOT").arg(self.slot).arg(1).query(&mut self.source).unwrap();
        let Some(key) = keys.first() else { return false };
        let mut migrate = cmd("MIGRATE");
        migrate.arg("127.0.0.1").arg(self.port).arg(key).arg(0).arg(5_000);
        migrate.query::<String>(&mut self.source).unwrap();
        true
    }

    /// Ends the move. No key may be left.
    pub fn end(mut self) {
        for node in [&mut self.target, &mut self.source] {
            set_slot(node, self.slot, "NODE", self.port);
        }
    }
}

fn set_slot(redis: &mut Connection, slot: u16, state: &str, port: u16) {
    cmd("CLUSTER").arg("SETSLOT").arg(slot).arg(state).arg(id(port)).exec(redis).unwrap();
}

/// Shared cluster, for one test at a time, without data.
pub fn empty() -> MutexGuard<'static, OwnCluster> {
    static SHARED: OnceLock<Mutex<OwnCluster>> = OnceLock::new();
    let shared = SHARED.get_or_init(|| Mutex::new(OwnCluster::new(false)));
    let shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
    for node in 0..3 {
        cmd("FLUSHALL").exec(&mut shared.connection(node)).unwrap();
    }
    shared
}

/// Port of the primary in a range of `CLUSTER SLOTS`, if the slot is in the range.
fn primary_of(slot: u16, range: &[Value]) -> Option<u16> {
    let number = |value: &Value| from_redis_value::<u16>(value.clone()).unwrap();
    let Value::Array(primary) = &range[2] else { return None };
    (number(&range[0])..=number(&range[1])).contains(&slot).then(|| number(&primary[1]))
}

fn cluster_info(node: &OwnRedis) -> String {
    connect(&node.address()).and_then(|mut redis| cmd("CLUSTER").arg("INFO").query(&mut redis)).unwrap_or_default()
}

/// Id of a node, made of its port.
fn id(port: u16) -> String {
    format!("{port:040x}")
}
