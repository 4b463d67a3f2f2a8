//! Sign-up, with its four steps.

use crate::server_tests;
use crate::support::redis;
use crate::test_server::{BackEnds, PASSWORD, TestServer, fresh_phone, wrong_code};
use reqwest::StatusCode;
use serde_json::json;
use std::time::Duration;

server_tests!(
    a_user_signs_up,
    the_response_contains_every_profile_field,
    steps_cannot_be_skipped,
    a_wrong_code_uses_one_attempt_and_the_fifth_ends_the_flow,
    a_code_works_once,
    an_expired_code_does_not_verify,
    a_resend_repeats_the_code_without_extending_its_lifetime,
    a_taken_phone_is_reported_without_a_message,
    only_the_ticket_gives_access_to_a_flow,
    the_password_can_be_changed_until_the_last_step,
    a_ticket_has_a_limited_lifetime_and_a_limited_number_of_hashes,
    weak_passwords_are_rejected,
    status_returns_the_current_step,
    a_flow_expires_at_every_step,
    the_second_submission_for_a_phone_is_rejected,
);

async fn a_user_signs_up(server: TestServer) {
    let sent = server.send_code("138 0013 8000").await;
    assert_eq!(sent.status, StatusCode::OK);
    assert_eq!(sent.text("step"), "verify_code");
    assert_eq!(sent.text("phone_number"), "+86138****8000");
    assert_eq!((sent.number("expires_in"), sent.number("resend_in"), sent.number("attempts_left")), (300, 60, 5));
    let ticket = sent.text("ticket");

    let message = server.sms.messages_for("+8613800138000").pop().unwrap();
    assert_eq!((message.to.as_str(), message.minutes.as_str()), ("13800138000", "5"));
    assert!(server.sms.notices_for("+8613800138000").is_empty(), "a code was sent with the template of a notice");
    let verified = server.verify_code(&ticket, &message.code).await;
    assert_eq!(verified.body, json!({"step": "set_password", "expires_in": 900}));

    let set = server.set_password(&ticket).await;
    assert_eq!(set.body, json!({"step": "submit_profile", "expires_in": 900}));

    let signed_in = server.submit_profile(&ticket).await;
    assert_eq!(signed_in.status, StatusCode::CREATED);
    assert_eq!(signed_in.headers["cache-control"], "no-store");
    assert_eq!(signed_in.body["user"]["phone_number"], "+8613800138000");
    assert_eq!(signed_in.text("token_type"), "Bearer");
    assert_eq!((signed_in.number("expires_in"), signed_in.number("refresh_expires_in")), (900, 2_592_000));
    assert_eq!(signed_in.text("refresh_token").split('.').count(), 3);

    server.submit_profile(&ticket).await.assert_error(410, "ticket_expired");
    if let Some(url) = server.redis_url() {
        assert_eq!(redis::without_expiry(url), Vec::<String>::new());
    }
}

async fn the_response_contains_every_profile_field(server: TestServer) {
    let ticket = server.ticket_with_password("+8613800138000").await;
    let profile = json!({
        "ticket": ticket, "nickname": " 小明 👩‍🚀 ", "gender": "female", "birthday": "2001-09-30",
        "device_name": "iPhone 17",
    });
    let user = server.post("/v1/register/submit-profile", profile).await.body["user"].clone();
    assert_eq!(user["nickname"], "小明 👩‍🚀");
    assert_eq!(user["gender"], "female");
    assert_eq!(user["birthday"], "2001-09-30");
    assert_eq!(user["avatar_url"], json!(null));
    assert_eq!(user["id"].as_str().unwrap().as_bytes()[14], b'7', "a UUIDv7");
    assert!(user["created_at"].as_str().unwrap().ends_with('Z'));
}

async fn steps_cannot_be_skipped(server: TestServer) {
    let phone = fresh_phone();
    let ticket = server.new_ticket(&phone).await;
    for response in [server.set_password(&ticket).await, server.submit_profile(&ticket).await] {
        response.assert_error(409, "wrong_step");
        assert_eq!(response.text("step"), "verify_code");
    }
    let code = server.sms.code_for(&phone).unwrap();
    assert_eq!(server.verify_code(&ticket, &code).await.status, StatusCode::OK);
    let response = server.submit_profile(&ticket).await;
    response.assert_error(409, "wrong_step");
    assert_eq!(response.text("step"), "set_password");
    assert_eq!(server.set_password(&ticket).await.status, StatusCode::OK);
    let response = server.verify_code(&ticket, &code).await;
    response.assert_error(409, "wrong_step");
    assert_eq!(response.text("step"), "submit_profile");
}

