//! Faults of PostgreSQL.

use crate::proxy::Mode;
use crate::scenario::Scenario;
use crate::setup::{Setup, Stores};
use crate::support::process::{Stopped, signal};
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use std::thread::sleep;
use std::time::{Duration, Instant};

pub const SCENARIOS: &[Scenario] = &[
    Scenario::new("postgresql stopped (fast)", 15, |setup, time| stopped(setup, time, "fast"))
        .with(Stores::OwnPostgres),
    Scenario::new("postgresql stopped (immediate)", 2, |setup, time| stopped(setup, time, "immediate"))
        .with(Stores::OwnPostgres)
        .in_dose(1),
    Scenario::new("postgresql process killed", 2, killed).with(Stores::OwnPostgres),
    Scenario::new("postgresql frozen", 15, frozen).with(Stores::OwnPostgres),
    Scenario::new("postgresql half open", 15, |setup, time| network(setup, time, Mode::Vanish)).in_dose(4),
    Scenario::new("postgresql connections cut", 15, |setup, time| network(setup, time, Mode::Cut)),
    Scenario::new("postgresql slow by 0.3 s", 15, |setup, time| {
        network(setup, time, Mode::Delay(Duration::from_millis(300)));
    }),
    Scenario::new("postgresql unreachable", 15, |setup, time| network(setup, time, Mode::Refuse)),
    Scenario::new("postgresql answers to COMMIT lost", 10, |setup, time| network(setup, time, Mode::LoseCommits))
        .in_dose(2),
    Scenario::new("postgresql read-only", 10, read_only).in_dose(2),
    Scenario::new("postgresql ends connections", 10, terminating),
    Scenario::new("postgresql table locked", 10, locked),
    Scenario::new("postgresql has no connections left", 5, exhausted).with(Stores::OwnPostgres),
    Scenario::new("postgresql disk full (53100)", 5, |setup, time| raising(setup, time, "53100", 1.0)),
    Scenario::new("postgresql serialization failures (40001)", 10, |setup, time| raising(setup, time, "40001", 0.3)),
    Scenario::new("postgresql deadlocks (40P01)", 10, |setup, time| raising(setup, time, "40P01", 0.3)),
];

/// Ends all connections of the service.
const TERMINATE: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'doorstep'";

fn network(setup: &mut Setup, time: Duration, mode: Mode) {
    setup.postgres_proxy.set(mode);
    sleep(time);
    setup.postgres_proxy.set(Mode::Pass);
}

fn connect(setup: &Setup) -> PgConnection {
    PgConnection::establish(&setup.database).unwrap()
}

fn stopped(setup: &mut Setup, time: Duration, mode: &str) {
    let server = setup.own_postgres.as_ref().unwrap();
    server.stop(mode);
    sleep(time);
    server.start();
}

/// SIGKILL of the process of one connection: the server ends all others and recovers.
fn killed(setup: &mut Setup, time: Duration) {
    let begun = Instant::now();
    signal("KILL", &setup.own_postgres.as_ref().unwrap().processes()[1..]);
    while PgConnection::establish(&setup.database).is_err() {
        sleep(Duration::from_millis(10));
    }
    sleep(time.saturating_sub(begun.elapsed()));
}

fn frozen(setup: &mut Setup, time: Duration) {
    let stopped = Stopped::new(setup.own_postgres.as_ref().unwrap().processes());
    sleep(time);
    drop(stopped);
}

/// State after a failover: connections reach a server that has become read-only, and keep this setting.
fn read_only(setup: &mut Setup, time: Duration) {
    let mut admin = connect(setup);
    let name = setup.database.rsplit('/').next().unwrap();
    admin.batch_execute(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on; {TERMINATE}")).unwrap();
    sleep(time);
    let end =
        format!("SET default_transaction_read_only = off; ALTER DATABASE {name} RESET default_transaction_read_only");
    admin.batch_execute(&end).unwrap();
}

fn terminating(setup: &mut Setup, time: Duration) {
    let (mut admin, begun) = (connect(setup), Instant::now());
    while begun.elapsed() < time {
        admin.batch_execute(TERMINATE).unwrap();
        sleep(Duration::from_millis(100));
    }
}

fn locked(setup: &mut Setup, time: Duration) {
    let mut admin = connect(setup);
    admin.batch_execute("BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE").unwrap();
    sleep(time);
    admin.batch_execute("COMMIT").unwrap();
}

/// Other programs take every connection, and those of the service end.
fn exhausted(setup: &mut Setup, time: Duration) {
    let mut admin = connect(setup);
    admin.batch_execute(TERMINATE).unwrap();
    let (mut taken, begun) = (Vec::new(), Instant::now());
    while begun.elapsed() < time {
        match PgConnection::establish(&setup.database) {
            Ok(connection) => taken.push(connection),
            Err(_) => {
                admin.batch_execute(TERMINATE).unwrap();
                sleep(Duration::from_millis(20));
            }
        }
    }
}

/// Writes fail with this SQLSTATE and probability.
fn raising(setup: &mut Setup, time: Duration, state: &str, probability: f64) {
    let mut admin = connect(setup);
    let begin = format!(
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           IF random() < {probability} THEN RAISE EXCEPTION 'planted' USING ERRCODE = '{state}'; END IF;
           RETURN NEW; END $$;
         CREATE TRIGGER fail BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION fail();
         CREATE TRIGGER fail BEFORE INSERT OR UPDATE ON sessions FOR EACH ROW EXECUTE FUNCTION fail()"
    );
    admin.batch_execute(&begin).unwrap();
    sleep(time);
    admin.batch_execute("DROP TRIGGER fail ON users; DROP TRIGGER fail ON sessions").unwrap();
}
