//! nginx and HAProxy with their configurations of `deploy/`; `scripts/setup` installs both.

use crate::doorstep::{DEADLINE, Folder};
use crate::support::process::free_port;
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Proxy in front of two replicas; stops when it is dropped.
pub struct Proxy {
    pub address: String,
    process: Child,
    folder: Folder,
}

const LOG: &str = "proxy.log";
/// Replicas in the configurations.
const REPLICAS: [&str; 2] = ["127.0.0.1:8080", "127.0.0.1:8081"];

/// Path of a program.
fn installed(name: &str) -> String {
    let paths = ["/usr/sbin", "/usr/bin", "/usr/local/sbin"].map(|folder| format!("{folder}/{name}"));
    let found = paths.into_iter().find(|path| Path::new(path).exists());
    found.unwrap_or_else(|| panic!("{name} is missing: run scripts/setup"))
}

/// Configuration of `deploy/` with other addresses. Each replacement must match.
fn configuration(name: &str, replicas: [&str; 2], replacements: &[(&str, &str)]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(name);
    let mut text = std::fs::read_to_string(path).unwrap();
    let replicas: Vec<_> = REPLICAS.into_iter().zip(replicas).collect();
    for (from, to) in replicas.iter().chain(replacements) {
        assert!(text.contains(from), "{name} has no {from}");
        text = text.replace(from, to);
    }
    text
}

impl Proxy {
    /// Starts nginx in front of these addresses.
    pub async fn nginx(replicas: [&str; 2]) -> Self {
        let program = installed("nginx");
        let (folder, port) = (Folder::new(), free_port());
        // The packaged folders are writable for root only.
        let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let paths = paths.map(|name| format!("{name}_temp_path {name};\n"));
        let (listen, http) = (format!("listen 127.0.0.1:{port};"), format!("http {{\n{}", paths.concat()));
        let replacements = [("listen 80;", &*listen), ("http {", &http)];
        folder.write("nginx.conf", &configuration("nginx.conf", replicas, &replacements));
        let prefix = format!("{}/", folder.as_ref().display());
        let settings = "daemon off; pid nginx.pid; error_log stderr;";
        let arguments = ["-p", &prefix, "-c", "nginx.conf", "-g", settings];
        Self::start(&program, &arguments, folder, port).await
    }

    /// Starts HAProxy in front of these addresses.
    pub async fn haproxy(replicas: [&str; 2]) -> Self {
        let program = installed("haproxy");
        let (folder, port) = (Folder::new(), free_port());
        let bind = format!("bind 127.0.0.1:{port}");
        folder.write("haproxy.cfg", &configuration("haproxy.cfg", replicas, &[("bind :80", &bind)]));
        let path = folder.path("haproxy.cfg").display().to_string();
        Self::start(&program, &["-db", "-f", &path], folder, port).await
    }

    /// Waits until the proxy reaches a replica.
    async fn start(program: &str, arguments: &[&str], folder: Folder, port: u16) -> Self {
        let mut command = Command::new(program);
        let log = File::create(folder.path(LOG)).unwrap();
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let (mut process, address) = (command.spawn().unwrap(), format!("127.0.0.1:{port}"));
        let deadline = Instant::now() + DEADLINE;
        while !is_up(&address).await {
            assert!(Instant::now() < deadline && process.try_wait().unwrap().is_none(), "{program} does not start");
        }
        Self { address, process, folder }
    }

    /// Log of the proxy: nginx writes its errors.
    pub fn log(&self) -> String {
        self.folder.read(LOG)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // SIGTERM: nginx stops its workers, too.
        drop(Command::new("sh").args(["-c", &format!("kill {}", self.process.id())]).status());
        drop(self.process.wait());
    }
}

/// Tells whether the proxy reaches the server.
pub async fn is_up(address: &str) -> bool {
    let Ok(mut socket) = TcpStream::connect(address).await else { return false };
    let request = b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let mut answer = String::new();
    socket.write_all(request).await.is_ok()
        && socket.read_to_string(&mut answer).await.is_ok()
        && answer.starts_with("HTTP/1.1 200")
}
