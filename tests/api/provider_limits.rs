//! Limits of an SMS provider for one number: the client learns when to retry, and the provider is not called meanwhile.

use crate::server_tests;
use crate::support::cloopen::Behaviour;
use crate::test_server::{BackEnds, TestServer, fresh_phone};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

server_tests!(
    a_number_that_the_provider_refuses_is_told_when_to_retry,
    a_resend_meets_the_limit_of_the_provider,
    a_concealed_flow_does_not_show_the_limit,
);

/// Daily limit of Cloopen for one number.
const LIMITED: Behaviour = Behaviour::Refuse("160040");

async fn a_number_that_the_provider_refuses_is_told_when_to_retry(server: TestServer) {
    let phone = fresh_phone();
    server.sms.behave(LIMITED);
    for _ in 0..20 {
        let denied = server.send_code(&phone).await;
        denied.assert_error(429, "phone_limit_reached");
        assert!((1..=3_600).contains(&denied.number("retry_after")), "{denied:?}");
    }
    assert_eq!(server.sms.requests(), 1, "the provider was called again");
    server.sms.behave(Behaviour::Accept);
    server.send_code(&fresh_phone()).await.assert_status(200);
    server.send_code(&phone).await.assert_error(429, "phone_limit_reached");
    server.advance(Duration::from_secs(3_601));
    server.send_code(&phone).await.assert_status(200);
}

#[actix_web::test]
async fn the_limit_of_a_provider_is_shared_by_replicas() {
    let mut server = TestServer::new(BackEnds::Real).await;
    let phone = fresh_phone();
    server.sms.behave(LIMITED);
    server.send_code(&phone).await.assert_error(429, "phone_limit_reached");
    server.url = server.serve().await;
    server.send_code(&phone).await.assert_error(429, "phone_limit_reached");
    assert_eq!(server.sms.requests(), 1);
}

async fn a_resend_meets_the_limit_of_the_provider(server: TestServer) {
    let phone = fresh_phone();
    let ticket = server.new_ticket(&phone).await;
    server.advance(Duration::from_secs(61));
    server.sms.behave(LIMITED);
    for _ in 0..2 {
        let denied = server.post("/v1/register/resend-code", json!({"ticket": ticket})).await;
        denied.assert_error(429, "phone_limit_reached");
    }
    assert_eq!(server.sms.requests(), 2);
    // The first message is not taken back.
    let code = server.sms.code_for(&phone).unwrap();
    server.verify_code(&ticket, &code).await.assert_status(200);
}

/// Waits until this number of deliveries has ended with a refusal.
async fn wait_for_refusals(server: &TestServer, count: f64) {
    while server.metric("doorstep_sms_messages_total", "outcome=\"refused\"").await < count {
        tokio::task::yield_now().await;
    }
}

/// Only a number with an account meets the limit, so the response must not show it.
async fn a_concealed_flow_does_not_show_the_limit(server: TestServer) {
    let user = server.create_user().await;
    let before = server.sms.requests();
    server.sms.behave(LIMITED);
    server.send_code_for("login", &user.phone).await.assert_status(200);
    wait_for_refusals(&server, 1.0).await;
    server.advance(Duration::from_secs(301));
    for phone in [&user.phone, &fresh_phone()] {
        server.send_code_for("password-reset", phone).await.assert_status(200);
    }
    wait_for_refusals(&server, 2.0).await;
    assert_eq!(server.sms.requests(), before + 1, "the provider was called again");
    let own = server.call(Method::POST, "/v1/me/deletion/send-code", &user.access_token, Value::Null).await;
    own.assert_error(429, "resend_cooldown");
}
