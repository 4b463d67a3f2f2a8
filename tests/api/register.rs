//! The four steps.

use crate::over_both_back_ends;
use crate::support::redis;
use crate::test_server::{BackEnds, PASSWORD, TestServer, fresh_phone, other_than};
use reqwest::StatusCode;
use serde_json::json;
use std::time::Duration;

over_both_back_ends!(
    a_person_signs_up,
    every_profile_field_comes_back,
    steps_cannot_be_skipped,
    a_wrong_code_costs_an_attempt_and_the_fifth_the_flow,
    a_code_works_once,
    an_expired_code_does_not_verify,
    a_resend_repeats_the_code_and_not_its_life,
    a_taken_phone_is_told_before_any_message,
    a_ticket_is_the_only_way_in,
    a_password_can_be_chosen_anew_until_the_end,
    a_ticket_does_not_live_or_hash_without_end,
    weak_passwords_are_refused,
    status_tells_where_the_flow_stands,
    an_expired_flow_is_gone_at_every_step,
    a_lost_race_for_the_phone_is_told,
);

async fn a_person_signs_up(server: TestServer) {
    let sent = server.send_code("138 0013 8000").await;
    assert_eq!(sent.status, StatusCode::OK);
    assert_eq!(sent.text("step"), "verify_code");
    assert_eq!(sent.text("phone_number"), "+86138****8000");
    assert_eq!((sent.number("expires_in"), sent.number("resend_in"), sent.number("attempts_left")), (300, 60, 5));
    let ticket = sent.text("ticket");

    let message = server.sms.messages_for("+8613800138000").pop().unwrap();
    assert_eq!((message.to.as_str(), message.minutes.as_str()), ("13800138000", "5"));
    assert!(server.sms.notices_for("+8613800138000").is_empty(), "a code went out with the wrong template");
    let verified = server.verify(&ticket, &message.code).await;
    assert_eq!(verified.body, json!({"step": "set_password", "expires_in": 900}));

    let set = server.set_password(&ticket).await;
    assert_eq!(set.body, json!({"step": "submit_profile", "expires_in": 900}));

    let signed_in = server.submit(&ticket).await;
    assert_eq!(signed_in.status, StatusCode::CREATED);
    assert_eq!(signed_in.headers["cache-control"], "no-store");
    assert_eq!(signed_in.body["user"]["phone_number"], "+8613800138000");
    assert_eq!(signed_in.text("token_type"), "Bearer");
    assert_eq!((signed_in.number("expires_in"), signed_in.number("refresh_expires_in")), (900, 2_592_000));
    assert_eq!(signed_in.text("refresh_token").split('.').count(), 3);

    server.submit(&ticket).await.assert_refused(410, "ticket_expired");
    if let Some(url) = server.redis_url() {
        assert_eq!(redis::without_expiry(url), Vec::<String>::new());
    }
}

