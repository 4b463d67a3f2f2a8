//! Faults of Redis.

use crate::proxy::Mode;
use crate::scenario::Scenario;
use crate::setup::{Redis, Setup, Stores};
use crate::support::redis::{connection, stop, wait_until};
use deadpool_redis::redis::cmd;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Time between two disturbances of a fault that consists of many.
const PERIOD: Duration = Duration::from_millis(50);

pub const SCENARIOS: &[Scenario] = &[
    Scenario::new("redis stopped for 1 s", 1, stopped).in_dose(1),
    Scenario::new("redis stopped for 30 s", 30, stopped),
    Scenario::new("redis killed, starts with its AOF", 1, killed),
    Scenario::new("redis killed, starts without data", 1, killed)
        .with(Stores::WithoutPersistence)
        .loses_staging()
        .in_dose(1),
    Scenario::new("redis frozen", 15, frozen).in_dose(3),
    Scenario::new("redis slow by 0.9 s", 15, |setup, time| network(setup, time, Mode::Delay(MOST_OF_A_SECOND))),
    Scenario::new("redis connections cut", 15, |setup, time| network(setup, time, Mode::Cut)).in_dose(3),
    Scenario::new("redis at 5 kB/s", 15, |setup, time| network(setup, time, Mode::Trickle(5_000))),
    Scenario::new("redis half open", 15, |setup, time| network(setup, time, Mode::Vanish)).in_dose(3),
    Scenario::new("redis unreachable", 15, |setup, time| network(setup, time, Mode::Refuse)),
    Scenario::new("redis gets a password", 5, password),
    Scenario::new("redis user loses permissions", 5, |setup, time| {
        between(setup, time, "ACL SETUSER default -eval -evalsha -set", "ACL SETUSER default +@all");
    }),
    Scenario::new("redis full", 5, |setup, time| {
        between(setup, time, "CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0");
    }),
    Scenario::new("redis is a replica", 5, |setup, time| {
        between(setup, time, "REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE");
    }),
    Scenario::new("redis forgets its scripts", 10, |setup, time| again_and_again(setup, time, "SCRIPT FLUSH")),
    Scenario::new("redis closes connections", 10, |setup, time| {
        again_and_again(setup, time, "CLIENT KILL TYPE normal");
    }),
    Scenario::new("redis failover by Sentinel", 1, sentinel_failover).with(Stores::Sentinel).loses_staging(),
    Scenario::new("redis failover in a cluster", 1, cluster_failover).with(Stores::Cluster).loses_staging(),
    Scenario::new("redis cluster moves a slot", 1, resharding).with(Stores::Cluster),
];

const MOST_OF_A_SECOND: Duration = Duration::from_millis(900);

fn network(setup: &mut Setup, time: Duration, mode: Mode) {
    setup.redis_proxy.set(mode);
    sleep(time);
    setup.redis_proxy.set(Mode::Pass);
}

fn run(url: &str, command: &str) {
    let mut words = command.split(' ');
    cmd(words.next().unwrap()).arg(words.collect::<Vec<_>>()).exec(&mut connection(url)).unwrap();
}

fn between(setup: &mut Setup, time: Duration, begin: &str, end: &str) {
    let url = setup.redis.one().url();
    run(&url, begin);
    sleep(time);
    run(&url, end);
}

fn again_and_again(setup: &mut Setup, time: Duration, command: &str) {
    let (url, begun) = (setup.redis.one().url(), Instant::now());
    while begun.elapsed() < time {
        run(&url, command);
        sleep(PERIOD);
    }
}

fn stopped(setup: &mut Setup, time: Duration) {
    down(setup, time, "-TERM");
}

fn killed(setup: &mut Setup, time: Duration) {
    down(setup, time, "-KILL");
}

fn down(setup: &mut Setup, time: Duration, signal: &str) {
    let server = setup.redis.one();
    server.crash(signal);
    sleep(time);
    server.start();
}

fn frozen(setup: &mut Setup, time: Duration) {
    let frozen = stop(&setup.redis.one().url());
    sleep(time);
    drop(frozen);
}

/// New connections need a password that the service does not have.
fn password(setup: &mut Setup, time: Duration) {
    let url = setup.redis.one().url();
    let mut control = connection(&url);
    let mut set = cmd("CONFIG");
    set.arg("SET").arg("requirepass").arg("secret").exec(&mut control).unwrap();
    cmd("CLIENT").arg("KILL").arg("TYPE").arg("normal").exec(&mut control).unwrap();
    sleep(time);
    let with_password = url.replace("redis://", "redis://:secret@");
    run(&with_password, "CONFIG SET requirepass ");
}

fn sentinel_failover(setup: &mut Setup, _: Duration) {
    let Redis::Sentinel(own) = &mut setup.redis else { panic!("no Sentinel") };
    own.set_down_after(Duration::from_secs(1));
    own.servers[0].kill();
    own.wait_for_primary(own.servers[1].port());
}

fn cluster_failover(setup: &mut Setup, _: Duration) {
    let Redis::Cluster(cluster) = &mut setup.redis else { panic!("no cluster") };
    let shared = cluster.slot("{shared}");
    let primary = cluster.owner(shared);
    cluster.set_node_timeout(Duration::from_secs(2));
    cluster.nodes[primary].kill();
    wait_until("failover", || cluster.owner(shared) != primary);
    cluster.wait_until_ok();
}

/// The slot of the shared counters goes to each of the other primaries, and back.
fn resharding(setup: &mut Setup, _: Duration) {
    let Redis::Cluster(cluster) = &mut setup.redis else { panic!("no cluster") };
    let slot = cluster.slot("{shared}");
    let first = cluster.owner(slot);
    for to in [(first + 1) % 3, (first + 2) % 3, first] {
        cluster.move_slot(slot, to);
    }
}
