//! Login with a code.

use crate::server_tests;
use crate::test_server::{Response, TestServer, fresh_phone, wrong_code};
use crate::users::join_all;
use serde_json::json;
use std::time::Duration;

server_tests!(
    a_code_signs_in,
    a_code_works_once,
    one_of_many_concurrent_redemptions_signs_in,
    an_unknown_number_gets_the_same_responses_and_no_message,
    a_deleted_account_cannot_sign_in,
);

async fn verify_code(server: &TestServer, ticket: &str, code: &str) -> Response {
    server.post("/v1/login/verify-code", json!({"ticket": ticket, "code": code, "device_name": "Mate 70"})).await
}

async fn a_code_signs_in(server: TestServer) {
    let user = server.create_user().await;
    let (ticket, code) = server.ticket_and_code("login", &user.phone).await;
    let wrong = verify_code(&server, &ticket, &wrong_code(&code)).await;
    wrong.assert_error(422, "code_wrong");
    assert_eq!(wrong.number("attempts_left"), 4);
    server.advance(Duration::from_secs(60));
    server.post("/v1/login/resend-code", json!({"ticket": ticket})).await.assert_status(200);
    assert_eq!(server.next_code(&user.phone, 2).await, code);
    let signed_in = verify_code(&server, &ticket, &code).await;
    signed_in.assert_status(200);
    assert_eq!(signed_in.body["user"], user.profile);
    server.me(&signed_in.text("access_token")).await.assert_status(200);
    server.refresh(&signed_in.text("refresh_token")).await.assert_status(200);
}

async fn a_code_works_once(server: TestServer) {
    let user = server.create_user().await;
    let (ticket, code) = server.ticket_and_code("login", &user.phone).await;
    verify_code(&server, &ticket, &code).await.assert_status(200);
    verify_code(&server, &ticket, &code).await.assert_error(410, "ticket_expired");
}

async fn one_of_many_concurrent_redemptions_signs_in(server: TestServer) {
    let user = server.create_user().await;
    let (ticket, code) = server.ticket_and_code("login", &user.phone).await;
    let responses = join_all((0..16).map(|_| verify_code(&server, &ticket, &code))).await;
    let signed_in = responses.iter().filter(|response| response.status.is_success()).count();
    // During the first request the others get `overloaded`, and afterwards `ticket_expired`.
    let rejected =
        responses.iter().filter(|response| ["overloaded", "ticket_expired"].contains(&response.code())).count();
    assert_eq!((signed_in, rejected), (1, 15));
    verify_code(&server, &ticket, &code).await.assert_error(410, "ticket_expired");
}

async fn an_unknown_number_gets_the_same_responses_and_no_message(server: TestServer) {
    let user = server.create_user().await;
    let unknown_phone = fresh_phone();
    let known = server.send_code_for("login", &user.phone).await;
    let unknown = server.send_code_for("login", &unknown_phone).await;
    for ticket in [known.text("ticket"), unknown.text("ticket")] {
        let ticket = ticket.as_str();
        for left in (1..5).rev() {
            let wrong = verify_code(&server, ticket, "000000").await;
            // The wrong code is the correct one with a probability of one in a million.
            assert_eq!((wrong.code(), wrong.number("attempts_left")), ("code_wrong", left));
        }
        verify_code(&server, ticket, "000000").await.assert_error(410, "code_exhausted");
        verify_code(&server, ticket, "000000").await.assert_error(410, "ticket_expired");
    }
    server.next_code(&user.phone, 1).await;
    assert!(server.sms.messages_for(&unknown_phone).is_empty());
}

async fn a_deleted_account_cannot_sign_in(server: TestServer) {
    let user = server.create_user().await;
    let (ticket, code) = server.ticket_and_code("login", &user.phone).await;
    let password = json!({"password": crate::test_server::PASSWORD});
    server.call(reqwest::Method::DELETE, "/v1/me", &user.access_token, password).await.assert_status(204);
    verify_code(&server, &ticket, &code).await.assert_error(410, "ticket_expired");
}
