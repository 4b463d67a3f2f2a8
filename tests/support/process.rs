//! Servers that cannot outlive the tests.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Runs `start` in a shell (it must leave the server's pid in `$PID`), and `stop` as soon as this process ends in any
/// way: the shell waits for the end of its standard input, which the kernel closes for it.
pub fn tethered(start: &str, stop: &str) -> Child {
    let script = format!("{start}\nread _\n{stop}\n");
    Command::new("sh")
        .args(["-c", &script])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}
