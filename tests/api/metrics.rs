//! Metrics: `GET /metrics`, on its own port.

use crate::support::cloopen::Behaviour;
use crate::test_server::{TestServer, fresh_phone, wrong_code};
use serde_json::json;

crate::server_tests!(
    a_code_is_counted_when_it_is_sent_and_when_it_is_verified,
    a_refused_message_is_counted_as_refused
);

const SENT: &str = "provider=\"cloopen\",region=\"CN\",purpose=\"register\"";

async fn a_code_is_counted_when_it_is_sent_and_when_it_is_verified(server: TestServer) {
    let phone = fresh_phone();
    let ticket = server.new_ticket(&phone).await;
    assert_eq!(server.metric("doorstep_sms_attempts_total", &format!("{SENT},outcome=\"accepted\"")).await, 1.0);
    assert_eq!(server.metric("doorstep_sms_attempt_seconds_count", SENT).await, 1.0);
    let sent = "region=\"CN\",purpose=\"register\",outcome=\"accepted\"";
    assert_eq!(server.metric("doorstep_sms_messages_total", sent).await, 1.0);

    let code = server.sms.code_for(&phone).unwrap();
    server.verify_code(&ticket, &wrong_code(&code)).await.assert_error(422, "code_wrong");
    assert_eq!(server.metric("doorstep_codes_verified_total", "").await, 0.0);
    for status in [200, 409] {
        assert_eq!(server.verify_code(&ticket, &code).await.status, status);
        assert_eq!(server.metric("doorstep_codes_verified_total", SENT).await, 1.0, "the code was counted twice");
    }
    let verified = "method=\"POST\",route=\"/v1/register/verify-code\"";
    assert_eq!(server.metric("doorstep_http_requests_total", &format!("{verified},status=\"200\"")).await, 1.0);
    assert_eq!(server.metric("doorstep_http_request_seconds_count", verified).await, 3.0);
}

async fn a_refused_message_is_counted_as_refused(server: TestServer) {
    server.sms.behave(Behaviour::Refuse("160032"));
    server.send_code(&fresh_phone()).await.assert_error(502, "sms_delivery_failed");
    let failed = "region=\"CN\",purpose=\"register\",outcome=\"refused\"";
    assert_eq!(server.metric("doorstep_sms_messages_total", failed).await, 1.0);
    assert_eq!(server.metric("doorstep_sms_attempts_total", &format!("{SENT},outcome=\"refused\"")).await, 1.0);
    assert_eq!(server.metric("doorstep_sms_messages_total", "outcome=\"accepted\"").await, 0.0);
}

/// No client input becomes a label: otherwise one client could fill the memory of the monitoring system.
#[actix_web::test]
async fn client_input_creates_no_labels() {
    let server = TestServer::with(crate::test_server::BackEnds::Embedded, &[("SMS_BUDGET_REGION_HOUR", "1")]).await;
    for n in 0..20 {
        let path = format!("/no-such-path-{n}");
        server.send(server.request(reqwest::Method::GET, &path), &path).await.assert_error(404, "not_found");
    }
    assert_eq!(server.metric("doorstep_http_requests_total", "route=\"-\",status=\"404\"").await, 20.0);
    server.new_ticket(&fresh_phone()).await;
    server.send_code(&fresh_phone()).await.assert_error(503, "sms_region_suspended");
    assert_eq!(server.metric("doorstep_sms_denied_total", "limit=\"sms-region-hour\",region=\"CN\"").await, 1.0);
}

#[actix_web::test]
async fn a_replayed_refresh_token_is_counted() {
    let server = TestServer::new(crate::test_server::BackEnds::Embedded).await;
    let first = server.sign_up(&fresh_phone()).await.text("refresh_token");
    for replays in [0.0, 1.0, 2.0] {
        let response = server.post("/v1/token/refresh", json!({"refresh_token": first})).await;
        assert_eq!(response.status, 200);
        assert_eq!(server.metric("doorstep_refresh_replays_total", "revoked=\"no\"").await, replays);
    }
}

/// The port that is open to the internet serves no metrics.
#[actix_web::test]
async fn the_public_port_serves_no_metrics() {
    let server = TestServer::new(crate::test_server::BackEnds::Embedded).await;
    let path = "/metrics";
    server.send(server.request(reqwest::Method::GET, path), path).await.assert_error(404, "not_found");
}
