//! Faults of the replicas and of their clients.

use crate::scenario::Scenario;
use crate::setup::Setup;
use std::io::Write;
use std::net::TcpStream;
use std::thread::sleep;
use std::time::{Duration, Instant};

pub const SCENARIOS: &[Scenario] = &[
    Scenario::new("one replica killed", 2, |setup, time| down(setup, time, &[0], "KILL")).in_dose(1),
    Scenario::new("both replicas killed", 2, |setup, time| down(setup, time, &[0, 1], "KILL")),
    Scenario::new("one replica stopped (SIGTERM)", 2, |setup, time| down(setup, time, &[0], "TERM")),
    Scenario::new("rolling restart", 1, |setup, time| {
        down(setup, time, &[0], "TERM");
        down(setup, time, &[1], "TERM");
    }),
    Scenario::new("one replica frozen for 5 s", 5, frozen),
    Scenario::new("nobody reads the log", 15, unread_log).in_dose(3),
    Scenario::new("clients hang up", 5, hanging_up),
];

/// Ends these replicas with a signal, and starts them again.
fn down(setup: &mut Setup, time: Duration, replicas: &[usize], signal: &str) {
    for replica in replicas {
        setup.replicas[*replica].doorstep.signal(signal);
    }
    for replica in replicas {
        setup.replicas[*replica].doorstep.wait();
    }
    sleep(time);
    for replica in replicas {
        setup.replicas[*replica].start_again();
    }
    for replica in replicas {
        setup.wait_until_ready(&setup.replicas[*replica]);
    }
}

fn frozen(setup: &mut Setup, time: Duration) {
    let replica = &setup.replicas[0].doorstep;
    replica.signal("STOP");
    sleep(time);
    replica.signal("CONT");
}

fn unread_log(setup: &mut Setup, time: Duration) {
    let stall = |stalled| setup.replicas.iter().for_each(|replica| replica.doorstep.stall_output(stalled));
    stall(true);
    sleep(time);
    stall(false);
}

/// Clients send a part of a request, or a whole one, and close the connection.
fn hanging_up(setup: &mut Setup, time: Duration) {
    let begun = Instant::now();
    let body = "{}";
    let head = "POST /v1/captchas HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 10.8.0.1\r\nContent-Type: application/json";
    let request = format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    while begun.elapsed() < time {
        for (count, url) in setup.urls().iter().cycle().take(32).enumerate() {
            let mut socket = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
            socket.write_all(&request.as_bytes()[..request.len() * (count + 1) / 32]).unwrap();
        }
        sleep(Duration::from_millis(50));
    }
}
