//! Clients that send further requests before they get the response to the first one.

use crate::client::Client;
use crate::doorstep::{DEADLINE, Doorstep, Folder};
use std::fs;
use std::io::ErrorKind;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// Response of 0.15 MB.
const DOCUMENT: &str = "GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n";
const SHORT: &str = "GET /.well-known/jwks.json HTTP/1.1\r\nHost: x\r\n\r\n";
const CONNECTIONS: usize = 8;
/// Head of 27 bytes. The path is unknown.
const SHORTEST: &str = "GET /x HTTP/1.1\r\nHost:x\r\n\r\n";
/// A connection holds one response, a copy of what the socket has not taken, and 2 KiB of heads as requests of 2 kB
/// each: 0.5 MB. If it held 128 KiB of heads, it would be 14 to 28 MB.
const MEMORY_PER_CONNECTION: u64 = 2_000_000;

impl Doorstep {
    /// Resident memory in bytes.
    fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1_024
    }
}

/// Sends these requests and then short heads, as many as the server takes, until it waits for the client to read. Then
/// reads the responses until the server has taken the heads.
async fn flood(address: &str, first: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(65_536).unwrap();
    let mut socket = socket.connect(address.parse().unwrap()).await.unwrap();
    let requests = format!("{first}{}", SHORTEST.repeat(180_000));
    let (mut left, end) = (requests.as_bytes(), Instant::now() + Duration::from_millis(200));
    while !left.is_empty() && Instant::now() < end {
        match socket.try_write(left) {
            Ok(count) => left = &left[count..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    }
    let (mut responses, mut chunk) = (Vec::new(), [0; 65_536]);
    while !String::from_utf8_lossy(&responses).contains("HTTP/1.1 404") {
        let count = socket.read(&mut chunk).await.unwrap();
        assert!(count > 0, "the connection ends without a response to a short head");
        // The status may be at the border of two parts.
        responses.drain(..responses.len().saturating_sub(16));
        responses.extend_from_slice(&chunk[..count]);
    }
    socket
}

async fn assert_memory_is_bounded(first: &str) {
    let folder = Folder::new();
    let (doorstep, client) = folder.serve(&[]).await;
    assert_eq!(client.get("/openapi.json").await.status, 200);
    let (before, address) = (doorstep.memory(), doorstep.address());
    let mut sockets = Vec::new();
    for _ in 0..CONNECTIONS {
        sockets.push(flood(&address, first).await);
        assert_eq!(client.get("/healthz").await.status, 200);
    }
    let grown = doorstep.memory().saturating_sub(before) / CONNECTIONS as u64;
    assert!(grown < MEMORY_PER_CONNECTION, "{grown} bytes for each connection");
    drop(sockets);
    assert_eq!(client.get("/healthz").await.status, 200);
}

#[actix_web::test]
async fn heads_behind_a_response_that_is_not_read_are_not_parsed() {
    assert_memory_is_bounded(&DOCUMENT.repeat(40)).await;
}

/// The body has no declared size, and its end is followed by heads.
#[actix_web::test]
async fn heads_behind_a_chunked_body_are_not_parsed() {
    let head = "POST /v1/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n";
    let first = format!("{head}\r\n2\r\n{{}}\r\n0\r\n\r\n{}", DOCUMENT.repeat(40));
    assert_memory_is_bounded(&first).await;
}

/// Reads this number of responses, and returns their statuses in order.
async fn statuses(socket: &mut TcpStream, count: usize) -> Vec<String> {
    let (mut received, mut chunk) = (String::new(), [0; 16_384]);
    loop {
        let found: Vec<_> = received
            .split("HTTP/1.1 ")
            .skip(1)
            .filter(|answer| answer.len() > 2)
            .map(|answer| answer.chars().take(3).collect::<String>())
            .collect();
        if found.len() >= count {
            return found;
        }
        let read = tokio::time::timeout(DEADLINE, socket.read(&mut chunk)).await.unwrap().unwrap();
        assert!(read > 0, "the connection ends after {received}");
        received.push_str(&String::from_utf8_lossy(&chunk[..read]));
    }
}

/// Requests of all kinds, pipelined on one connection, in pieces of any size.
#[actix_web::test]
async fn pipelined_requests_are_served_in_order_and_keep_the_connection() {
    let folder = Folder::new();
    let (doorstep, _) = folder.serve(&[]).await;
    let post = |body: &str, headers: &str| {
        let head = "POST /v1/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
        format!("{head}{headers}\r\n{body}")
    };
    let largest = format!("{{\"a\":\"{}\"}}", "\n".repeat(16 * 1_024 - 8));
    let declared = |body: &str| post(body, &format!("Content-Length: {}\r\n", body.len()));
    let requests = [
        SHORT.to_owned(),
        declared("{}"),
        // A line break in a string is no JSON, but the whole body is read.
        declared(&largest),
        post("2\r\n{}\r\n0\r\n\r\n", "Transfer-Encoding: chunked\r\n"),
        // No handler reads this body.
        "GET /v1/me HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}".to_owned(),
        SHORT.replace('\r', ""),
    ]
    .concat();
    for piece in [1, 1_000, 2_048, 100_000] {
        // Only the first requests come in single bytes: they include a whole one with a body.
        let mut socket = TcpStream::connect(doorstep.address()).await.unwrap();
        socket.set_nodelay(true).unwrap();
        let bytes = requests.as_bytes();
        let single = if piece == 1 { 200 } else { 0 };
        for one in bytes[..single].chunks(1).chain(bytes[single..].chunks(piece.max(500))) {
            socket.write_all(one).await.unwrap();
        }
        assert_eq!(statuses(&mut socket, 6).await, ["200", "400", "400", "400", "401", "200"], "{piece}");
        socket.write_all(SHORT.as_bytes()).await.unwrap();
        assert_eq!(statuses(&mut socket, 1).await, ["200"]);
    }
}

/// A request that waits for its body, and one whose client disconnects meanwhile.
#[actix_web::test]
async fn a_client_that_disconnects_during_a_body_frees_its_place() {
    let folder = Folder::new();
    let (doorstep, _) = folder.serve(&[("MAX_CONNECTIONS", "2")]).await;
    let head = "POST /v1/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{";
    for _ in 0..10 {
        let mut socket = TcpStream::connect(doorstep.address()).await.unwrap();
        socket.write_all(head.as_bytes()).await.unwrap();
    }
    let deadline = Instant::now() + DEADLINE;
    while Client::new(&doorstep.url()).try_get("/healthz").await != Some(200) {
        assert!(Instant::now() < deadline, "the places stay taken");
    }
}
