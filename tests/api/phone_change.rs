//! Another number for the same account.

use crate::over_both_back_ends;
use crate::people::{Person, until};
use crate::test_server::{Answer, BackEnds, PASSWORD, TestServer, fresh_phone, other_than};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

over_both_back_ends!(
    the_code_to_the_new_number_changes_it,
    the_password_is_asked_for,
    a_number_that_is_taken_is_refused,
    of_two_who_want_a_number_one_gets_it,
    a_ticket_is_worthless_to_everybody_else,
);

async fn send_code(server: &TestServer, person: &Person, to: &str, password: &str) -> Answer {
    let body = json!({"phone_number": to, "current_password": password});
    server.call(Method::POST, "/v1/me/phone/send-code", &person.access, body).await
}

async fn verify(server: &TestServer, access: &str, ticket: &str, code: &str) -> Answer {
    let body = json!({"ticket": ticket, "code": code});
    server.call(Method::POST, "/v1/me/phone/verify-code", access, body).await
}

async fn the_code_to_the_new_number_changes_it(server: TestServer) {
    let person = server.person().await;
    let new = fresh_phone();
    let sent = send_code(&server, &person, &new, PASSWORD).await;
    sent.assert_done(200);
    assert_eq!(sent.text("phone_number"), format!("{}****{}", &new[..6], &new[10..]));
    let ticket = sent.text("ticket");
    let code = server.sms.code_for(&new).unwrap();
    verify(&server, &person.access, &ticket, &other_than(&code)).await.assert_refused(422, "code_wrong");
    server.advance(Duration::from_secs(60));
    let again = server.call(Method::POST, "/v1/me/phone/resend-code", &person.access, json!({"ticket": ticket})).await;
    assert_eq!((again.number("resend_in"), again.number("attempts_left")), (120, 4), "{again:?}");
    let changed = verify(&server, &person.access, &ticket, &code).await;
    changed.assert_done(200);
    assert_eq!((&changed.body["phone_number"], &changed.body["id"]), (&json!(new), &person.user["id"]));
    verify(&server, &person.access, &ticket, &code).await.assert_refused(410, "ticket_expired");
    assert_eq!(server.me(&person.access).await.body, changed.body);

    // The earlier number is told, and free.
    until("notice", || !server.sms.notices_for(&person.phone).is_empty()).await;
    assert_eq!(server.sms.notices_for(&person.phone), [format!("{}****{}", &new[..6], &new[10..])]);
    server.log_in(&person.phone, PASSWORD).await.assert_refused(401, "credentials_invalid");
    server.log_in(&new, PASSWORD).await.assert_done(200);
    server.advance(Duration::from_secs(3_600));
    server.sign_up(&person.phone).await;
}

async fn the_password_is_asked_for(server: TestServer) {
    let person = server.person().await;
    let new = fresh_phone();
    send_code(&server, &person, &new, "not the password").await.assert_refused(422, "password_wrong");
    send_code(&server, &person, "+12025550123", PASSWORD).await.assert_refused(422, "region_not_supported");
    let bad = send_code(&server, &person, "138001380000", PASSWORD).await;
    bad.assert_field(422, "validation_failed", "phone_number", "invalid_format");
    assert!(server.sms.messages_for(&new).is_empty());
    let body = json!({"phone_number": new, "current_password": PASSWORD});
    server.post("/v1/me/phone/send-code", body).await.assert_refused(401, "token_missing");
}

async fn a_number_that_is_taken_is_refused(server: TestServer) {
    let people = server.people(2).await;
    let sent = server.sms.messages_for(&people[1].phone).len();
    for taken in [&people[1].phone, &people[0].phone, &people[1].phone, &people[0].phone, &people[1].phone] {
        send_code(&server, &people[0], taken, PASSWORD).await.assert_refused(409, "phone_already_registered");
    }
    // Nobody asks for a whole list of numbers who has an account, or has the service pay for so many messages.
    let paused = send_code(&server, &people[0], &fresh_phone(), PASSWORD).await;
    paused.assert_refused(429, "too_many_requests");
    assert!((86_000..=86_400).contains(&paused.number("retry_after")), "{paused:?}");
    assert_eq!(server.sms.messages_for(&people[1].phone).len(), sent);
}

/// The look at the beginning cannot know who is faster; the constraint does.
async fn of_two_who_want_a_number_one_gets_it(server: TestServer) {
    let person = server.person().await;
    let new = fresh_phone();
    let ticket = send_code(&server, &person, &new, PASSWORD).await.text("ticket");
    let code = server.sms.code_for(&new).unwrap();
    server.advance(Duration::from_secs(60));
    server.sign_up(&new).await;
    verify(&server, &person.access, &ticket, &code).await.assert_refused(409, "phone_already_registered");
    verify(&server, &person.access, &ticket, &code).await.assert_refused(410, "ticket_expired");
    assert_eq!(server.me(&person.access).await.body["phone_number"], json!(person.phone));
    assert!(server.sms.notices_for(&person.phone).is_empty());
}

async fn a_ticket_is_worthless_to_everybody_else(server: TestServer) {
    let people = server.people(2).await;
    let new = fresh_phone();
    let ticket = send_code(&server, &people[0], &new, PASSWORD).await.text("ticket");
    let code = server.sms.code_for(&new).unwrap();
    verify(&server, &people[1].access, &ticket, &code).await.assert_refused(410, "ticket_expired");
    let resend = server.call(Method::POST, "/v1/me/phone/resend-code", &people[1].access, json!({"ticket": ticket}));
    resend.await.assert_refused(410, "ticket_expired");
    verify(&server, &people[0].access, &ticket, &code).await.assert_done(200);
}

/// Where sign-up does not tell who has an account, this does not either.
async fn a_taken_number_is_concealed(back_ends: BackEnds) {
    let server = TestServer::with(back_ends, &[("REGISTER_CONCEAL_TAKEN", "true")]).await;
    let mut phones = Vec::new();
    for _ in 0..2 {
        let phone = fresh_phone();
        let (ticket, code) = server.ticket_for("register", &phone).await;
        server.verify(&ticket, &code).await.assert_done(200);
        server.set_password(&ticket).await.assert_done(200);
        server.submit(&ticket).await.assert_done(201);
        phones.push(phone);
    }
    server.advance(Duration::from_secs(3_600));
    let person = server.signed_in(&phones[0]).await;
    let new = fresh_phone();
    let taken = send_code(&server, &person, &phones[1], PASSWORD).await;
    let free = send_code(&server, &person, &new, PASSWORD).await;
    let members = |answer: &Answer| answer.body.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!((taken.status, members(&taken)), (free.status, members(&free)));
    server.next_code(&new, 0).await;
    assert_eq!(server.sms.messages_for(&phones[1]).len(), 1, "that of the sign-up");
    for _ in 0..4 {
        verify(&server, &person.access, &taken.text("ticket"), "000000").await.assert_refused(422, "code_wrong");
    }
    assert_eq!(server.me(&person.access).await.body["phone_number"], Value::from(phones[0].clone()));
}

#[actix_web::test]
async fn a_taken_number_is_concealed_embedded() {
    a_taken_number_is_concealed(BackEnds::Embedded).await;
}

#[actix_web::test]
async fn a_taken_number_is_concealed_real() {
    a_taken_number_is_concealed(BackEnds::Real).await;
}
