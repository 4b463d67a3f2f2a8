//! The nginx and HAProxy configurations of `deploy/`, in front of the program. A test passes without a check if its
//! proxy is not installed; `scripts/setup` installs both.

use crate::client::Client;
use crate::doorstep::{DEADLINE, Doorstep, Folder};
use crate::support::process::free_port;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Proxy in front of a server; both stop when this is dropped.
struct Edge {
    doorstep: Doorstep,
    address: String,
    proxy: Child,
    _folder: Folder,
}

/// Returns the program, or `None` if it is not installed.
fn installed(name: &str) -> Option<String> {
    let paths = ["/usr/sbin", "/usr/bin", "/usr/local/sbin"].map(|folder| format!("{folder}/{name}"));
    paths.into_iter().find(|path| Path::new(path).exists())
}

/// Configuration of `deploy/` with other ports. Each replacement must match.
fn configuration(name: &str, replacements: &[(&str, &str)]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(name);
    let mut text = std::fs::read_to_string(path).unwrap();
    for (from, to) in replacements {
        assert!(text.contains(from), "{name} has no {from}");
        text = text.replace(from, to);
    }
    text
}

impl Edge {
    /// Starts nginx; `None` if it is not installed.
    async fn nginx() -> Option<Self> {
        let program = installed("nginx")?;
        let (folder, doorstep, port) = Self::doorstep().await;
        let (upstream, listen) = (doorstep.address(), format!("listen 127.0.0.1:{port};"));
        // The packaged folders are writable for root only.
        let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let paths = paths.map(|name| format!("{name}_temp_path {name};\n"));
        let http = format!("http {{\n{}", paths.concat());
        let replacements = [("listen 80;", &*listen), ("127.0.0.1:8080", &upstream), ("http {", &http)];
        folder.write("nginx.conf", &configuration("nginx.conf", &replacements));
        let prefix = format!("{}/", folder.as_ref().display());
        let settings = "daemon off; pid nginx.pid; error_log stderr;";
        let arguments = ["-p", &prefix, "-c", "nginx.conf", "-g", settings];
        Some(Self::start(&program, &arguments, folder, doorstep, port).await)
    }

    /// Starts HAProxy; `None` if it is not installed.
    async fn haproxy() -> Option<Self> {
        let program = installed("haproxy")?;
        let (folder, doorstep, port) = Self::doorstep().await;
        let (upstream, bind) = (doorstep.address(), format!("bind 127.0.0.1:{port}"));
        let replacements = [("bind :80", &*bind), ("127.0.0.1:8080", &upstream)];
        folder.write("haproxy.cfg", &configuration("haproxy.cfg", &replacements));
        let path = folder.path("haproxy.cfg").display().to_string();
        Some(Self::start(&program, &["-db", "-f", &path], folder, doorstep, port).await)
    }

    async fn doorstep() -> (Folder, Doorstep, u16) {
        let folder = Folder::new();
        let (doorstep, _) = folder.serve(&[("TRUSTED_PROXIES", "127.0.0.1/32"), ("LOG_FORMAT", "json")]).await;
        (folder, doorstep, free_port())
    }

    async fn start(program: &str, arguments: &[&str], folder: Folder, doorstep: Doorstep, port: u16) -> Self {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let (mut proxy, address) = (command.spawn().unwrap(), format!("127.0.0.1:{port}"));
        let deadline = Instant::now() + DEADLINE;
        while !is_up(&address).await {
            assert!(Instant::now() < deadline && proxy.try_wait().unwrap().is_none(), "{program} does not start");
        }
        Self { doorstep, address, proxy, _folder: folder }
    }

    /// Returns the log lines of completed requests for this route.
    fn requests(&self, route: &str) -> Vec<String> {
        let (completed, route) = ("request completed", format!("\"route\":\"{route}\""));
        let mut lines = self.doorstep.output();
        lines.retain(|line| line.contains(completed) && line.contains(&route));
        lines
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.address).await.unwrap()
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        // SIGTERM: nginx stops its workers, too.
        drop(Command::new("sh").args(["-c", &format!("kill {}", self.proxy.id())]).status());
        drop(self.proxy.wait());
    }
}

