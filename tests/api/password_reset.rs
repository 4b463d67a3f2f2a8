//! A forgotten password.

use crate::over_both_back_ends;
use crate::test_server::{Answer, PASSWORD, TestServer, fresh_phone, other_than};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const NEW: &str = "staple battery horse";

over_both_back_ends!(
    a_code_and_a_new_password,
    a_reset_lifts_the_pause,
    an_unknown_number_learns_nothing_and_costs_nothing,
    the_steps_come_in_turn,
    a_new_password_is_judged_like_the_first,
    an_account_that_went_away_is_not_reset,
);

async fn verify(server: &TestServer, ticket: &str, code: &str) -> Answer {
    server.post("/v1/password-reset/verify-code", json!({"ticket": ticket, "code": code})).await
}

async fn set_password(server: &TestServer, ticket: &str, password: &str) -> Answer {
    server.post("/v1/password-reset/set-password", json!({"ticket": ticket, "password": password})).await
}

async fn a_code_and_a_new_password(server: TestServer) {
    let person = server.person().await;
    let (ticket, code) = server.ticket_for("password-reset", &person.phone).await;
    server.advance(Duration::from_secs(60));
    let again = server.post("/v1/password-reset/resend-code", json!({"ticket": ticket})).await;
    assert_eq!(again.number("resend_in"), 120);
    let verified = verify(&server, &ticket, &code).await;
    assert_eq!((verified.text("step").as_str(), verified.number("expires_in")), ("set_password", 900));
    let done = set_password(&server, &ticket, NEW).await;
    done.assert_done(204);
    assert_eq!(done.body, Value::Null, "nobody is signed in by it");
    // Every session ended, and the ticket with them.
    server.me(&person.access).await.assert_refused(401, "token_invalid");
    server.refresh(&person.refresh).await.assert_refused(401, "refresh_invalid");
    set_password(&server, &ticket, PASSWORD).await.assert_refused(410, "ticket_expired");
    server.log_in(&person.phone, PASSWORD).await.assert_refused(401, "credentials_invalid");
    server.log_in(&person.phone, NEW).await.assert_done(200);
}

async fn a_reset_lifts_the_pause(server: TestServer) {
    let person = server.person().await;
    for _ in 0..3 {
        server.log_in(&person.phone, NEW).await.assert_refused(401, "credentials_invalid");
    }
    for _ in 3..10 {
        server.log_in_with_captcha(&person.phone, NEW).await.assert_refused(401, "credentials_invalid");
    }
    server.log_in_with_captcha(&person.phone, PASSWORD).await.assert_refused(429, "phone_limit_reached");
    let (ticket, code) = server.ticket_for("password-reset", &person.phone).await;
    verify(&server, &ticket, &code).await.assert_done(200);
    set_password(&server, &ticket, NEW).await.assert_done(204);
    server.log_in(&person.phone, NEW).await.assert_done(200);
}

async fn an_unknown_number_learns_nothing_and_costs_nothing(server: TestServer) {
    let person = server.person().await;
    let stranger = fresh_phone();
    for flow in ["password-reset", "login"] {
        let known = server.send_code_for(flow, &person.phone).await;
        let unknown = server.send_code_for(flow, &stranger).await;
        let members = |answer: &Answer| answer.body.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!((known.status, members(&known)), (unknown.status, members(&unknown)));
        for number in ["expires_in", "resend_in", "attempts_left"] {
            assert_eq!(known.number(number), unknown.number(number));
        }
        for phone in [&person.phone, &stranger] {
            server.send_code_for(flow, phone).await.assert_refused(429, "resend_cooldown");
        }
        server.advance(Duration::from_secs(300));
    }
    server.next_code(&person.phone, 2).await;
    assert!(server.sms.messages_for(&stranger).is_empty());
}

async fn the_steps_come_in_turn(server: TestServer) {
    let person = server.person().await;
    let (ticket, code) = server.ticket_for("password-reset", &person.phone).await;
    let early = set_password(&server, &ticket, NEW).await;
    early.assert_refused(409, "wrong_step");
    assert_eq!(early.text("step"), "verify_code");
    verify(&server, &ticket, &other_than(&code)).await.assert_refused(422, "code_wrong");
    verify(&server, &ticket, &code).await.assert_done(200);
    let twice = verify(&server, &ticket, &code).await;
    twice.assert_refused(409, "wrong_step");
    assert_eq!(twice.text("step"), "set_password");
    server.advance(Duration::from_secs(900));
    set_password(&server, &ticket, NEW).await.assert_refused(410, "ticket_expired");
    server.log_in(&person.phone, PASSWORD).await.assert_done(200);
}

async fn a_new_password_is_judged_like_the_first(server: TestServer) {
    let person = server.person().await;
    let (ticket, code) = server.ticket_for("password-reset", &person.phone).await;
    verify(&server, &ticket, &code).await.assert_done(200);
    set_password(&server, &ticket, "password123").await.assert_refused(422, "password_too_weak");
    let body = json!({"ticket": ticket, "password": NEW, "password_confirm": PASSWORD});
    let differs = server.post("/v1/password-reset/set-password", body).await;
    differs.assert_field(422, "validation_failed", "password_confirm", "mismatch");
    for _ in 1..20 {
        set_password(&server, &ticket, "password123").await.assert_refused(422, "password_too_weak");
    }
    set_password(&server, &ticket, NEW).await.assert_refused(429, "too_many_requests");
}

async fn an_account_that_went_away_is_not_reset(server: TestServer) {
    let person = server.person().await;
    let (ticket, code) = server.ticket_for("password-reset", &person.phone).await;
    verify(&server, &ticket, &code).await.assert_done(200);
    server.call(Method::DELETE, "/v1/me", &person.access, json!({"password": PASSWORD})).await.assert_done(204);
    set_password(&server, &ticket, NEW).await.assert_refused(410, "ticket_expired");
    server.log_in(&person.phone, NEW).await.assert_refused(401, "credentials_invalid");
}