async fn a_wrong_code_uses_one_attempt_and_the_fifth_ends_the_flow(server: TestServer) {
    let phone = fresh_phone();
    let ticket = server.new_ticket(&phone).await;
    let code = server.sms.code_for(&phone).unwrap();
    for left in [4, 3, 2, 1] {
        let response = server.verify_code(&ticket, &wrong_code(&code)).await;
        response.assert_error(422, "code_wrong");
        assert_eq!(response.number("attempts_left"), left);
        assert!(!response.body.to_string().contains(&code), "the response contains the code");
    }
    server.verify_code(&ticket, &wrong_code(&code)).await.assert_error(410, "code_exhausted");
    server.verify_code(&ticket, &code).await.assert_error(410, "ticket_expired");
}

async fn a_code_works_once(server: TestServer) {
    let phone = fresh_phone();
    let ticket = server.new_ticket(&phone).await;
    let code = server.sms.code_for(&phone).unwrap();
    server.verify_code(&ticket, &wrong_code(&code)).await.assert_error(422, "code_wrong");
    assert_eq!(server.verify_code(&ticket, &code).await.status, StatusCode::OK, "a wrong code made the code invalid");
    let again = server.verify_code(&ticket, &code).await;
    again.assert_error(409, "wrong_step");
    assert_eq!(again.text("step"), "set_password");
}

async fn an_expired_code_does_not_verify(server: TestServer) {
    let phone = fresh_phone();
    let ticket = server.new_ticket(&phone).await;
    let code = server.sms.code_for(&phone).unwrap();
    server.advance(Duration::from_secs(301));
    server.verify_code(&ticket, &code).await.assert_error(410, "ticket_expired");
}

async fn a_resend_repeats_the_code_without_extending_its_lifetime(server: TestServer) {
    let phone = fresh_phone();
    let ticket = server.new_ticket(&phone).await;
    let code = server.sms.code_for(&phone).unwrap();
    server.verify_code(&ticket, &wrong_code(&code)).await.assert_error(422, "code_wrong");
    let body = json!({"ticket": ticket});
    let early = server.post("/v1/register/resend-code", body.clone()).await;
    early.assert_error(429, "resend_cooldown");
    assert!((1..=60).contains(&early.number("resend_in")));
    server.advance(Duration::from_secs(60));
    let sent = server.post("/v1/register/resend-code", body.clone()).await;
    assert_eq!(sent.status, StatusCode::OK, "{sent:?}");
    assert_eq!(sent.number("attempts_left"), 4);
    assert!((230..=240).contains(&sent.number("expires_in")), "{sent:?}");
    assert!((119..=120).contains(&sent.number("resend_in")), "{sent:?}");
    assert_eq!(sent.text("ticket"), ticket);
    let messages = server.sms.messages_for(&phone);
    assert_eq!(messages.iter().map(|message| &message.code).collect::<Vec<_>>(), [&code, &code]);
    assert_eq!(server.verify_code(&ticket, &code).await.status, StatusCode::OK);
    server.post("/v1/register/resend-code", body).await.assert_error(409, "wrong_step");
}

async fn a_taken_phone_is_reported_without_a_message(server: TestServer) {
    let phone = fresh_phone();
    server.sign_up(&phone).await;
    server.advance(Duration::from_secs(60));
    server.send_code(&phone).await.assert_error(409, "phone_already_registered");
    server.send_code(&phone).await.assert_error(409, "phone_already_registered");
    assert_eq!(server.sms.messages_for(&phone).len(), 1);
}

/// Mistake 13 in docs/mistakes.md: the phone number was enough to set a password.
async fn only_the_ticket_gives_access_to_a_flow(server: TestServer) {
    let phone = fresh_phone();
    let ticket = server.verified_ticket(&phone).await;
    let by_phone = json!({"phone_number": phone, "password": PASSWORD});
    server.post("/v1/register/set-password", by_phone).await.assert_error(400, "malformed_request");
    // The first part of a ticket is the phone hash. Without the secret part the ticket is unknown.
    let forged = format!("{}{}", &ticket[..22], &"A".repeat(42));
    server.set_password(&forged).await.assert_error(410, "ticket_expired");
    server.submit_profile(&forged).await.assert_error(410, "ticket_expired");
    // The ticket of another client gives access only to the flow of that client.
    let other = server.new_ticket(&fresh_phone()).await;
    server.set_password(&other).await.assert_error(409, "wrong_step");
    assert_eq!(server.set_password(&ticket).await.status, StatusCode::OK);
}

async fn the_password_can_be_changed_until_the_last_step(server: TestServer) {
    let phone = fresh_phone();
    let ticket = server.ticket_with_password(&phone).await;
    let body = json!({"ticket": ticket, "password": "another battery staple"});
    assert_eq!(server.post("/v1/register/set-password", body.clone()).await.status, StatusCode::OK);
    assert_eq!(server.submit_profile(&ticket).await.status, StatusCode::CREATED);
    server.post("/v1/register/set-password", body).await.assert_error(410, "ticket_expired");
}

