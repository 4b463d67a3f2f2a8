//! Recycled numbers: the carrier gives the number of a dormant account to another person.

use super::{DAY, NEW_PASSWORD};
use crate::server_tests;
use crate::test_server::{BackEnds, PASSWORD, Response, TestServer, fresh_phone};
use reqwest::Method;
use serde_json::{Value, json};

server_tests!(
    the_next_owner_of_a_number_does_not_enter_its_dormant_account,
    the_owner_of_a_dormant_account_comes_back_with_the_password,
    the_owner_of_a_dormant_account_claims_it_with_the_password,
    the_owner_of_a_dormant_account_comes_back_on_a_known_device,
    a_known_device_reclaims_a_detached_account,
    the_next_owner_gets_a_new_account_and_the_earlier_owner_reclaims_theirs,
    a_deletion_by_the_next_owner_only_detaches_the_account,
    a_detached_account_is_deleted_after_its_time,
    an_owner_who_comes_back_before_the_sign_up_ends_keeps_the_number,
    every_wrong_reclaim_gets_the_same_response,
    the_new_number_of_a_reclaim_is_free,
    a_wrong_start_anew_changes_nothing,
    strangers_cannot_distinguish_a_dormant_account,
);

async fn the_next_owner_of_a_number_does_not_enter_its_dormant_account(server: TestServer) {
    for flow in ["login", "password-reset"] {
        let user = server.dormant_user().await;
        let (ticket, code) = server.ticket_and_code(flow, &user.phone).await;
        for _ in 0..2 {
            let dormant = server.verify(flow, &ticket, &code).await;
            dormant.assert_error(409, "account_dormant");
            assert_eq!((dormant.text("step").as_str(), &dormant.body["start_anew"]), ("prove_account", &json!(true)));
        }
        let body = json!({"ticket": ticket, "password": NEW_PASSWORD});
        if flow == "password-reset" {
            let early = server.post("/v1/password-reset/set-password", body.clone()).await;
            early.assert_error(409, "wrong_step");
        }
        server.post("/v1/register/set-password", body).await.assert_error(410, "ticket_expired");
        let owner = server.log_in(&user.phone, PASSWORD).await;
        let mut expected = user.profile.clone();
        expected["phone_confirm_due"] = json!(true);
        assert_eq!(owner.body["user"], expected, "the account has changed");
    }
}

async fn the_owner_of_a_dormant_account_comes_back_with_the_password(server: TestServer) {
    let user = server.dormant_user().await;
    let signed_in = server.log_in(&user.phone, PASSWORD).await;
    assert_eq!(signed_in.body["user"]["phone_confirm_due"], json!(true), "{signed_in:?}");
    // The account is in use again, and the proof of its number is old: it may be the number of another person.
    server.enter_by_code("login", &user.phone).await.1.assert_error(409, "act_held");
    server.advance(DAY / 1_440);
    let access = signed_in.text("access_token");
    let before = server.sms.messages_for(&user.phone).len();
    let sent = server.call(Method::POST, "/v1/me/phone/confirm/send-code", &access, Value::Null).await;
    let body = json!({"ticket": sent.text("ticket"), "code": server.next_code(&user.phone, before).await});
    server.call(Method::POST, "/v1/me/phone/confirm/verify-code", &access, body).await.assert_status(200);
    server.advance(DAY / 288);
    let (_, signed_in) = server.enter_by_code("login", &user.phone).await;
    assert_eq!(signed_in.body["user"]["phone_confirm_due"], json!(false), "{signed_in:?}");
}

async fn the_owner_of_a_dormant_account_claims_it_with_the_password(server: TestServer) {
    let user = server.dormant_user().await;
    let (ticket, dormant) = server.enter_by_code("login", &user.phone).await;
    dormant.assert_error(409, "account_dormant");
    let claim = |password: &str| server.post("/v1/login/claim", json!({"ticket": ticket, "password": password}));
    claim("not the password").await.assert_error(422, "password_wrong");
    let no_evidence = server.post("/v1/login/claim", json!({"ticket": ticket})).await;
    no_evidence.assert_field_error(422, "validation_failed", "password", "required");
    let both = json!({"ticket": ticket, "password": PASSWORD, "device_token": "x"});
    let both = server.post("/v1/login/claim", both).await;
    both.assert_field_error(422, "validation_failed", "device_token", "not_allowed");
    let unknown_device = server.post("/v1/login/claim", json!({"ticket": ticket, "device_token": "x"})).await;
    unknown_device.assert_error(409, "account_dormant");
    let signed_in = claim(PASSWORD).await;
    signed_in.assert_status(200);
    assert_eq!(signed_in.body["user"]["id"], user.profile["id"]);
    claim(PASSWORD).await.assert_error(410, "ticket_expired");
    // The number is proven now.
    server.advance(DAY);
    server.enter_by_code("login", &user.phone).await.1.assert_status(200);
}

