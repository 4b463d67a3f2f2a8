//! Limits on connections, over plain sockets.

use crate::test_server::{BackEnds, TestServer};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const REQUEST: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
/// Longest wait for the server. Only a failing test reaches it.
const DEADLINE: Duration = Duration::from_secs(30);

async fn server(settings: &[(&str, &str)]) -> TestServer {
    TestServer::with(BackEnds::Embedded, settings).await
}

async fn connect(server: &TestServer) -> TcpStream {
    TcpStream::connect(server.url.trim_start_matches("http://")).await.unwrap()
}

/// Sends a request and tells whether it is answered. The server closes a connection that it refuses.
async fn is_served(socket: &mut TcpStream) -> bool {
    let mut answer = [0; 12];
    socket.write_all(REQUEST).await.is_ok()
        && tokio::time::timeout(DEADLINE, socket.read_exact(&mut answer)).await.unwrap().is_ok()
        && answer == *b"HTTP/1.1 200"
}

/// Opens connections until one is refused, at most `most`.
async fn open(server: &TestServer, most: usize) -> Vec<TcpStream> {
    let mut served = Vec::new();
    while served.len() < most {
        let mut socket = connect(server).await;
        if !is_served(&mut socket).await {
            break;
        }
        served.push(socket);
    }
    served
}

/// Reads until the text comes. Returns `false` if the connection ends before.
async fn wait_for_text(socket: &mut TcpStream, text: &str) -> bool {
    let (mut received, mut chunk) = (String::new(), [0; 1_024]);
    while !received.contains(text) {
        match tokio::time::timeout(DEADLINE, socket.read(&mut chunk)).await.unwrap() {
            Ok(0) | Err(_) => return false,
            Ok(count) => received.push_str(&String::from_utf8_lossy(&chunk[..count])),
        }
    }
    true
}

/// Waits until the server has noticed a closed connection and serves a new one.
async fn wait_for_place(server: &TestServer) {
    let place = async { while !is_served(&mut connect(server).await).await {} };
    tokio::time::timeout(DEADLINE, place).await.unwrap();
}

#[actix_web::test]
async fn a_peer_has_a_maximum_number_of_connections() {
    let server = server(&[("MAX_CONNECTIONS_PER_PEER", "3")]).await;
    let sockets = open(&server, 10).await;
    assert_eq!(sockets.len(), 3);
    drop(sockets);
    wait_for_place(&server).await;
}

#[actix_web::test]
async fn a_trusted_proxy_is_limited_by_the_total_only() {
    let settings = [("MAX_CONNECTIONS_PER_PEER", "3"), ("MAX_CONNECTIONS", "5"), ("TRUSTED_PROXIES", "127.0.0.1/32")];
    let server = server(&settings).await;
    let sockets = open(&server, 10).await;
    assert_eq!(sockets.len(), 5);
    drop(sockets);
    wait_for_place(&server).await;
}

/// The timeout of a head is 10 s; an idle connection stays open for KEEP_ALIVE_SECONDS. Therefore this test takes 10 s.
#[actix_web::test]
async fn a_second_head_that_does_not_end_closes_the_connection() {
    let server = server(&[]).await;
    let mut slow = connect(&server).await;
    let mut idle = connect(&server).await;
    assert!(is_served(&mut slow).await && is_served(&mut idle).await);
    slow.write_all(b"GET /healthz HTTP/1.1\r\nHost:").await.unwrap();
    let mut rest = Vec::new();
    let closed = tokio::time::timeout(DEADLINE, slow.read_to_end(&mut rest)).await;
    assert!(closed.is_ok(), "the connection stays open");
    idle.write_all(REQUEST).await.unwrap();
    assert!(wait_for_text(&mut idle, "HTTP/1.1 200").await, "an idle connection stays open for longer");
}

#[actix_web::test]
async fn an_idle_connection_stays_open_for_keep_alive_seconds() {
    let server = server(&[("KEEP_ALIVE_SECONDS", "2")]).await;
    let mut idle = connect(&server).await;
    assert!(is_served(&mut idle).await);
    let (started, mut rest) = (Instant::now(), Vec::new());
    tokio::time::timeout(DEADLINE, idle.read_to_end(&mut rest)).await.unwrap().unwrap();
    let open = started.elapsed();
    // The timers of the HTTP library are precise to half a second.
    assert!(open > Duration::from_secs(1) && open < Duration::from_secs(9), "{open:?}");
}
