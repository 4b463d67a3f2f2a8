//! Changes of a user's profile and password.

use crate::server_tests;
use crate::test_server::{PASSWORD, Response, TestServer};
use crate::users::TestUser;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const NEW_PASSWORD: &str = "staple battery horse";

server_tests!(
    a_patch_keeps_the_other_fields,
    null_clears_a_field,
    clear_clears_fields,
    a_client_without_patch_changes_the_profile,
    an_invalid_patch_changes_nothing,
    a_password_change_ends_the_other_sessions,
    a_password_change_renews_its_session_and_ends_copies_of_its_refresh_token,
    a_lost_response_of_a_password_change_is_repeated,
    a_password_change_requires_the_current_password_and_limits_attempts,
    a_weak_new_password_is_rejected,
);

async fn patch(server: &TestServer, user: &TestUser, body: Value) -> Response {
    server.call(Method::PATCH, "/v1/me", &user.access_token, body).await
}

async fn change_password(server: &TestServer, user: &TestUser, current: &str, new: &str) -> Response {
    let body = json!({"current_password": current, "new_password": new});
    server.call(Method::PUT, "/v1/me/password", &user.access_token, body).await
}

async fn a_patch_keeps_the_other_fields(server: TestServer) {
    let user = server.create_user().await;
    server.advance(Duration::from_secs(10));
    let patched = patch(&server, &user, json!({"gender": "female", "birthday": "2001-09-30"})).await;
    patched.assert_status(200);
    let mut expected = user.profile.clone();
    expected["gender"] = json!("female");
    expected["birthday"] = json!("2001-09-30");
    assert_ne!(patched.body["updated_at"], expected["updated_at"]);
    expected["updated_at"] = patched.body["updated_at"].clone();
    assert_eq!(patched.body, expected);
    let renamed = patch(&server, &user, json!({"nickname": " Zoë "})).await;
    assert_eq!((&renamed.body["nickname"], &renamed.body["gender"]), (&json!("Zoë"), &json!("female")));
    assert_eq!(server.me(&user.access_token).await.body, renamed.body);
    let unchanged = patch(&server, &user, json!({})).await;
    assert_eq!(unchanged.body, renamed.body, "an empty patch changes updated_at");
}

