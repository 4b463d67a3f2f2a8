//! The release binary as a child process.

use crate::bare_handler::MODE;
use crate::client::Client;
use crate::process;
use crate::support::process::free_port;
use std::ffi::OsString;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A running process; killed when it is dropped.
pub struct Server {
    child: Child,
    pub port: u16,
    _folder: TempDir,
    /// Time of the start of the process.
    pub started: Instant,
}

impl Server {
    /// Starts the service with exactly these variables. It logs as in production: JSON at level `info`.
    pub fn doorstep(variables: &[(&str, String)]) -> Self {
        Self::service(Command::new(program()), variables)
    }

    /// Starts the service inside another program, which executes the program of its last argument.
    pub fn doorstep_in(mut command: Command, variables: &[(&str, String)]) -> Self {
        command.arg(program());
        Self::service(command, variables)
    }

    fn service(mut command: Command, variables: &[(&str, String)]) -> Self {
        command.env_clear().env("LOG_FORMAT", "json").env("DOCS", "false").envs(variables.iter().cloned());
        Self::start(command, |command, port| command.env("BIND", format!("127.0.0.1:{port}")))
    }

    /// Starts this program as [`crate::bare_handler`].
    pub fn bare(redis: &str) -> Self {
        let command = Command::new(std::env::current_exe().unwrap());
        Self::start(command, |command, port| command.args([MODE, &port.to_string(), redis]))
    }

    fn start(mut command: Command, listen_on: impl FnOnce(&mut Command, u16) -> &mut Command) -> Self {
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        command.current_dir(folder.path()).stdin(Stdio::null()).stdout(Stdio::null());
        listen_on(&mut command, port);
        let started = Instant::now();
        let child = command.spawn().unwrap();
        Self { child, port, _folder: folder, started }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn cpu(&self) -> Duration {
        process::cpu(self.pid())
    }

    /// Returns the time from the start until the first response with status 200 for `path`.
    pub async fn first_response(&mut self, path: &str) -> Duration {
        loop {
            if let Ok(mut client) = Client::connect(self.port).await
                && client.get(path).await.is_ok_and(|response| response.status == 200)
            {
                return self.started.elapsed();
            }
            assert!(self.child.try_wait().unwrap().is_none(), "the server has exited");
            assert!(self.started.elapsed() < Duration::from_secs(30), "no response");
            tokio::time::sleep(Duration::from_micros(500)).await;
        }
    }
}

/// Program that is measured: that of another build if `BENCH_PROGRAM` names one.
#[expect(clippy::disallowed_methods, reason = "a benchmark has no settings")]
fn program() -> OsString {
    std::env::var_os("BENCH_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_doorstep").into())
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
