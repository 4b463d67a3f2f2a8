//! Signing in with a code.

use crate::over_both_back_ends;
use crate::people::at_once;
use crate::test_server::{Answer, TestServer, fresh_phone, other_than};
use serde_json::json;
use std::time::Duration;

over_both_back_ends!(
    a_code_signs_in,
    a_code_works_once,
    of_many_at_once_one_signs_in,
    an_unknown_number_is_answered_alike_and_sent_nothing,
    an_account_that_went_away_is_not_signed_in,
);

async fn verify(server: &TestServer, ticket: &str, code: &str) -> Answer {
    server.post("/v1/login/verify-code", json!({"ticket": ticket, "code": code, "device_name": "Mate 70"})).await
}

async fn a_code_signs_in(server: TestServer) {
    let person = server.person().await;
    let (ticket, code) = server.ticket_for("login", &person.phone).await;
    let wrong = verify(&server, &ticket, &other_than(&code)).await;
    wrong.assert_refused(422, "code_wrong");
    assert_eq!(wrong.number("attempts_left"), 4);
    server.advance(Duration::from_secs(60));
    server.post("/v1/login/resend-code", json!({"ticket": ticket})).await.assert_done(200);
    assert_eq!(server.next_code(&person.phone, 2).await, code);
    let signed_in = verify(&server, &ticket, &code).await;
    signed_in.assert_done(200);
    assert_eq!(signed_in.body["user"], person.user);
    server.me(&signed_in.text("access_token")).await.assert_done(200);
    server.refresh(&signed_in.text("refresh_token")).await.assert_done(200);
}

async fn a_code_works_once(server: TestServer) {
    let person = server.person().await;
    let (ticket, code) = server.ticket_for("login", &person.phone).await;
    verify(&server, &ticket, &code).await.assert_done(200);
    verify(&server, &ticket, &code).await.assert_refused(410, "ticket_expired");
}

async fn of_many_at_once_one_signs_in(server: TestServer) {
    let person = server.person().await;
    let (ticket, code) = server.ticket_for("login", &person.phone).await;
    let answers = at_once((0..16).map(|_| verify(&server, &ticket, &code))).await;
    let signed_in = answers.iter().filter(|answer| answer.status.is_success()).count();
    // While the first is at it the others are told to come again, and afterwards that the ticket is finished.
    let refused = answers.iter().filter(|answer| ["overloaded", "ticket_expired"].contains(&answer.code())).count();
    assert_eq!((signed_in, refused), (1, 15));
    verify(&server, &ticket, &code).await.assert_refused(410, "ticket_expired");
}

async fn an_unknown_number_is_answered_alike_and_sent_nothing(server: TestServer) {
    let person = server.person().await;
    let stranger = fresh_phone();
    let known = server.send_code_for("login", &person.phone).await;
    let unknown = server.send_code_for("login", &stranger).await;
    for ticket in [known.text("ticket"), unknown.text("ticket")] {
        let ticket = ticket.as_str();
        for left in (1..5).rev() {
            let wrong = verify(&server, ticket, "000000").await;
            // One in a million codes is this one.
            assert_eq!((wrong.code(), wrong.number("attempts_left")), ("code_wrong", left));
        }
        verify(&server, ticket, "000000").await.assert_refused(410, "code_exhausted");
        verify(&server, ticket, "000000").await.assert_refused(410, "ticket_expired");
    }
    server.next_code(&person.phone, 1).await;
    assert!(server.sms.messages_for(&stranger).is_empty());
}

async fn an_account_that_went_away_is_not_signed_in(server: TestServer) {
    let person = server.person().await;
    let (ticket, code) = server.ticket_for("login", &person.phone).await;
    let password = json!({"password": crate::test_server::PASSWORD});
    server.call(reqwest::Method::DELETE, "/v1/me", &person.access, password).await.assert_done(204);
    verify(&server, &ticket, &code).await.assert_refused(410, "ticket_expired");
}
