//! Malformed HTTP and request smuggling, over plain sockets.

use crate::test_server::{BackEnds, TestServer};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Sends these bytes and reads until the server closes the connection. Returns the status and the text of the only
/// response.
async fn read_until_closed(server: &TestServer, bytes: &[u8]) -> (u16, String) {
    let mut socket = TcpStream::connect(server.url.trim_start_matches("http://")).await.unwrap();
    socket.write_all(bytes).await.unwrap();
    let mut received = Vec::new();
    let closed = tokio::time::timeout(Duration::from_secs(20), socket.read_to_end(&mut received)).await;
    assert!(closed.is_ok(), "the connection stays open");
    let text = String::from_utf8_lossy(&received).into_owned();
    assert_eq!(text.matches("HTTP/1.1 ").count(), 1, "{text}");
    (text.split(' ').nth(1).unwrap().parse().unwrap(), text)
}

/// Request smuggling uses a request whose end a proxy and the service read differently. The service rejects such a
/// request and reads nothing more on the connection.
#[actix_web::test]
async fn an_ambiguous_request_length_is_rejected_and_the_connection_closed() {
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
        assert_eq!(read_until_closed(&server, request.as_bytes()).await.0, 400, "{framing:?}");
    }
}

/// docs/api.md promises it: the server rejects malformed HTTP before it has a request that could get a full error.
#[actix_web::test]
async fn malformed_http_gets_a_status_without_a_body() {
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
        let (received, text) = read_until_closed(&server, bytes).await;
        assert_eq!(received, status, "{text}");
        assert!(text.ends_with("\r\n\r\n"), "the response has a body: {text}");
    }
}