async fn every_profile_field_comes_back(server: TestServer) {
    let ticket = server.with_password("+8613800138000").await;
    let profile = json!({
        "ticket": ticket, "nickname": " 小明 👩‍🚀 ", "gender": "female", "birthday": "2001-09-30", "avatar_url": null,
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
    let ticket = server.ticket(&phone).await;
    for answer in [server.set_password(&ticket).await, server.submit(&ticket).await] {
        answer.assert_refused(409, "wrong_step");
        assert_eq!(answer.text("step"), "verify_code");
    }
    let code = server.sms.code_for(&phone).unwrap();
    assert_eq!(server.verify(&ticket, &code).await.status, StatusCode::OK);
    let answer = server.submit(&ticket).await;
    answer.assert_refused(409, "wrong_step");
    assert_eq!(answer.text("step"), "set_password");
    assert_eq!(server.set_password(&ticket).await.status, StatusCode::OK);
    let answer = server.verify(&ticket, &code).await;
    answer.assert_refused(409, "wrong_step");
    assert_eq!(answer.text("step"), "submit_profile");
}

async fn a_wrong_code_costs_an_attempt_and_the_fifth_the_flow(server: TestServer) {
    let phone = fresh_phone();
    let ticket = server.ticket(&phone).await;
    let code = server.sms.code_for(&phone).unwrap();
    for left in [4, 3, 2, 1] {
        let answer = server.verify(&ticket, &other_than(&code)).await;
        answer.assert_refused(422, "code_wrong");
        assert_eq!(answer.number("attempts_left"), left);
        assert!(!answer.body.to_string().contains(&code), "the code stays with the phone");
    }
    server.verify(&ticket, &other_than(&code)).await.assert_refused(410, "code_exhausted");
    server.verify(&ticket, &code).await.assert_refused(410, "ticket_expired");
}

async fn a_code_works_once(server: TestServer) {
    let phone = fresh_phone();
    let ticket = server.ticket(&phone).await;
    let code = server.sms.code_for(&phone).unwrap();
    server.verify(&ticket, &other_than(&code)).await.assert_refused(422, "code_wrong");
    assert_eq!(server.verify(&ticket, &code).await.status, StatusCode::OK, "a typo costs no message");
    let again = server.verify(&ticket, &code).await;
    again.assert_refused(409, "wrong_step");
    assert_eq!(again.text("step"), "set_password");
}

async fn an_expired_code_does_not_verify(server: TestServer) {
    let phone = fresh_phone();
    let ticket = server.ticket(&phone).await;
    let code = server.sms.code_for(&phone).unwrap();
    server.advance(Duration::from_secs(301));
    server.verify(&ticket, &code).await.assert_refused(410, "ticket_expired");
}

async fn a_resend_repeats_the_code_and_not_its_life(server: TestServer) {
    let phone = fresh_phone();
    let ticket = server.ticket(&phone).await;
    let code = server.sms.code_for(&phone).unwrap();
    server.verify(&ticket, &other_than(&code)).await.assert_refused(422, "code_wrong");
    let body = json!({"ticket": ticket});
    let early = server.post("/v1/register/resend-code", body.clone()).await;
    early.assert_refused(429, "resend_cooldown");
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
    assert_eq!(server.verify(&ticket, &code).await.status, StatusCode::OK);
    server.post("/v1/register/resend-code", body).await.assert_refused(409, "wrong_step");
}

async fn a_taken_phone_is_told_before_any_message(server: TestServer) {
    let phone = fresh_phone();
    server.sign_up(&phone).await;
    server.advance(Duration::from_secs(60));
    server.send_code(&phone).await.assert_refused(409, "phone_already_registered");
    server.send_code(&phone).await.assert_refused(409, "phone_already_registered");
    assert_eq!(server.sms.messages_for(&phone).len(), 1);
}

/// Mistake 13 of the earlier systems: knowing the phone was enough to set its password.
async fn a_ticket_is_the_only_way_in(server: TestServer) {
    let phone = fresh_phone();
    let ticket = server.verified(&phone).await;
    let by_phone = json!({"phone_number": phone, "password": PASSWORD});
    server.post("/v1/register/set-password", by_phone).await.assert_refused(400, "malformed_request");
    // The public half of a ticket names the phone; without the secret half it opens nothing.
    let forged = format!("{}{}", &ticket[..22], &"A".repeat(42));
    server.set_password(&forged).await.assert_refused(410, "ticket_expired");
    server.submit(&forged).await.assert_refused(410, "ticket_expired");
    // Somebody else's ticket opens somebody else's flow only.
    let other = server.ticket(&fresh_phone()).await;
    server.set_password(&other).await.assert_refused(409, "wrong_step");
    assert_eq!(server.set_password(&ticket).await.status, StatusCode::OK);
}

async fn a_password_can_be_chosen_anew_until_the_end(server: TestServer) {
    let phone = fresh_phone();
    let ticket = server.with_password(&phone).await;
    let body = json!({"ticket": ticket, "password": "another battery staple"});
    assert_eq!(server.post("/v1/register/set-password", body.clone()).await.status, StatusCode::OK);
    assert_eq!(server.submit(&ticket).await.status, StatusCode::CREATED);
    server.post("/v1/register/set-password", body).await.assert_refused(410, "ticket_expired");
}

/// A proof of phone ages, whatever its holder does, and one ticket buys so many hashes.
async fn a_ticket_does_not_live_or_hash_without_end(server: TestServer) {
    let ticket = server.with_password(&fresh_phone()).await;
    server.advance(Duration::from_secs(600));
    let left = server.set_password(&ticket).await.number("expires_in");
    assert!((290..=300).contains(&left), "{left}");
    server.advance(Duration::from_secs(301));
    server.set_password(&ticket).await.assert_refused(410, "ticket_expired");

    let ticket = server.verified(&fresh_phone()).await;
    for _ in 0..20 {
        assert_eq!(server.set_password(&ticket).await.status, StatusCode::OK);
    }
    server.set_password(&ticket).await.assert_refused(429, "too_many_requests");
    assert_eq!(server.submit(&ticket).await.status, StatusCode::CREATED, "the last password stands");
}

async fn weak_passwords_are_refused(server: TestServer) {
    let phone = fresh_phone();
    let ticket = server.verified(&phone).await;
    let digits = &phone[3..];
    for password in ["password1", "qwertyuiop", "12345678", digits] {
        let body = json!({"ticket": ticket, "password": password});
        server.post("/v1/register/set-password", body).await.assert_refused(422, "password_too_weak");
    }
    let mismatch = json!({"ticket": ticket, "password": PASSWORD, "password_confirm": "correct horse batterx"});
    let answer = server.post("/v1/register/set-password", mismatch).await;
    answer.assert_field(422, "validation_failed", "password_confirm", "mismatch");
    let confirmed = json!({"ticket": ticket, "password": PASSWORD, "password_confirm": PASSWORD});
    assert_eq!(server.post("/v1/register/set-password", confirmed).await.status, StatusCode::OK);
}

async fn status_tells_where_the_flow_stands(server: TestServer) {
    let phone = fresh_phone();
    let masked = format!("+86138****{}", &phone[phone.len() - 4..]);
    let ticket = server.ticket(&phone).await;
    let ask = || server.post("/v1/register/status", json!({"ticket": ticket}));
    server.advance(Duration::from_secs(20));
    let status = ask().await;
    assert_eq!((status.text("step"), status.text("phone_number")), ("verify_code".to_owned(), masked));
    assert!((270..=280).contains(&status.number("expires_in")) && (30..=40).contains(&status.number("resend_in")));
    assert_eq!(status.number("attempts_left"), 5);
    server.verify(&ticket, &server.sms.code_for(&phone).unwrap()).await;
    let status = ask().await;
    assert_eq!((status.text("step"), status.text("phone_number")), ("set_password".to_owned(), phone));
    assert!(status.body.get("attempts_left").is_none());
    server.set_password(&ticket).await;
    assert_eq!(ask().await.text("step"), "submit_profile");
    server.submit(&ticket).await;
    ask().await.assert_refused(410, "ticket_expired");
}

async fn an_expired_flow_is_gone_at_every_step(server: TestServer) {
    let (first, second) = (fresh_phone(), fresh_phone());
    let verified = server.verified(&first).await;
    let with_password = server.with_password(&second).await;
    server.advance(Duration::from_secs(901));
    server.set_password(&verified).await.assert_refused(410, "ticket_expired");
    server.submit(&with_password).await.assert_refused(410, "ticket_expired");
    assert_eq!(server.send_code(&second).await.status, StatusCode::OK, "nobody took the phone");
}

/// Mistake 12: the check at the first step is not the last word.
async fn a_lost_race_for_the_phone_is_told(server: TestServer) {
    let phone = fresh_phone();
    let slow = server.with_password(&phone).await;
    server.advance(Duration::from_secs(60));
    let fast = server.with_password(&phone).await;
    assert_eq!(server.submit(&fast).await.status, StatusCode::CREATED);
    server.submit(&slow).await.assert_refused(409, "phone_already_registered");
    server.submit(&slow).await.assert_refused(410, "ticket_expired");
}

/// Nothing that a request needs lives in one process.
#[actix_web::test]
async fn every_step_may_meet_another_replica() {
    let mut server = TestServer::with(BackEnds::Real, &[]).await;
    // Replicas share the keys; in development they are files in the same folder.
    let replicas = [server.url.clone(), server.serve().await, server.serve().await];
    let phone = fresh_phone();
    let ticket = server.ticket(&phone).await;
    server.url.clone_from(&replicas[1]);
    assert_eq!(server.verify(&ticket, &server.sms.code_for(&phone).unwrap()).await.status, StatusCode::OK);
    server.url.clone_from(&replicas[2]);
    assert_eq!(server.set_password(&ticket).await.status, StatusCode::OK);
    server.url.clone_from(&replicas[1]);
    let token = server.submit(&ticket).await.text("access_token");
    server.url.clone_from(&replicas[0]);
    let me = server.request(reqwest::Method::GET, "/v1/me").bearer_auth(token);
    assert_eq!(server.send(me, "/v1/me").await.status, StatusCode::OK);
}