async fn null_clears_a_field(server: TestServer) {
    let user = server.create_user().await;
    patch(&server, &user, json!({"gender": "other", "birthday": "2001-09-30"})).await.assert_status(200);
    let cleared = patch(&server, &user, json!({"birthday": null})).await;
    assert_eq!((&cleared.body["gender"], &cleared.body["birthday"]), (&json!("other"), &Value::Null));
    let request = server.request(Method::PATCH, "/v1/me").bearer_auth(&user.access_token);
    let merge = request.header("content-type", "application/merge-patch+json").body(r#"{"gender":null}"#);
    let cleared = server.send(merge, "/v1/me").await;
    cleared.assert_status(200);
    assert_eq!(cleared.body["gender"], Value::Null);
    patch(&server, &user, json!({"nickname": null})).await.assert_field_error(
        422,
        "validation_failed",
        "nickname",
        "not_allowed",
    );
}

async fn post_profile(server: &TestServer, user: &TestUser, body: Value) -> Response {
    server.call(Method::POST, "/v1/me", &user.access_token, body).await
}

/// Generated clients for Kotlin, Swift and Dart leave out null.
async fn clear_clears_fields(server: TestServer) {
    let user = server.create_user().await;
    for method in [Method::PATCH, Method::POST] {
        let send = async |body| server.call(method.clone(), "/v1/me", &user.access_token, body).await;
        send(json!({"gender": "other", "birthday": "2001-09-30"})).await.assert_status(200);
        let cleared = send(json!({"nickname": "Zoë", "clear": ["birthday", "gender", "avatar_url", "gender"]})).await;
        cleared.assert_status(200);
        assert_eq!((&cleared.body["gender"], &cleared.body["birthday"]), (&Value::Null, &Value::Null));
        assert_eq!((cleared.text("nickname"), &cleared.body["avatar_url"]), ("Zoë".to_owned(), &Value::Null));
        for body in [
            json!({"clear": ["nickname"]}),
            json!({"clear": ["id"]}),
            json!({"clear": ["gender"], "gender": "female"}),
            json!({"clear": ["birthday", "birthday"], "birthday": "2001-09-30"}),
        ] {
            send(body).await.assert_field_error(422, "validation_failed", "clear", "not_allowed");
        }
        for (body, field) in [(json!({"clear": null}), "clear"), (json!({"clear": ["gender", null]}), "clear[1]")] {
            send(body).await.assert_field_error(400, "malformed_request", field, "invalid_type");
        }
    }
}

/// WeChat's `wx.request` has no PATCH.
async fn a_client_without_patch_changes_the_profile(server: TestServer) {
    let user = server.create_user().await;
    let changed = post_profile(&server, &user, json!({"gender": "female", "birthday": "2001-09-30"})).await;
    changed.assert_status(200);
    assert_eq!((changed.text("gender"), changed.text("birthday")), ("female".to_owned(), "2001-09-30".to_owned()));
    assert_eq!(server.me(&user.access_token).await.body, changed.body);
    let null = post_profile(&server, &user, json!({"birthday": null})).await;
    null.assert_field_error(400, "malformed_request", "birthday", "invalid_type");
    assert_eq!(server.me(&user.access_token).await.body, changed.body);
}

async fn an_invalid_patch_changes_nothing(server: TestServer) {
    let user = server.create_user().await;
    for (field, value, reason) in [
        ("nickname", json!(""), "too_short"),
        ("nickname", json!("x".repeat(33)), "too_long"),
        ("nickname", json!("a\nb"), "invalid_characters"),
        ("gender", json!("unknown"), "not_allowed"),
        ("birthday", json!("2001-13-01"), "invalid_format"),
        ("birthday", json!("2999-01-01"), "out_of_range"),
        ("avatar_url", json!("https://evil.example/a.png"), "not_allowed"),
        ("avatar_url", json!("no url"), "invalid_format"),
    ] {
        let mut body = json!({"nickname": "Eve", "gender": "male"});
        body[field] = value;
        patch(&server, &user, body).await.assert_field_error(422, "validation_failed", field, reason);
    }
    for (field, value, reason) in [
        ("phone_number", json!("+8613800138000"), "unknown_field"),
        ("id", json!("x"), "unknown_field"),
        ("password", json!(NEW_PASSWORD), "unknown_field"),
        ("nickname", json!(7), "invalid_type"),
    ] {
        patch(&server, &user, json!({field: value})).await.assert_field_error(400, "malformed_request", field, reason);
    }
    patch(&server, &user, json!([])).await.assert_error(400, "malformed_request");
    let request = server.request(Method::PATCH, "/v1/me").json(&json!({"nickname": "Eve"}));
    server.send(request, "/v1/me").await.assert_error(401, "token_missing");
    assert_eq!(server.me(&user.access_token).await.body, user.profile);
}

async fn a_password_change_ends_the_other_sessions(server: TestServer) {
    let user = server.create_user().await;
    let tablet = server.new_session(&user.phone).await;
    let changed = change_password(&server, &user, PASSWORD, NEW_PASSWORD).await;
    changed.assert_status(200);
    server.me(&user.access_token).await.assert_status(200);
    server.me(&changed.text("access_token")).await.assert_status(200);
    server.me(&tablet.access_token).await.assert_error(401, "token_invalid");
    server.refresh(&tablet.refresh_token).await.assert_error(401, "refresh_invalid");
    server.log_in(&user.phone, PASSWORD).await.assert_error(401, "credentials_invalid");
    server.log_in(&user.phone, NEW_PASSWORD).await.assert_status(200);
}

/// Trial A7: a copy of the refresh token of this very device does not survive the change.
async fn a_password_change_renews_its_session_and_ends_copies_of_its_refresh_token(server: TestServer) {
    let user = server.create_user().await;
    let renewed = change_password(&server, &user, PASSWORD, NEW_PASSWORD).await;
    // The copy is refused as often as it comes, and does not sign the owner out.
    for _ in 0..3 {
        server.refresh(&user.refresh_token).await.assert_error(401, "refresh_invalid");
    }
    let next = server.refresh(&renewed.text("refresh_token")).await;
    next.assert_status(200);
    server.refresh(&user.refresh_token).await.assert_error(401, "refresh_invalid");
    server.refresh(&next.text("refresh_token")).await.assert_status(200);
}

/// The response is lost: the retry with the same key gets the same tokens, and the user stays signed in.
async fn a_lost_response_of_a_password_change_is_repeated(server: TestServer) {
    let user = server.create_user().await;
    let body = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
    let put = async || {
        let request = server.request(Method::PUT, "/v1/me/password").bearer_auth(&user.access_token).json(&body);
        server.send(request.header("idempotency-key", "\"change\""), "/v1/me/password").await
    };
    let first = put().await;
    first.assert_status(200);
    let retry = put().await;
    assert_eq!((retry.status, &retry.body), (first.status, &first.body));
    assert_eq!(retry.headers["idempotency-replayed"], "true");
    server.refresh(&retry.text("refresh_token")).await.assert_status(200);
    server.log_in(&user.phone, NEW_PASSWORD).await.assert_status(200);
    // The app has the tokens now: another retry comes from somebody else.
    put().await.assert_error(410, "response_gone");
}

async fn a_password_change_requires_the_current_password_and_limits_attempts(server: TestServer) {
    let users = server.create_users(2).await;
    for _ in 0..10 {
        change_password(&server, &users[0], "not the password", NEW_PASSWORD).await.assert_error(422, "password_wrong");
    }
    let paused = change_password(&server, &users[0], PASSWORD, NEW_PASSWORD).await;
    paused.assert_error(429, "too_many_requests");
    // The pause affects neither login nor other users.
    server.log_in(&users[0].phone, PASSWORD).await.assert_status(200);
    change_password(&server, &users[1], PASSWORD, NEW_PASSWORD).await.assert_status(200);
}

async fn a_weak_new_password_is_rejected(server: TestServer) {
    let user = server.create_user().await;
    change_password(&server, &user, PASSWORD, "password123").await.assert_error(422, "password_too_weak");
    change_password(&server, &user, PASSWORD, &user.phone).await.assert_error(422, "password_too_weak");
    let short = change_password(&server, &user, PASSWORD, "short").await;
    short.assert_field_error(422, "validation_failed", "new_password", "too_short");
    server.log_in(&user.phone, PASSWORD).await.assert_status(200);
}