async fn the_next_owner_gets_a_new_account_and_the_earlier_owner_reclaims_theirs(server: TestServer) {
    for flow in ["login", "password-reset"] {
        let user = server.dormant_user().await;
        let (ticket, dormant) = server.enter_by_code(flow, &user.phone).await;
        dormant.assert_error(409, "account_dormant");
        server.start_anew(flow, &ticket).await.assert_status(200);
        let body = json!({"ticket": ticket, "password": NEW_PASSWORD});
        server.post("/v1/register/set-password", body).await.assert_status(200);
        let created = server.submit_profile(&ticket).await;
        created.assert_status(201);
        assert_ne!(created.body["user"]["id"], user.profile["id"]);
        server.log_in(&user.phone, NEW_PASSWORD).await.assert_status(200);
        server.log_in(&user.phone, PASSWORD).await.assert_error(401, "credentials_invalid");

        let new = fresh_phone();
        server.advance(60 * DAY);
        let reclaimed = server.reclaim(&user.phone, &new).await;
        reclaimed.assert_status(200);
        let (mut profile, mut earlier) = (reclaimed.body["user"].clone(), user.profile.clone());
        assert_eq!(profile["phone_number"], json!(new));
        for changed in ["phone_number", "updated_at"] {
            profile[changed].take();
            earlier[changed].take();
        }
        assert_eq!(profile, earlier, "data was lost");
        server.log_in(&new, PASSWORD).await.assert_status(200);
        assert_eq!(server.log_in(&user.phone, NEW_PASSWORD).await.body["user"]["id"], created.body["user"]["id"]);
        let again = server.reclaim_body(&user.phone, &fresh_phone()).await;
        server.post("/v1/reclaim/send-code", again).await.assert_error(401, "credentials_invalid");
    }
}

async fn the_owner_of_a_dormant_account_comes_back_on_a_known_device(server: TestServer) {
    let phone = fresh_phone();
    let account = server.sign_up(&phone).await;
    server.advance(91 * DAY);
    let device_token = account.text("device_token");
    // The code was not enough; the device claims the same flow.
    let (ticket, code) = server.ticket_and_code("login", &phone).await;
    server.verify("login", &ticket, &code).await.assert_error(409, "account_dormant");
    let claimed = server.post("/v1/login/claim", json!({"ticket": ticket, "device_token": device_token})).await;
    claimed.assert_status(200);
    assert_eq!(claimed.body["user"]["id"], account.body["user"]["id"]);
    assert_eq!(claimed.text("device_token"), device_token, "the device has another id");
    // After the next absence it sends the token with the code.
    server.advance(91 * DAY);
    for flow in ["password-reset", "login"] {
        let (ticket, code) = server.ticket_and_code(flow, &phone).await;
        let body = json!({"ticket": ticket, "code": code, "device_token": device_token});
        server.post(&format!("/v1/{flow}/verify-code"), body).await.assert_status(200);
        server.advance(DAY / 24);
    }
}

async fn a_known_device_reclaims_a_detached_account(server: TestServer) {
    let (phone, new) = (fresh_phone(), fresh_phone());
    let account = server.sign_up(&phone).await;
    server.advance(91 * DAY);
    let other_device = server.create_user().await;
    server.sign_up_anew(&phone).await;
    server.advance(60 * DAY);
    let reclaim = async |device_token: &str| {
        let mut body = server.reclaim_body(&phone, &new).await;
        body.as_object_mut().unwrap().remove("password");
        body["device_token"] = json!(device_token);
        server.post("/v1/reclaim/send-code", body).await
    };
    let unknown = server.log_in(&other_device.phone, PASSWORD).await.text("device_token");
    for wrong in ["x", &unknown] {
        reclaim(wrong).await.assert_error(401, "credentials_invalid");
    }
    let sent = reclaim(&account.text("device_token")).await;
    sent.assert_status(200);
    let code = server.next_code(&new, 0).await;
    let reclaimed = server.verify("reclaim", &sent.text("ticket"), &code).await;
    reclaimed.assert_status(200);
    assert_eq!(reclaimed.body["user"]["id"], account.body["user"]["id"]);
}

