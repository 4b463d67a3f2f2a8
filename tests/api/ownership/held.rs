//! Held acts: the account is in use, and its number was not proven for a long time.

use super::{DAY, NEW_PASSWORD};
use crate::server_tests;
use crate::test_server::{BackEnds, PASSWORD, TestServer, fresh_phone};
use crate::users::TestUser;
use reqwest::Method;
use serde_json::{Value, json};

server_tests!(
    start: super::server;
    a_sign_in_is_held_for_a_day,
    the_owner_approves_a_sign_in,
    an_approved_act_can_be_refused,
    a_device_that_is_new_only_cancels_an_act,
    the_owner_refuses_a_sign_in,
    a_password_reset_is_held,
    a_held_act_is_done_once,
    the_password_enters_at_once,
    only_a_device_that_is_known_for_a_day_approves,
    acts_of_other_users_are_unknown,
    a_change_of_credentials_ends_the_held_acts,
    an_account_in_use_that_loses_its_number_keeps_its_sessions,
    the_own_change_of_number_can_be_cancelled,
);

async fn server(back_ends: BackEnds) -> TestServer {
    TestServer::with(back_ends, &[("NUMBER_CONFIRM_DAYS", "3")]).await
}

/// User with a session that is in use, and an old proof of the number.
async fn user_with_old_proof(server: &TestServer) -> TestUser {
    let mut user = server.create_user().await;
    server.advance(4 * DAY);
    server.renew(&mut user).await;
    user
}

async fn a_sign_in_is_held_for_a_day(server: TestServer) {
    let mut user = user_with_old_proof(&server).await;
    let (ticket, code) = server.ticket_and_code("login", &user.phone).await;
    let body = json!({"ticket": ticket, "code": code, "device_name": "Eve's phone"});
    let held = server.post("/v1/login/verify-code", body.clone()).await;
    held.assert_error(409, "act_held");
    assert_eq!((held.number("retry_after"), held.text("step").as_str()), (86_400, "prove_account"));
    assert_eq!((&held.headers["retry-after"], &held.body["start_anew"]), (&"86400".parse().unwrap(), &json!(true)));
    // A second request does not prolong it.
    server.advance(DAY / 288);
    let again = server.post("/v1/login/verify-code", body).await;
    assert_eq!(again.number("retry_after"), 86_100);
    let pending = server.pending(&user.access_token).await;
    assert_eq!(pending.len(), 1, "{pending:?}");
    assert_eq!((&pending[0]["kind"], &pending[0]["device_name"]), (&json!("sign_in"), &json!("Eve's phone")));
    assert_eq!((&pending[0]["own"], &pending[0]["approved"]), (&json!(false), &json!(false)));

    server.advance(DAY - DAY / 288);
    server.enter_by_code("login", &user.phone).await.1.assert_status(200);
    server.renew(&mut user).await;
    assert!(server.pending(&user.access_token).await.is_empty());
    // The number is proven now.
    server.advance(DAY);
    server.enter_by_code("login", &user.phone).await.1.assert_status(200);
}

async fn the_owner_approves_a_sign_in(server: TestServer) {
    let user = user_with_old_proof(&server).await;
    let (ticket, code) = server.ticket_and_code("login", &user.phone).await;
    server.verify("login", &ticket, &code).await.assert_error(409, "act_held");
    let act = server.pending(&user.access_token).await.remove(0);
    server.resolve(&user.access_token, &act, "approve").await.assert_status(204);
    assert_eq!(server.pending(&user.access_token).await[0]["approved"], json!(true));
    server.resolve(&user.access_token, &act, "approve").await.assert_status(204);
    server.verify("login", &ticket, &code).await.assert_status(200);
    assert!(server.pending(&user.access_token).await.is_empty());
    server.resolve(&user.access_token, &act, "approve").await.assert_error(404, "not_found");
}

/// The owner notices the mistake before the act is done.
async fn an_approved_act_can_be_refused(server: TestServer) {
    let user = user_with_old_proof(&server).await;
    let (ticket, code) = server.ticket_and_code("login", &user.phone).await;
    server.verify("login", &ticket, &code).await.assert_error(409, "act_held");
    let act = server.pending(&user.access_token).await.remove(0);
    for decision in ["approve", "refuse", "refuse"] {
        server.resolve(&user.access_token, &act, decision).await.assert_status(204);
    }
    server.resolve(&user.access_token, &act, "approve").await.assert_error(404, "not_found");
    server.verify("login", &ticket, &code).await.assert_error(409, "act_refused");
}