/// Requests do not extend the lifetime of a verification, and one ticket allows 20 password hashes.
async fn a_ticket_has_a_limited_lifetime_and_a_limited_number_of_hashes(server: TestServer) {
    let ticket = server.ticket_with_password(&fresh_phone()).await;
    server.advance(Duration::from_secs(600));
    let left = server.set_password(&ticket).await.number("expires_in");
    assert!((290..=300).contains(&left), "{left}");
    server.advance(Duration::from_secs(301));
    server.set_password(&ticket).await.assert_error(410, "ticket_expired");

    let ticket = server.verified_ticket(&fresh_phone()).await;
    for _ in 0..20 {
        assert_eq!(server.set_password(&ticket).await.status, StatusCode::OK);
    }
    server.set_password(&ticket).await.assert_error(429, "too_many_requests");
    assert_eq!(
        server.submit_profile(&ticket).await.status,
        StatusCode::CREATED,
        "the ticket is unusable after the limit"
    );
}

async fn weak_passwords_are_rejected(server: TestServer) {
    let phone = fresh_phone();
    let ticket = server.verified_ticket(&phone).await;
    let digits = &phone[3..];
    for password in ["password1", "qwertyuiop", "12345678", digits] {
        let body = json!({"ticket": ticket, "password": password});
        server.post("/v1/register/set-password", body).await.assert_error(422, "password_too_weak");
    }
    let mismatch = json!({"ticket": ticket, "password": PASSWORD, "password_confirm": "correct horse batterx"});
    let response = server.post("/v1/register/set-password", mismatch).await;
    response.assert_field_error(422, "validation_failed", "password_confirm", "mismatch");
    let confirmed = json!({"ticket": ticket, "password": PASSWORD, "password_confirm": PASSWORD});
    assert_eq!(server.post("/v1/register/set-password", confirmed).await.status, StatusCode::OK);
}

async fn status_returns_the_current_step(server: TestServer) {
    let phone = fresh_phone();
    let masked = format!("+86138****{}", &phone[phone.len() - 4..]);
    let ticket = server.new_ticket(&phone).await;
    let get_status = || server.post("/v1/register/status", json!({"ticket": ticket}));
    server.advance(Duration::from_secs(20));
    let status = get_status().await;
    assert_eq!((status.text("step"), status.text("phone_number")), ("verify_code".to_owned(), masked));
    assert!((270..=280).contains(&status.number("expires_in")) && (30..=40).contains(&status.number("resend_in")));
    assert_eq!(status.number("attempts_left"), 5);
    server.verify_code(&ticket, &server.sms.code_for(&phone).unwrap()).await;
    let status = get_status().await;
    assert_eq!((status.text("step"), status.text("phone_number")), ("set_password".to_owned(), phone));
    assert!(status.body.get("attempts_left").is_none());
    server.set_password(&ticket).await;
    assert_eq!(get_status().await.text("step"), "submit_profile");
    server.submit_profile(&ticket).await;
    get_status().await.assert_error(410, "ticket_expired");
}

async fn a_flow_expires_at_every_step(server: TestServer) {
    let (first, second) = (fresh_phone(), fresh_phone());
    let verified = server.verified_ticket(&first).await;
    let with_password = server.ticket_with_password(&second).await;
    server.advance(Duration::from_secs(901));
    server.set_password(&verified).await.assert_error(410, "ticket_expired");
    server.submit_profile(&with_password).await.assert_error(410, "ticket_expired");
    assert_eq!(server.send_code(&second).await.status, StatusCode::OK, "the phone is taken");
}

/// Mistake 12 in docs/mistakes.md: the check at the first step does not decide.
async fn the_second_submission_for_a_phone_is_rejected(server: TestServer) {
    let phone = fresh_phone();
    let slow = server.ticket_with_password(&phone).await;
    server.advance(Duration::from_secs(60));
    let fast = server.ticket_with_password(&phone).await;
    assert_eq!(server.submit_profile(&fast).await.status, StatusCode::CREATED);
    server.submit_profile(&slow).await.assert_error(409, "phone_already_registered");
    server.submit_profile(&slow).await.assert_error(410, "ticket_expired");
}

/// No process keeps state that a later request needs.
#[actix_web::test]
async fn each_step_can_run_on_another_replica() {
    let mut server = TestServer::with(BackEnds::Real, &[]).await;
    // Replicas share the keys. In development the keys are files in the same folder.
    let replicas = [server.url.clone(), server.serve().await, server.serve().await];
    let phone = fresh_phone();
    let ticket = server.new_ticket(&phone).await;
    server.url.clone_from(&replicas[1]);
    assert_eq!(server.verify_code(&ticket, &server.sms.code_for(&phone).unwrap()).await.status, StatusCode::OK);
    server.url.clone_from(&replicas[2]);
    assert_eq!(server.set_password(&ticket).await.status, StatusCode::OK);
    server.url.clone_from(&replicas[1]);
    let token = server.submit_profile(&ticket).await.text("access_token");
    server.url.clone_from(&replicas[0]);
    let me = server.request(reqwest::Method::GET, "/v1/me").bearer_auth(token);
    assert_eq!(server.send(me, "/v1/me").await.status, StatusCode::OK);
}