async fn a_deletion_by_the_next_owner_only_detaches_the_account(server: TestServer) {
    let user = server.dormant_user().await;
    server.enter_by_code("account-deletion", &user.phone).await.1.assert_status(204);
    server.log_in(&user.phone, PASSWORD).await.assert_error(401, "credentials_invalid");
    let reclaimed = server.reclaim(&user.phone, &fresh_phone()).await;
    assert_eq!(reclaimed.body["user"]["id"], user.profile["id"], "{reclaimed:?}");
    server.advance(DAY);
    server.sign_up(&user.phone).await;
}

async fn a_detached_account_is_deleted_after_its_time(server: TestServer) {
    let users = server.create_users(2).await;
    server.advance(91 * DAY);
    let [kept, lost] = [&users[0].phone, &users[1].phone];
    server.sign_up_anew(kept).await;
    server.sign_up_anew(lost).await;
    server.advance(179 * DAY);
    server.reclaim(kept, &fresh_phone()).await.assert_status(200);
    server.advance(DAY);
    let body = server.reclaim_body(lost, &fresh_phone()).await;
    server.post("/v1/reclaim/send-code", body).await.assert_error(401, "credentials_invalid");
}

async fn an_owner_who_comes_back_before_the_sign_up_ends_keeps_the_number(server: TestServer) {
    let user = server.dormant_user().await;
    let (ticket, dormant) = server.enter_by_code("login", &user.phone).await;
    dormant.assert_error(409, "account_dormant");
    server.start_anew("login", &ticket).await.assert_status(200);
    let body = json!({"ticket": ticket, "password": NEW_PASSWORD});
    server.post("/v1/register/set-password", body).await.assert_status(200);
    server.advance(DAY / 1_440);
    let (own, dormant) = server.enter_by_code("login", &user.phone).await;
    dormant.assert_error(409, "account_dormant");
    server.post("/v1/login/claim", json!({"ticket": own, "password": PASSWORD})).await.assert_status(200);
    server.submit_profile(&ticket).await.assert_error(410, "ticket_expired");
    assert_eq!(server.log_in(&user.phone, PASSWORD).await.body["user"]["id"], user.profile["id"]);
    // The password alone, without the phone, is enough.
    let user = server.dormant_user().await;
    let (ticket, dormant) = server.enter_by_code("login", &user.phone).await;
    dormant.assert_error(409, "account_dormant");
    server.start_anew("login", &ticket).await.assert_status(200);
    server.advance(DAY / 1_440);
    server.log_in(&user.phone, PASSWORD).await.assert_status(200);
    let body = json!({"ticket": ticket, "password": NEW_PASSWORD});
    server.post("/v1/register/set-password", body).await.assert_status(200);
    server.submit_profile(&ticket).await.assert_error(410, "ticket_expired");
    assert_eq!(server.log_in(&user.phone, PASSWORD).await.body["user"]["id"], user.profile["id"]);
}

async fn every_wrong_reclaim_gets_the_same_response(server: TestServer) {
    let (detached, current) = (server.detached_phone().await, server.create_user().await.phone);
    let mut responses = Vec::new();
    for (former, password) in
        [(&detached, "not the password"), (&current, PASSWORD), (&detached, NEW_PASSWORD), (&fresh_phone(), PASSWORD)]
    {
        let mut body = server.reclaim_body(former, &fresh_phone()).await;
        body["password"] = json!(password);
        let mut response = server.post("/v1/reclaim/send-code", body).await;
        response.assert_error(401, "credentials_invalid");
        response.body["request_id"].take();
        responses.push(response.body);
    }
    assert!(responses.iter().all(|body| *body == responses[0]), "{responses:?}");
    // They count as wrong passwords at the former number.
    for _ in 0..8 {
        let mut body = server.reclaim_body(&detached, &fresh_phone()).await;
        body["password"] = json!("not the password");
        server.post("/v1/reclaim/send-code", body).await.assert_error(401, "credentials_invalid");
    }
    let body = server.reclaim_body(&detached, &fresh_phone()).await;
    server.post("/v1/reclaim/send-code", body).await.assert_error(429, "phone_limit_reached");
}

async fn the_new_number_of_a_reclaim_is_free(server: TestServer) {
    let (former, taken) = (server.detached_phone().await, server.create_user().await.phone);
    let body = server.reclaim_body(&former, &taken).await;
    server.post("/v1/reclaim/send-code", body).await.assert_error(409, "phone_already_registered");
    // Not its former number either: another person has it.
    let body = server.reclaim_body(&former, &former).await;
    server.post("/v1/reclaim/send-code", body).await.assert_error(409, "phone_already_registered");
    server.reclaim(&former, &fresh_phone()).await.assert_status(200);
}