/// A thief who is signed in refuses the owner's act: it must not stop the owner for a week.
async fn a_device_that_is_new_only_cancels_an_act(server: TestServer) {
    let user = user_with_old_proof(&server).await;
    let (ticket, code) = server.ticket_and_code("login", &user.phone).await;
    server.verify("login", &ticket, &code).await.assert_error(409, "act_held");
    let new = server.new_session(&user.phone).await;
    let act = server.pending(&new.access_token).await.remove(0);
    server.resolve(&new.access_token, &act, "refuse").await.assert_status(204);
    assert!(server.pending(&user.access_token).await.is_empty());
    let again = server.verify("login", &ticket, &code).await;
    again.assert_error(409, "act_held");
    assert_eq!(again.number("retry_after"), 86_400);
}

async fn the_owner_refuses_a_sign_in(server: TestServer) {
    let mut user = user_with_old_proof(&server).await;
    let (ticket, code) = server.ticket_and_code("login", &user.phone).await;
    server.verify("login", &ticket, &code).await.assert_error(409, "act_held");
    let act = server.pending(&user.access_token).await.remove(0);
    server.resolve(&user.access_token, &act, "refuse").await.assert_status(204);
    assert!(server.pending(&user.access_token).await.is_empty());
    let refused = server.verify("login", &ticket, &code).await;
    refused.assert_error(409, "act_refused");
    assert_eq!((refused.number("retry_after"), &refused.body["start_anew"]), (7 * 86_400, &json!(true)));
    for _ in 0..6 {
        server.advance(DAY);
        server.renew(&mut user).await;
        server.enter_by_code("login", &user.phone).await.1.assert_error(409, "act_refused");
    }
    server.advance(DAY);
    server.enter_by_code("login", &user.phone).await.1.assert_error(409, "act_held");
}

async fn a_password_reset_is_held(server: TestServer) {
    let user = user_with_old_proof(&server).await;
    let (ticket, code) = server.ticket_and_code("password-reset", &user.phone).await;
    server.verify("password-reset", &ticket, &code).await.assert_error(409, "act_held");
    let body = json!({"ticket": ticket, "password": NEW_PASSWORD});
    let early = server.post("/v1/password-reset/set-password", body.clone()).await;
    early.assert_error(409, "wrong_step");
    assert_eq!(early.text("step"), "prove_account");
    let act = server.pending(&user.access_token).await.remove(0);
    assert_eq!(act["kind"], json!("password_reset"));
    server.resolve(&user.access_token, &act, "approve").await.assert_status(204);
    let verified = server.verify("password-reset", &ticket, &code).await;
    verified.assert_status(200);
    assert_eq!(verified.text("step"), "set_password");
    server.post("/v1/password-reset/set-password", body).await.assert_status(204);
    server.log_in(&user.phone, NEW_PASSWORD).await.assert_status(200);
}

/// Two tickets are verified after one approval: the first password wins.
async fn a_held_act_is_done_once(server: TestServer) {
    let user = user_with_old_proof(&server).await;
    let first = server.ticket_and_code("password-reset", &user.phone).await;
    server.verify("password-reset", &first.0, &first.1).await.assert_error(409, "act_held");
    let act = server.pending(&user.access_token).await.remove(0);
    server.resolve(&user.access_token, &act, "approve").await.assert_status(204);
    server.advance(DAY / 1_440);
    let second = server.ticket_and_code("password-reset", &user.phone).await;
    for (ticket, code) in [&first, &second] {
        server.verify("password-reset", ticket, code).await.assert_status(200);
    }
    let set = async |ticket: &str, password: &str| {
        server.post("/v1/password-reset/set-password", json!({"ticket": ticket, "password": password})).await
    };
    set(&first.0, NEW_PASSWORD).await.assert_status(204);
    set(&second.0, "battery correct staple").await.assert_error(410, "ticket_expired");
    server.log_in(&user.phone, NEW_PASSWORD).await.assert_status(200);
}

async fn the_password_enters_at_once(server: TestServer) {
    let user = user_with_old_proof(&server).await;
    let (ticket, held) = server.enter_by_code("login", &user.phone).await;
    held.assert_error(409, "act_held");
    server.post("/v1/login/claim", json!({"ticket": ticket, "password": PASSWORD})).await.assert_status(200);
    server.advance(DAY);
    server.enter_by_code("login", &user.phone).await.1.assert_status(200);
}

async fn only_a_device_that_is_known_for_a_day_approves(server: TestServer) {
    let user = user_with_old_proof(&server).await;
    server.enter_by_code("login", &user.phone).await.1.assert_error(409, "act_held");
    let mut thief = server.new_session(&user.phone).await;
    let act = server.pending(&thief.access_token).await.remove(0);
    let early = server.resolve(&thief.access_token, &act, "approve").await;
    early.assert_error(409, "device_too_new");
    assert_eq!(early.number("retry_after"), 86_400);
    server.advance(DAY);
    server.renew(&mut thief).await;
    server.resolve(&thief.access_token, &act, "approve").await.assert_status(204);
}

