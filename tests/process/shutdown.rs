//! SIGTERM and SIGINT: the server completes the requests and messages that have begun.

use crate::client::Response;
use crate::doorstep::{DEADLINE, Folder, Var};
use crate::slow_provider::TestServer;
use reqwest::{Method, StatusCode};
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};
use tokio::time::timeout;

const PHONE: &str = "+8613800138000";

async fn a_request_in_flight_is_completed(signal: &str) {
    let mut server = TestServer::new(&[]).await;
    let client = server.client.clone();
    let request = actix_web::rt::spawn(async move { client.send_code(PHONE).await });
    server.wait_for_provider_request().await;
    server.doorstep.signal(signal);
    server.wait_until_port_is_closed();
    assert!(!request.is_finished());
    server.release_provider();
    let response: Response = timeout(DEADLINE, request).await.unwrap().unwrap();
    assert_eq!(response.status, 200, "{response:?}");
    assert!(server.doorstep.wait().success());
    server.doorstep.line("shutdown complete");
    assert!(server.sms.code_for(PHONE).is_some());
}

#[actix_web::test]
async fn after_sigterm_a_request_in_flight_is_completed() {
    a_request_in_flight_is_completed("TERM").await;
}

#[actix_web::test]
async fn after_sigint_a_request_in_flight_is_completed() {
    a_request_in_flight_is_completed("INT").await;
}

/// The client already has its response, so it would not retry.
#[actix_web::test]
async fn after_sigterm_a_message_in_the_background_is_sent() {
    let mut server = TestServer::new(&[("REGISTER_CONCEAL_TAKEN", "true")]).await;
    let sent = server.client.send_code(PHONE).await;
    assert_eq!(sent.status, 200, "{sent:?}");
    server.wait_for_provider_request().await;
    server.doorstep.signal("TERM");
    server.wait_until_port_is_closed();
    server.release_provider();
    assert!(server.doorstep.wait().success());
    assert!(server.sms.code_for(PHONE).is_some());
    let line = server.doorstep.line("outcome=\"accepted\"");
    assert!(line.contains(&sent.request_id), "{line}");
}

/// The provider never responds, and the orchestrator would kill the process: `SHUTDOWN_SECONDS` ends the wait.
#[actix_web::test]
async fn the_shutdown_ends_after_shutdown_seconds() {
    let mut server = TestServer::new(&[("REGISTER_CONCEAL_TAKEN", "true"), ("SHUTDOWN_SECONDS", "2")]).await;
    assert_eq!(server.client.send_code(PHONE).await.status, 200);
    server.wait_for_provider_request().await;
    let started = Instant::now();
    server.doorstep.stop("TERM");
    assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
    server.doorstep.line("shutdown timed out");
}

/// The idle connections of a client, open for its next request, do not delay the shutdown.
#[actix_web::test]
async fn an_idle_server_stops_at_once() {
    let folder = Folder::new();
    for signal in ["TERM", "INT"] {
        let (mut doorstep, client) = folder.serve(&[]).await;
        assert_eq!(client.get("/healthz").await.status, 200);
        let started = Instant::now();
        doorstep.stop(signal);
        assert!(started.elapsed() < Duration::from_secs(5), "{signal}: {:?}", started.elapsed());
    }
}

/// Settings of a server whose delay ends only with a second signal.
const LONG_DELAY: [Var<'_>; 1] = [("SHUTDOWN_DELAY_SECONDS", "600")];

/// A load balancer notices by `/readyz`, and uses no connection twice. Until it does, its requests are served.
#[actix_web::test]
async fn after_sigterm_the_server_serves_until_the_delay_ends() {
    let folder = Folder::new();
    let (mut doorstep, client) = folder.serve(&LONG_DELAY).await;
    let mut idle = TcpStream::connect(doorstep.address()).unwrap();
    doorstep.signal("TERM");
    client.wait_for_readiness(503).await;
    for _ in 0..3 {
        let response = client.request(Method::POST, "/v1/captchas").json(&json!({})).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::CREATED);
        assert_eq!(response.headers()["connection"], "close");
    }
    // This connection is older than the drain.
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut answer = String::new();
    idle.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("connection: close"), "{answer}");
    let started = Instant::now();
    doorstep.stop("TERM");
    assert!(started.elapsed() < Duration::from_secs(15), "a second signal ends the delay: {:?}", started.elapsed());
}

#[actix_web::test]
async fn after_sigint_there_is_no_delay() {
    let folder = Folder::new();
    let (mut doorstep, _client) = folder.serve(&LONG_DELAY).await;
    let started = Instant::now();
    doorstep.stop("INT");
    assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
}

/// A delay of one second, a request in flight and idle connections: the first is completed, the others are closed.
#[actix_web::test]
async fn after_the_delay_a_request_in_flight_is_completed() {
    let mut server = TestServer::new(&[("SHUTDOWN_DELAY_SECONDS", "1")]).await;
    let mut idle = TcpStream::connect(server.doorstep.address()).unwrap();
    let client = server.client.clone();
    let request = actix_web::rt::spawn(async move { client.send_code(PHONE).await });
    server.wait_for_provider_request().await;
    server.doorstep.signal("TERM");
    server.wait_until_port_is_closed();
    assert_eq!(idle.read(&mut [0]).unwrap(), 0);
    assert!(!request.is_finished());
    server.release_provider();
    assert_eq!(timeout(DEADLINE, request).await.unwrap().unwrap().status, 200);
    assert!(server.doorstep.wait().success());
}