async fn a_wrong_start_anew_changes_nothing(server: TestServer) {
    let user = server.create_user().await;
    let (ticket, code) = server.ticket_and_code("login", &user.phone).await;
    let early = server.start_anew("login", &ticket).await;
    early.assert_error(409, "wrong_step");
    assert_eq!(early.text("step"), "verify_code");
    server.start_anew("password-reset", &ticket).await.assert_error(410, "ticket_expired");
    server.verify("login", &ticket, &code).await.assert_status(200);
    server.start_anew("login", &ticket).await.assert_error(410, "ticket_expired");
    let short = server.start_anew("login", "short").await;
    short.assert_field_error(422, "validation_failed", "ticket", "invalid_format");
}

async fn strangers_cannot_distinguish_a_dormant_account(server: TestServer) {
    let (dormant, unknown) = (server.dormant_user().await.phone, fresh_phone());
    let current = server.create_user().await.phone;
    let members = |response: &Response| response.body.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    for flow in ["login", "password-reset", "account-deletion"] {
        let mut all = Vec::new();
        for phone in [&dormant, &current, &unknown] {
            let sent = server.send_code_for(flow, phone).await;
            sent.assert_status(200);
            let wrong = server.verify(flow, &sent.text("ticket"), "000000").await;
            all.push((members(&sent), wrong.status, wrong.code().to_owned(), members(&wrong)));
        }
        assert!(all.iter().all(|one| *one == all[0]), "{flow}: {all:?}");
        server.advance(DAY);
    }
    let taken = server.send_code_for("register", &dormant).await;
    taken.assert_error(409, "phone_already_registered");
}

/// A service that conceals taken numbers sends a code to a dormant one: the person who has it learns of the account,
/// and nobody else.
async fn a_concealed_sign_up_goes_on_with_the_number_of_a_dormant_account(back_ends: BackEnds) {
    let server = TestServer::with(back_ends, &[("REGISTER_CONCEAL_TAKEN", "true")]).await;
    let sign_up = async |phone: &str| {
        let (ticket, code) = server.ticket_and_code("register", phone).await;
        server.verify_code(&ticket, &code).await.assert_status(200);
        server.set_password(&ticket).await.assert_status(200);
        server.submit_profile(&ticket).await.assert_status(201);
    };
    let (dormant, back) = (fresh_phone(), fresh_phone());
    sign_up(&dormant).await;
    sign_up(&back).await;
    server.advance(91 * DAY);
    let current = fresh_phone();
    sign_up(&current).await;
    server.advance(DAY);

    let taken = server.send_code_for("register", &current).await;
    let (ticket, code) = server.ticket_and_code("register", &dormant).await;
    taken.assert_status(200);
    assert_eq!(server.sms.messages_for(&current).len(), 1, "not only the message of the sign-up");
    server.set_password(&ticket).await.assert_error(409, "wrong_step");
    server.verify_code(&ticket, &code).await.assert_error(409, "account_dormant");
    server.set_password(&ticket).await.assert_error(409, "wrong_step");
    server.start_anew("register", &ticket).await.assert_status(200);
    let body = json!({"ticket": ticket, "password": NEW_PASSWORD});
    server.post("/v1/register/set-password", body).await.assert_status(200);
    server.submit_profile(&ticket).await.assert_status(201);
    server.log_in(&dormant, NEW_PASSWORD).await.assert_status(200);

    // The owner comes back between the two steps.
    let (ticket, code) = server.ticket_and_code("register", &back).await;
    server.log_in(&back, PASSWORD).await.assert_status(200);
    server.verify_code(&ticket, &code).await.assert_error(409, "phone_already_registered");
    server.verify_code(&ticket, &code).await.assert_error(410, "ticket_expired");
}

#[actix_web::test]
async fn a_concealed_sign_up_goes_on_with_the_number_of_a_dormant_account_embedded() {
    a_concealed_sign_up_goes_on_with_the_number_of_a_dormant_account(BackEnds::Embedded).await;
}

#[actix_web::test]
async fn a_concealed_sign_up_goes_on_with_the_number_of_a_dormant_account_real() {
    a_concealed_sign_up_goes_on_with_the_number_of_a_dormant_account(BackEnds::Real).await;
}
