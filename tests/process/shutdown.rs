//! SIGTERM and SIGINT: nobody who was let in is turned away.

use crate::client::Answer;
use crate::doorstep::{DEADLINE, Folder};
use crate::gate::TestServer;
use std::time::{Duration, Instant};
use tokio::time::timeout;

const PHONE: &str = "+8613800138000";

async fn a_request_in_flight_is_answered(signal: &str) {
    let mut server = TestServer::new(&[]).await;
    let client = server.client.clone();
    let request = actix_web::rt::spawn(async move { client.send_code(PHONE).await });
    server.provider_is_asked().await;
    server.doorstep.signal(signal);
    server.refuses_connections();
    assert!(!request.is_finished());
    server.open_gate();
    let answer: Answer = timeout(DEADLINE, request).await.unwrap().unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(server.doorstep.wait().success());
    server.doorstep.line("shutdown complete");
    assert!(server.sms.code_for(PHONE).is_some());
}

#[actix_web::test]
async fn sigterm_lets_a_request_in_flight_be_answered() {
    a_request_in_flight_is_answered("TERM").await;
}

#[actix_web::test]
async fn sigint_lets_a_request_in_flight_be_answered() {
    a_request_in_flight_is_answered("INT").await;
}

/// Nobody waits for such a message, so nobody would ask for it again.
#[actix_web::test]
async fn a_message_in_the_background_is_still_handed_over() {
    let mut server = TestServer::new(&[("REGISTER_CONCEAL_TAKEN", "true")]).await;
    let sent = server.client.send_code(PHONE).await;
    assert_eq!(sent.status, 200, "{sent:?}");
    server.provider_is_asked().await;
    server.doorstep.signal("TERM");
    server.refuses_connections();
    server.open_gate();
    assert!(server.doorstep.wait().success());
    assert!(server.sms.code_for(PHONE).is_some());
    let line = server.doorstep.line("outcome=\"accepted\"");
    assert!(line.contains(&sent.request_id), "{line}");
}

/// The provider hangs, and the orchestrator would kill: the limit ends the wait.
#[actix_web::test]
async fn the_wait_has_an_end() {
    let mut server = TestServer::new(&[("REGISTER_CONCEAL_TAKEN", "true"), ("SHUTDOWN_SECONDS", "2")]).await;
    assert_eq!(server.client.send_code(PHONE).await.status, 200);
    server.provider_is_asked().await;
    let asked = Instant::now();
    server.doorstep.stop("TERM");
    assert!(asked.elapsed() < Duration::from_secs(15), "{:?}", asked.elapsed());
    server.doorstep.line("shutdown timed out");
}

/// The client's idle connections, which it keeps for its next request, hold nothing up.
#[actix_web::test]
async fn an_idle_server_stops_at_once() {
    let folder = Folder::new();
    for signal in ["TERM", "INT"] {
        let (mut doorstep, client) = folder.serve(&[]).await;
        assert_eq!(client.get("/healthz").await.status, 200);
        let asked = Instant::now();
        doorstep.stop(signal);
        assert!(asked.elapsed() < Duration::from_secs(5), "{signal}: {:?}", asked.elapsed());
    }
}