async fn acts_of_other_users_are_unknown(server: TestServer) {
    let (user, other) = (user_with_old_proof(&server).await, server.create_owner().await);
    server.enter_by_code("login", &user.phone).await.1.assert_error(409, "act_held");
    let user = server.new_session(&user.phone).await;
    let act = server.pending(&user.access_token).await.remove(0);
    assert!(server.pending(&other.access_token).await.is_empty());
    for decision in ["approve", "refuse"] {
        server.resolve(&other.access_token, &act, decision).await.assert_error(404, "not_found");
        let unknown = json!({"id": "no-id"});
        server.resolve(&other.access_token, &unknown, decision).await.assert_error(404, "not_found");
    }
    assert_eq!(server.pending(&user.access_token).await.len(), 1);
    let anonymous = server.send(server.request(Method::GET, "/v1/me/pending"), "/v1/me/pending").await;
    anonymous.assert_error(401, "token_missing");
}

async fn a_change_of_credentials_ends_the_held_acts(server: TestServer) {
    let user = user_with_old_proof(&server).await;
    server.enter_by_code("login", &user.phone).await.1.assert_error(409, "act_held");
    server.advance(DAY / 1_440);
    server.enter_by_code("account-deletion", &user.phone).await.1.assert_error(409, "act_held");
    assert_eq!(server.pending(&user.access_token).await.len(), 2);
    let change = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
    let changed = server.call(Method::PUT, "/v1/me/password", &user.access_token, change).await;
    changed.assert_status(200);
    assert!(server.pending(&changed.text("access_token")).await.is_empty());
}

/// The person who has the number starts anew while the act is held.
async fn an_account_in_use_that_loses_its_number_keeps_its_sessions(server: TestServer) {
    let user = user_with_old_proof(&server).await;
    let new_account = server.sign_up_anew(&user.phone).await;
    let me = server.me(&user.access_token).await;
    me.assert_status(200);
    assert_eq!((&me.body["id"], &me.body["phone_number"]), (&user.profile["id"], &Value::Null));
    assert_ne!(new_account.body["user"]["id"], user.profile["id"]);
    server.refresh(&user.refresh_token).await.assert_status(200);
    let own = server.call(Method::POST, "/v1/me/deletion/send-code", &user.access_token, Value::Null).await;
    own.assert_error(409, "phone_missing");
    let change = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
    let changed = server.call(Method::PUT, "/v1/me/password", &user.access_token, change).await;
    changed.assert_status(200);
    let (access, new) = (changed.text("access_token"), fresh_phone());
    let with_number = server.change_number(&access, &new, NEW_PASSWORD).await;
    with_number.assert_status(200);
    assert_eq!(with_number.body["phone_number"], json!(new));
    server.log_in(&new, NEW_PASSWORD).await.assert_status(200);
    // It has a number again: there is nothing to reclaim.
    let body = server.reclaim_body(&user.phone, &fresh_phone()).await;
    server.post("/v1/reclaim/send-code", body).await.assert_error(401, "credentials_invalid");
}

async fn the_own_change_of_number_can_be_cancelled(server: TestServer) {
    let owner = server.create_owner().await;
    let device = server.new_session(&owner.phone).await;
    let (first, second) = (fresh_phone(), fresh_phone());
    server.change_number(&device.access_token, &first, PASSWORD).await.assert_error(409, "act_held");
    let act = server.pending(&device.access_token).await.remove(0);
    let masked = format!("{}****{}", &first[..6], &first[10..]);
    assert_eq!(
        (&act["kind"], &act["phone_number"], &act["own"]),
        (&json!("phone_change"), &json!(masked), &json!(true))
    );
    // The same session asks for another number instead, and cancels it.
    server.advance(DAY / 2);
    let device_tokens = server.refresh(&device.refresh_token).await;
    let access = device_tokens.text("access_token");
    let held = server.change_number(&access, &second, PASSWORD).await;
    held.assert_error(409, "act_held");
    assert_eq!(held.number("retry_after"), 86_400, "the time of the other number counts");
    let act = server.pending(&access).await.remove(0);
    server.resolve(&access, &act, "refuse").await.assert_status(204);
    assert!(server.pending(&access).await.is_empty());
    let again = server.change_number(&access, &fresh_phone(), PASSWORD).await;
    again.assert_error(409, "act_held");
    // It ends with the session that asked for it.
    server.call(Method::POST, "/v1/logout", &access, Value::Null).await.assert_status(204);
    let owner = server.new_session(&owner.phone).await;
    assert!(server.pending(&owner.access_token).await.is_empty());
}
