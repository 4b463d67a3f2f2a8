//! `REGISTER_CONCEAL_TAKEN`: sign-up does not reveal who has an account.

use crate::test_server::{BackEnds, TestServer, fresh_phone, wrong_code};
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

async fn taken_and_free_numbers_get_the_same_responses(back_ends: BackEnds) {
    let server = TestServer::with(back_ends, &[("REGISTER_CONCEAL_TAKEN", "true")]).await;
    let taken = fresh_phone();
    let ticket = server.new_ticket(&taken).await;
    server.wait_for_messages(1).await;
    server.verify_code(&ticket, &server.sms.code_for(&taken).unwrap()).await;
    server.set_password(&ticket).await;
    assert_eq!(server.submit_profile(&ticket).await.status.as_u16(), 201);
    server.advance(Duration::from_secs(3_600));

    let free = fresh_phone();
    let (known, unknown) = (server.send_code(&taken).await, server.send_code(&free).await);
    server.wait_for_messages(2).await;
    let members = |response: &crate::test_server::Response| {
        response.body.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>()
    };
    assert_eq!((known.status, members(&known)), (unknown.status, members(&unknown)));
    for number in ["expires_in", "resend_in", "attempts_left"] {
        assert_eq!(known.number(number), unknown.number(number));
    }
    assert_eq!(server.sms.messages_for(&taken).len(), 1, "a message was sent for the decoy");

    // The later requests do not reveal it either: status, cooldown, resend, wrong codes.
    let wrong = wrong_code(&server.sms.code_for(&free).unwrap());
    let (decoy, real) = (known.text("ticket"), unknown.text("ticket"));
    server.send_code(&taken).await.assert_error(429, "resend_cooldown");
    server.send_code(&free).await.assert_error(429, "resend_cooldown");
    server.advance(Duration::from_secs(60));
    for ticket in [&decoy, &real] {
        assert_eq!(server.post("/v1/register/resend-code", json!({"ticket": ticket})).await.number("resend_in"), 120);
        let status = server.post("/v1/register/status", json!({"ticket": ticket})).await;
        assert_eq!(status.number("attempts_left"), 5);
        server.verify_code(ticket, &wrong).await.assert_error(422, "code_wrong");
    }
    server.wait_for_messages(3).await;
    assert_eq!(server.sms.messages_for(&taken).len(), 1);
}

#[actix_web::test]
async fn taken_and_free_numbers_get_the_same_responses_embedded() {
    taken_and_free_numbers_get_the_same_responses(BackEnds::Embedded).await;
}

#[actix_web::test]
async fn taken_and_free_numbers_get_the_same_responses_real() {
    taken_and_free_numbers_get_the_same_responses(BackEnds::Real).await;
}
