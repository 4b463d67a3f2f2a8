//! What a stranger with a socket tries below and around HTTP.

use crate::test_server::{BackEnds, TestServer};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The status of the one answer after which the server closes the connection, and what came with it.
async fn last_words(server: &TestServer, bytes: &[u8]) -> (u16, String) {
    let mut socket = TcpStream::connect(server.url.trim_start_matches("http://")).await.unwrap();
    socket.write_all(bytes).await.unwrap();
    let mut said = Vec::new();
    let closed = tokio::time::timeout(Duration::from_secs(20), socket.read_to_end(&mut said)).await;
    assert!(closed.is_ok(), "the connection stays open");
    let said = String::from_utf8_lossy(&said).into_owned();
    assert_eq!(said.matches("HTTP/1.1 ").count(), 1, "{said}");
    (said.split(' ').nth(1).unwrap().parse().unwrap(), said)
}

/// Two readings of where a request ends are how one client's request becomes part of another's behind a proxy: whatever
/// has two is refused, and what follows on the connection is not read.
#[actix_web::test]
async fn a_request_with_two_ends_is_refused_and_nothing_behind_it_is_read() {
    let server = TestServer::new(BackEnds::Embedded).await;
    let framings = [
        "Content-Length: 2\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 2",
        "Content-Length: 2\r\nContent-Length: 7",
        "Content-Length: 2, 2",
        "Content-Length: +2",
        "Content-Length: -2",
        "Content-Length: 99999999999999999999",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding: \u{b}chunked",
        "X: a\r\n Transfer-Encoding: chunked",
    ];
    for framing in framings {
        let request = format!(
            "POST /v1/captchas HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{framing}\r\n\r\n\
             2\r\n{{}}\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        );
        assert_eq!(last_words(&server, request.as_bytes()).await.0, 400, "{framing:?}");
    }
}

/// docs/api.md says so: what cannot be read as HTTP is refused before there is a request to answer in full.
#[actix_web::test]
async fn what_is_no_http_gets_a_bare_status() {
    let server = TestServer::new(BackEnds::Embedded).await;
    let long = format!("GET /healthz HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "a".repeat(200_000));
    let many = format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{}\r\n", "X: y\r\n".repeat(200));
    let cases: [(&[u8], u16); 7] = [
        (b"nonsense\r\n\r\n", 400),
        (b"GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (long.as_bytes(), 431),
        (many.as_bytes(), 431),
    ];
    for (bytes, status) in cases {
        let (answered, said) = last_words(&server, bytes).await;
        assert_eq!(answered, status, "{said}");
        assert!(said.ends_with("\r\n\r\n"), "no body: {said}");
    }
}
