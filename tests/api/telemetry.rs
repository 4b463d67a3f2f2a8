//! What operators can watch: `/metrics`, on an address of its own.

use crate::support::cloopen::Behaviour;
use crate::test_server::{TestServer, fresh_phone, other_than};
use serde_json::json;

crate::over_both_back_ends!(a_code_is_counted_from_sending_to_entering, what_was_not_sent_is_counted_as_such);

const SENT: &str = "provider=\"cloopen\",region=\"CN\",purpose=\"register\"";

async fn a_code_is_counted_from_sending_to_entering(server: TestServer) {
    let phone = fresh_phone();
    let ticket = server.ticket(&phone).await;
    assert_eq!(server.metric("doorstep_sms_attempts_total", &format!("{SENT},outcome=\"accepted\"")).await, 1.0);
    assert_eq!(server.metric("doorstep_sms_attempt_seconds_count", SENT).await, 1.0);
    let sent = "region=\"CN\",purpose=\"register\",outcome=\"accepted\"";
    assert_eq!(server.metric("doorstep_sms_messages_total", sent).await, 1.0);

    let code = server.sms.code_for(&phone).unwrap();
    server.verify(&ticket, &other_than(&code)).await.assert_refused(422, "code_wrong");
    assert_eq!(server.metric("doorstep_codes_verified_total", "").await, 0.0);
    for status in [200, 409] {
        assert_eq!(server.verify(&ticket, &code).await.status, status);
        assert_eq!(server.metric("doorstep_codes_verified_total", SENT).await, 1.0, "a code works once");
    }
    let verified = "method=\"POST\",route=\"/v1/register/verify-code\"";
    assert_eq!(server.metric("doorstep_http_requests_total", &format!("{verified},status=\"200\"")).await, 1.0);
    assert_eq!(server.metric("doorstep_http_request_seconds_count", verified).await, 3.0);
}

async fn what_was_not_sent_is_counted_as_such(server: TestServer) {
    server.sms.behave(Behaviour::Refuse("160038"));
    server.send_code(&fresh_phone()).await.assert_refused(502, "sms_delivery_failed");
    let failed = "region=\"CN\",purpose=\"register\",outcome=\"refused\"";
    assert_eq!(server.metric("doorstep_sms_messages_total", failed).await, 1.0);
    assert_eq!(server.metric("doorstep_sms_attempts_total", &format!("{SENT},outcome=\"refused\"")).await, 1.0);
    assert_eq!(server.metric("doorstep_sms_messages_total", "outcome=\"accepted\"").await, 0.0);
}

/// Nothing that a client writes becomes a label, or one client could fill the memory of every watcher.
#[actix_web::test]
async fn strangers_make_no_labels() {
    let server = TestServer::with(crate::test_server::BackEnds::Embedded, &[("SMS_BUDGET_REGION_HOUR", "1")]).await;
    for n in 0..20 {
        let path = format!("/no-such-path-{n}");
        server.send(server.request(reqwest::Method::GET, &path), &path).await.assert_refused(404, "not_found");
    }
    assert_eq!(server.metric("doorstep_http_requests_total", "route=\"-\",status=\"404\"").await, 20.0);
    server.ticket(&fresh_phone()).await;
    server.send_code(&fresh_phone()).await.assert_refused(503, "sms_region_suspended");
    assert_eq!(server.metric("doorstep_sms_denied_total", "limit=\"sms-region-hour\",region=\"CN\"").await, 1.0);
}

#[actix_web::test]
async fn an_old_refresh_token_is_counted() {
    let server = TestServer::new(crate::test_server::BackEnds::Embedded).await;
    let first = server.sign_up(&fresh_phone()).await.text("refresh_token");
    for again in [0.0, 1.0, 2.0] {
        let answer = server.post("/v1/token/refresh", json!({"refresh_token": first})).await;
        assert_eq!(answer.status, 200);
        assert_eq!(server.metric("doorstep_refresh_replays_total", "revoked=\"no\"").await, again);
    }
}

/// The port that the internet reaches has no metrics.
#[actix_web::test]
async fn the_public_address_tells_no_metrics() {
    let server = TestServer::new(crate::test_server::BackEnds::Embedded).await;
    let path = "/metrics";
    server.send(server.request(reqwest::Method::GET, path), path).await.assert_refused(404, "not_found");
}
