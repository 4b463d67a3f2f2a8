//! What a person changes of her account: the profile and the password.

use crate::over_both_back_ends;
use crate::people::Person;
use crate::test_server::{Answer, PASSWORD, TestServer};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const NEW: &str = "staple battery horse";

over_both_back_ends!(
    a_patch_leaves_what_it_does_not_name,
    a_null_clears,
    a_bad_patch_changes_nothing,
    a_new_password_ends_the_other_sessions,
    the_current_password_is_asked_for_and_cannot_be_guessed,
    a_new_password_is_judged_like_the_first,
);

async fn patch(server: &TestServer, person: &Person, body: Value) -> Answer {
    server.call(Method::PATCH, "/v1/me", &person.access, body).await
}

async fn change_password(server: &TestServer, person: &Person, current: &str, new: &str) -> Answer {
    let body = json!({"current_password": current, "new_password": new});
    server.call(Method::PUT, "/v1/me/password", &person.access, body).await
}

async fn a_patch_leaves_what_it_does_not_name(server: TestServer) {
    let person = server.person().await;
    server.advance(Duration::from_secs(10));
    let patched = patch(&server, &person, json!({"gender": "female", "birthday": "2001-09-30"})).await;
    patched.assert_done(200);
    let mut expected = person.user.clone();
    expected["gender"] = json!("female");
    expected["birthday"] = json!("2001-09-30");
    assert_ne!(patched.body["updated_at"], expected["updated_at"]);
    expected["updated_at"] = patched.body["updated_at"].clone();
    assert_eq!(patched.body, expected);
    let renamed = patch(&server, &person, json!({"nickname": " Zoë "})).await;
    assert_eq!((&renamed.body["nickname"], &renamed.body["gender"]), (&json!("Zoë"), &json!("female")));
    assert_eq!(server.me(&person.access).await.body, renamed.body);
    let nothing = patch(&server, &person, json!({})).await;
    assert_eq!(nothing.body, renamed.body, "no change, no new time");
}

async fn a_null_clears(server: TestServer) {
    let person = server.person().await;
    patch(&server, &person, json!({"gender": "other", "birthday": "2001-09-30"})).await.assert_done(200);
    let cleared = patch(&server, &person, json!({"birthday": null})).await;
    assert_eq!((&cleared.body["gender"], &cleared.body["birthday"]), (&json!("other"), &Value::Null));
    let request = server.request(Method::PATCH, "/v1/me").bearer_auth(&person.access);
    let merge = request.header("content-type", "application/merge-patch+json").body(r#"{"gender":null}"#);
    let cleared = server.send(merge, "/v1/me").await;
    cleared.assert_done(200);
    assert_eq!(cleared.body["gender"], Value::Null);
    patch(&server, &person, json!({"nickname": null})).await.assert_field(
        422,
        "validation_failed",
        "nickname",
        "not_allowed",
    );
}

async fn a_bad_patch_changes_nothing(server: TestServer) {
    let person = server.person().await;
    for (field, value, why) in [
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
        patch(&server, &person, body).await.assert_field(422, "validation_failed", field, why);
    }
    for (field, value, why) in [
        ("phone_number", json!("+8613800138000"), "unknown_field"),
        ("id", json!("x"), "unknown_field"),
        ("password", json!(NEW), "unknown_field"),
        ("nickname", json!(7), "invalid_type"),
    ] {
        patch(&server, &person, json!({field: value})).await.assert_field(400, "malformed_request", field, why);
    }
    patch(&server, &person, json!([])).await.assert_refused(400, "malformed_request");
    let request = server.request(Method::PATCH, "/v1/me").json(&json!({"nickname": "Eve"}));
    server.send(request, "/v1/me").await.assert_refused(401, "token_missing");
    assert_eq!(server.me(&person.access).await.body, person.user);
}

async fn a_new_password_ends_the_other_sessions(server: TestServer) {
    let person = server.person().await;
    let tablet = server.signed_in(&person.phone).await;
    change_password(&server, &person, PASSWORD, NEW).await.assert_done(204);
    server.me(&person.access).await.assert_done(200);
    server.refresh(&person.refresh).await.assert_done(200);
    server.me(&tablet.access).await.assert_refused(401, "token_invalid");
    server.refresh(&tablet.refresh).await.assert_refused(401, "refresh_invalid");
    server.log_in(&person.phone, PASSWORD).await.assert_refused(401, "credentials_invalid");
    server.log_in(&person.phone, NEW).await.assert_done(200);
}

async fn the_current_password_is_asked_for_and_cannot_be_guessed(server: TestServer) {
    let people = server.people(2).await;
    for _ in 0..10 {
        change_password(&server, &people[0], "not the password", NEW).await.assert_refused(422, "password_wrong");
    }
    let paused = change_password(&server, &people[0], PASSWORD, NEW).await;
    paused.assert_refused(429, "too_many_requests");
    // Somebody who found her phone keeps her from nothing else, and nobody else from anything.
    server.log_in(&people[0].phone, PASSWORD).await.assert_done(200);
    change_password(&server, &people[1], PASSWORD, NEW).await.assert_done(204);
}

async fn a_new_password_is_judged_like_the_first(server: TestServer) {
    let person = server.person().await;
    change_password(&server, &person, PASSWORD, "password123").await.assert_refused(422, "password_too_weak");
    change_password(&server, &person, PASSWORD, &person.phone).await.assert_refused(422, "password_too_weak");
    let short = change_password(&server, &person, PASSWORD, "short").await;
    short.assert_field(422, "validation_failed", "new_password", "too_short");
    server.log_in(&person.phone, PASSWORD).await.assert_done(200);
}