/// Tells whether the proxy reaches the server.
async fn is_up(address: &str) -> bool {
    let Ok(mut socket) = TcpStream::connect(address).await else { return false };
    let request = b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let mut answer = String::new();
    socket.write_all(request).await.is_ok()
        && socket.read_to_string(&mut answer).await.is_ok()
        && answer.starts_with("HTTP/1.1 200")
}

/// Reads until the proxy closes the connection.
async fn read_to_end(socket: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // A reset also closes the connection.
    let read = tokio::time::timeout(DEADLINE, socket.read_to_end(&mut answer)).await;
    assert!(read.is_ok(), "the connection stays open");
    String::from_utf8_lossy(&answer).into_owned()
}

async fn check(edge: Edge) {
    the_client_cannot_choose_its_address(&edge).await;
    a_large_response_is_complete(&edge).await;
    tokio::join!(a_second_head_ends(&edge), a_body_that_does_not_end_stays_outside(&edge));
    pipelined_requests_wait_for_a_client_that_does_not_read(&edge).await;
}

/// The proxy is 127.0.0.1, the client 127.0.0.2.
async fn the_client_cannot_choose_its_address(edge: &Edge) {
    let http = reqwest::Client::builder().no_proxy().local_address(Some([127, 0, 0, 2].into())).build().unwrap();
    let request = http.post(format!("http://{}/v1/captchas", edge.address)).header("X-Forwarded-For", "203.0.113.9");
    let response = request.header("Content-Type", "application/json").body("{}").send().await.unwrap();
    assert_eq!(response.status(), 201);
    edge.doorstep.lines("\"route\":\"/v1/captchas\"", 1);
    let lines = edge.requests("/v1/captchas");
    assert!(lines.len() == 1 && lines[0].contains("\"client\":\"127.0.0.2\""), "{lines:?}");
}

async fn a_large_response_is_complete(edge: &Edge) {
    let (direct, through) = (Client::new(&edge.doorstep.url()), Client::new(&format!("http://{}", edge.address)));
    let expected = direct.get("/openapi.json").await.body;
    assert!(expected.is_object());
    assert_eq!(through.get("/openapi.json").await.body, expected);
}

async fn a_second_head_ends(edge: &Edge) {
    let mut socket = edge.connect().await;
    let request = "GET /.well-known/jwks.json HTTP/1.1\r\nHost: x\r\n";
    socket.write_all(format!("{request}\r\n{request}").as_bytes()).await.unwrap();
    let answer = read_to_end(&mut socket).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(answer.matches("HTTP/1.1 200").count(), 1, "{answer}");
}

/// The proxy does not forward a request whose body is incomplete.
async fn a_body_that_does_not_end_stays_outside(edge: &Edge) {
    let mut socket = edge.connect().await;
    let head = "POST /v1/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9";
    socket.write_all(format!("{head}\r\n\r\n{{").as_bytes()).await.unwrap();
    read_to_end(&mut socket).await;
    assert_eq!(edge.requests("/v1/login"), Vec::<String>::new());
}

/// The client sends 400 requests for 0.5 MB each and reads nothing. The proxy forwards them one by one, so that most of
/// them wait. Other clients are served meanwhile.
async fn pipelined_requests_wait_for_a_client_that_does_not_read(edge: &Edge) {
    let before = edge.requests("/openapi.json").len();
    let mut socket = edge.connect().await;
    socket.write_all("GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n".repeat(400).as_bytes()).await.unwrap();
    let deadline = Instant::now() + DEADLINE;
    while edge.requests("/openapi.json").len() == before {
        assert!(Instant::now() < deadline, "no request arrives");
        assert!(is_up(&edge.address).await);
    }
    for _ in 0..100 {
        assert!(is_up(&edge.address).await);
    }
    let forwarded = edge.requests("/openapi.json").len() - before;
    assert!(forwarded < 50, "{forwarded} requests were forwarded");
}

#[actix_web::test]
async fn nginx_as_shipped_protects_the_service() {
    if let Some(edge) = Edge::nginx().await {
        check(edge).await;
    }
}

#[actix_web::test]
async fn haproxy_as_shipped_protects_the_service() {
    if let Some(edge) = Edge::haproxy().await {
        check(edge).await;
    }
}
