//! The switch that does not tell who has an account.

use crate::test_server::{BackEnds, TestServer, fresh_phone, other_than};
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

async fn taken_and_free_phones_look_the_same(back_ends: BackEnds) {
    let server = TestServer::with(back_ends, &[("REGISTER_CONCEAL_TAKEN", "true")]).await;
    let taken = fresh_phone();
    let ticket = server.ticket(&taken).await;
    server.wait_for_messages(1).await;
    server.verify(&ticket, &server.sms.code_for(&taken).unwrap()).await;
    server.set_password(&ticket).await;
    assert_eq!(server.submit(&ticket).await.status.as_u16(), 201);
    server.advance(Duration::from_secs(3_600));

    let free = fresh_phone();
    let (known, unknown) = (server.send_code(&taken).await, server.send_code(&free).await);
    server.wait_for_messages(2).await;
    let members =
        |answer: &crate::test_server::Answer| answer.body.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!((known.status, members(&known)), (unknown.status, members(&unknown)));
    for number in ["expires_in", "resend_in", "attempts_left"] {
        assert_eq!(known.number(number), unknown.number(number));
    }
    assert_eq!(server.sms.messages_for(&taken).len(), 1, "no message for the decoy");

    // Nothing that follows tells them apart either: status, cooldown, resend, wrong codes.
    let wrong = other_than(&server.sms.code_for(&free).unwrap());
    let (decoy, real) = (known.text("ticket"), unknown.text("ticket"));
    server.send_code(&taken).await.assert_refused(429, "resend_cooldown");
    server.send_code(&free).await.assert_refused(429, "resend_cooldown");
    server.advance(Duration::from_secs(60));
    for ticket in [&decoy, &real] {
        assert_eq!(server.post("/v1/register/resend-code", json!({"ticket": ticket})).await.number("resend_in"), 120);
        let status = server.post("/v1/register/status", json!({"ticket": ticket})).await;
        assert_eq!(status.number("attempts_left"), 5);
        server.verify(ticket, &wrong).await.assert_refused(422, "code_wrong");
    }
    server.wait_for_messages(3).await;
    assert_eq!(server.sms.messages_for(&taken).len(), 1);
}

#[actix_web::test]
async fn taken_and_free_phones_look_the_same_embedded() {
    taken_and_free_phones_look_the_same(BackEnds::Embedded).await;
}

#[actix_web::test]
async fn taken_and_free_phones_look_the_same_real() {
    taken_and_free_phones_look_the_same(BackEnds::Real).await;
}
