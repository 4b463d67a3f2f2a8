//! The nginx and HAProxy configurations of `deploy/`, in front of the program.

use crate::client::Client;
use crate::doorstep::{DEADLINE, Doorstep, Folder};
use crate::proxy::{Proxy, is_up};
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Proxy in front of a server; both stop when this is dropped.
struct Edge {
    proxy: Proxy,
    doorstep: Doorstep,
    _folder: Folder,
}

impl Edge {
    async fn nginx() -> Self {
        let (folder, doorstep, address) = Self::doorstep().await;
        Self { proxy: Proxy::nginx([&address; 2]).await, doorstep, _folder: folder }
    }

    async fn haproxy() -> Self {
        let (folder, doorstep, address) = Self::doorstep().await;
        Self { proxy: Proxy::haproxy([&address; 2]).await, doorstep, _folder: folder }
    }

    async fn doorstep() -> (Folder, Doorstep, String) {
        let folder = Folder::new();
        let (doorstep, _) = folder.serve(&[("TRUSTED_PROXIES", "127.0.0.1/32"), ("LOG_FORMAT", "json")]).await;
        let address = doorstep.address();
        (folder, doorstep, address)
    }

    /// Returns the log lines of completed requests for this route.
    fn requests(&self, route: &str) -> Vec<String> {
        let (completed, route) = ("request completed", format!("\"route\":\"{route}\""));
        let mut lines = self.doorstep.output();
        lines.retain(|line| line.contains(completed) && line.contains(&route));
        lines
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.proxy.address).await.unwrap()
    }
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
    let request =
        http.post(format!("http://{}/v1/captchas", edge.proxy.address)).header("X-Forwarded-For", "203.0.113.9");
    let response = request.header("Content-Type", "application/json").body("{}").send().await.unwrap();
    assert_eq!(response.status(), 201);
    edge.doorstep.lines("\"route\":\"/v1/captchas\"", 1);
    let lines = edge.requests("/v1/captchas");
    assert!(lines.len() == 1 && lines[0].contains("\"client\":\"127.0.0.2\""), "{lines:?}");
}

async fn a_large_response_is_complete(edge: &Edge) {
    let (direct, through) = (Client::new(&edge.doorstep.url()), Client::new(&format!("http://{}", edge.proxy.address)));
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
    edge.doorstep.output_until_now().await;
    assert_eq!(edge.requests("/v1/login"), Vec::<String>::new());
}

/// The client sends 400 requests for 0.5 MB each and reads nothing. The proxy forwards them one by one, so that most of
/// them wait. Other clients are served meanwhile.
async fn pipelined_requests_wait_for_a_client_that_does_not_read(edge: &Edge) {
    edge.doorstep.output_until_now().await;
    let before = edge.requests("/openapi.json").len();
    let mut socket = edge.connect().await;
    socket.write_all("GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n".repeat(400).as_bytes()).await.unwrap();
    let deadline = Instant::now() + DEADLINE;
    while edge.requests("/openapi.json").len() == before {
        assert!(Instant::now() < deadline, "no request arrives");
        assert!(is_up(&edge.proxy.address).await);
    }
    for _ in 0..100 {
        assert!(is_up(&edge.proxy.address).await);
    }
    let forwarded = edge.requests("/openapi.json").len() - before;
    assert!(forwarded < 50, "{forwarded} requests were forwarded");
}

#[actix_web::test]
async fn nginx_as_shipped_protects_the_service() {
    check(Edge::nginx().await).await;
}

#[actix_web::test]
async fn haproxy_as_shipped_protects_the_service() {
    check(Edge::haproxy().await).await;
}
