//! The end of an account, inside the app and without it.

use crate::over_both_back_ends;
use crate::people::Person;
use crate::support::cloopen::DELETION_TEMPLATE_ID;
use crate::test_server::{Answer, PASSWORD, TestServer, fresh_phone};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

over_both_back_ends!(
    the_password_deletes_the_account,
    a_fresh_code_deletes_the_account,
    a_code_deletes_the_account_without_the_app,
    an_unknown_number_learns_nothing_and_costs_nothing,
    half_a_request_deletes_nothing,
    wrong_passwords_and_codes_delete_nothing,
);

async fn delete(server: &TestServer, person: &Person, body: Value) -> Answer {
    server.call(Method::DELETE, "/v1/me", &person.access, body).await
}

/// Nothing is left of the account, and its number may sign up.
async fn assert_gone(server: &TestServer, person: &Person) {
    server.me(&person.access).await.assert_refused(401, "token_invalid");
    server.refresh(&person.refresh).await.assert_refused(401, "refresh_invalid");
    server.log_in(&person.phone, PASSWORD).await.assert_refused(401, "credentials_invalid");
    server.advance(Duration::from_secs(3_600));
    let anew = server.sign_up(&person.phone).await;
    assert_ne!(anew.body["user"]["id"], person.user["id"]);
    server.me(&person.access).await.assert_refused(401, "token_expired");
}

async fn the_password_deletes_the_account(server: TestServer) {
    let people = server.people(2).await;
    let tablet = server.signed_in(&people[0].phone).await;
    delete(&server, &people[0], json!({"password": PASSWORD})).await.assert_done(204);
    server.me(&tablet.access).await.assert_refused(401, "token_invalid");
    server.refresh(&tablet.refresh).await.assert_refused(401, "refresh_invalid");
    server.me(&people[1].access).await.assert_done(200);
    assert_gone(&server, &people[0]).await;
}

async fn a_fresh_code_deletes_the_account(server: TestServer) {
    let person = server.person().await;
    let sent = server.call(Method::POST, "/v1/me/deletion/send-code", &person.access, Value::Null).await;
    sent.assert_done(200);
    let ticket = sent.text("ticket");
    server.advance(Duration::from_secs(60));
    let again =
        server.call(Method::POST, "/v1/me/deletion/resend-code", &person.access, json!({"ticket": ticket})).await;
    assert_eq!(again.text("ticket"), ticket);
    let message = server.sms.messages_for(&person.phone).pop().unwrap();
    assert_eq!(message.template_id, DELETION_TEMPLATE_ID, "the message says what the code is for");
    delete(&server, &person, json!({"ticket": ticket, "code": message.code})).await.assert_done(204);
    assert_gone(&server, &person).await;
}

async fn a_code_deletes_the_account_without_the_app(server: TestServer) {
    let person = server.person().await;
    let (ticket, code) = server.ticket_for("account-deletion", &person.phone).await;
    let message = server.sms.messages_for(&person.phone).pop().unwrap();
    assert_eq!(message.template_id, DELETION_TEMPLATE_ID);
    let body = json!({"ticket": ticket, "code": code});
    server.post("/v1/account-deletion/verify-code", body.clone()).await.assert_done(204);
    server.post("/v1/account-deletion/verify-code", body).await.assert_refused(410, "ticket_expired");
    assert_gone(&server, &person).await;
}

async fn an_unknown_number_learns_nothing_and_costs_nothing(server: TestServer) {
    let person = server.person().await;
    let stranger = fresh_phone();
    let known = server.send_code_for("account-deletion", &person.phone).await;
    let unknown = server.send_code_for("account-deletion", &stranger).await;
    let members = |answer: &Answer| answer.body.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!((known.status, members(&known)), (unknown.status, members(&unknown)));
    server.next_code(&person.phone, 1).await;
    assert!(server.sms.messages_for(&stranger).is_empty());
    let body = json!({"ticket": unknown.text("ticket"), "code": "000000"});
    server.post("/v1/account-deletion/verify-code", body).await.assert_refused(422, "code_wrong");
}

async fn half_a_request_deletes_nothing(server: TestServer) {
    let person = server.person().await;
    let ticket = "A".repeat(64);
    for (body, field, why) in [
        (json!({}), "password", "required"),
        (json!({"ticket": ticket}), "code", "required"),
        (json!({"code": "000000"}), "ticket", "required"),
        (json!({"password": PASSWORD, "ticket": ticket}), "password", "not_allowed"),
        (json!({"password": null}), "password", "required"),
        (json!({"password": "short"}), "password", "too_short"),
        (json!({"ticket": "x", "code": "000000"}), "ticket", "invalid_format"),
    ] {
        delete(&server, &person, body).await.assert_field(422, "validation_failed", field, why);
    }
    delete(&server, &person, json!({"really": true})).await.assert_refused(400, "malformed_request");
    delete(&server, &person, Value::Null).await.assert_refused(415, "unsupported_media_type");
    server.me(&person.access).await.assert_done(200);
}

async fn wrong_passwords_and_codes_delete_nothing(server: TestServer) {
    let person = server.person().await;
    for _ in 0..10 {
        delete(&server, &person, json!({"password": "not the password"})).await.assert_refused(422, "password_wrong");
    }
    delete(&server, &person, json!({"password": PASSWORD})).await.assert_refused(429, "too_many_requests");
    let sent = server.call(Method::POST, "/v1/me/deletion/send-code", &person.access, Value::Null).await;
    let code = server.sms.code_for(&person.phone).unwrap();
    let wrong = json!({"ticket": sent.text("ticket"), "code": crate::test_server::other_than(&code)});
    for _ in 0..4 {
        delete(&server, &person, wrong.clone()).await.assert_refused(422, "code_wrong");
    }
    delete(&server, &person, wrong).await.assert_refused(410, "code_exhausted");
    let right = json!({"ticket": sent.text("ticket"), "code": code});
    delete(&server, &person, right).await.assert_refused(410, "ticket_expired");
    server.me(&person.access).await.assert_done(200);
}
