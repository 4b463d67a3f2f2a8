//! A stolen SIM: the thief gets every code, and the number of the account was proven a short time ago.

use super::{DAY, NEW_PASSWORD};
use crate::server_tests;
use crate::test_server::{TestServer, fresh_phone};
use reqwest::Method;
use serde_json::{Value, json};

server_tests!(
    the_owner_refuses_what_a_thief_asks_for,
    a_thief_who_resets_the_password_changes_no_number_for_a_day,
    the_owner_of_the_sim_ends_what_the_thief_has_begun,
    a_thief_does_not_start_anew,
);

async fn the_owner_refuses_what_a_thief_asks_for(server: TestServer) {
    let owner = server.create_owner().await;
    let (_, signed_in) = server.enter_by_code("login", &owner.phone).await;
    // A code signs in, as in every service.
    signed_in.assert_status(200);
    let thief = signed_in.text("access_token");
    server.advance(DAY / 720);
    let sent = server.call(Method::POST, "/v1/me/deletion/send-code", &thief, Value::Null).await;
    let code = server.sms.code_for(&owner.phone).unwrap();
    let body = json!({"ticket": sent.text("ticket"), "code": code});
    server.call(Method::DELETE, "/v1/me", &thief, body.clone()).await.assert_error(409, "act_held");
    let no_password = json!({"phone_number": fresh_phone()});
    let refused = server.call(Method::POST, "/v1/me/phone/send-code", &thief, no_password).await;
    refused.assert_field_error(422, "validation_failed", "current_password", "required");

    let act = server.pending(&owner.access_token).await.remove(0);
    assert_eq!(act["kind"], json!("deletion"));
    server.resolve(&thief, &act, "approve").await.assert_error(409, "device_too_new");
    server.resolve(&owner.access_token, &act, "refuse").await.assert_status(204);
    server.call(Method::DELETE, "/v1/me", &thief, body).await.assert_error(409, "act_refused");
    server.advance(DAY / 12);
    let (_, web) = server.enter_by_code("account-deletion", &owner.phone).await;
    web.assert_error(409, "act_refused");
    server.refresh(&owner.refresh_token).await.assert_status(200);
}

async fn a_thief_who_resets_the_password_changes_no_number_for_a_day(server: TestServer) {
    let owner = server.create_owner().await;
    let (ticket, _) = server.enter_by_code("password-reset", &owner.phone).await;
    let body = json!({"ticket": ticket, "password": NEW_PASSWORD});
    server.post("/v1/password-reset/set-password", body).await.assert_status(204);
    let mut thief = server.log_in(&owner.phone, NEW_PASSWORD).await.text("refresh_token");
    let new = fresh_phone();
    for hours in [0, 12, 11] {
        server.advance(hours * DAY / 24);
        let tokens = server.refresh(&thief).await;
        thief = tokens.text("refresh_token");
        let access = tokens.text("access_token");
        server.change_number(&access, &new, NEW_PASSWORD).await.assert_error(409, "act_held");
        let deletion = json!({"password": NEW_PASSWORD});
        let deletion = server.call(Method::DELETE, "/v1/me", &access, deletion).await;
        deletion.assert_error(409, "password_too_new");
        assert_eq!(server.me(&access).await.body["phone_number"], json!(owner.phone));
    }
}

async fn the_owner_of_the_sim_ends_what_the_thief_has_begun(server: TestServer) {
    let owner = server.create_owner().await;
    let reset = async |password: &str| {
        let (ticket, verified) = server.enter_by_code("password-reset", &owner.phone).await;
        verified.assert_status(200);
        let body = json!({"ticket": ticket, "password": password});
        server.post("/v1/password-reset/set-password", body).await.assert_status(204);
    };
    reset(NEW_PASSWORD).await;
    let thief = server.log_in(&owner.phone, NEW_PASSWORD).await;
    let new = fresh_phone();
    server.change_number(&thief.text("access_token"), &new, NEW_PASSWORD).await.assert_error(409, "act_held");
    // The carrier gives the owner a new SIM.
    server.advance(DAY / 2);
    reset("battery correct staple").await;
    server.refresh(&thief.text("refresh_token")).await.assert_error(401, "refresh_invalid");
    server.advance(DAY);
    let signed_in = server.log_in(&owner.phone, "battery correct staple").await;
    assert_eq!(signed_in.body["user"]["id"], owner.profile["id"]);
    assert!(server.pending(&signed_in.text("access_token")).await.is_empty());
}

async fn a_thief_does_not_start_anew(server: TestServer) {
    let owner = server.create_owner().await;
    let (ticket, held) = server.enter_by_code("account-deletion", &owner.phone).await;
    held.assert_error(409, "act_held");
    assert_eq!(held.body["start_anew"], json!(false));
    server.start_anew("account-deletion", &ticket).await.assert_error(409, "start_anew_unavailable");
    assert_eq!(server.me(&owner.access_token).await.body["phone_number"], json!(owner.phone));
}
