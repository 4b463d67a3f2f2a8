//! Server processes that stop with the test process.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

/// Returns a free port. Another process can take it before the caller binds it.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Returns different free ports.
pub fn free_ports<const N: usize>() -> [u16; N] {
    let listeners = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

/// Processes that were stopped with SIGSTOP. They continue when this is dropped, also in a failing test.
pub struct Stopped(Vec<String>);

impl Stopped {
    pub fn new(processes: Vec<String>) -> Self {
        signal("STOP", &processes);
        Self(processes)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        signal("CONT", &self.0);
    }
}

/// Sends a signal. A process may have ended.
pub fn signal(name: &str, processes: &[String]) {
    Command::new("kill").arg(format!("-{name}")).args(processes).output().unwrap();
}

/// Runs `start` in a shell, and `stop` when this process ends for any reason: the shell waits for the end of its
/// standard input, which the kernel closes then. `start` can set variables for `stop`, such as the process id.
pub fn spawn_with_cleanup(start: &str, stop: &str) -> Child {
    let script = format!("{start}\nread _\n{stop}\n");
    Command::new("sh")
        .args(["-c", &script])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}
