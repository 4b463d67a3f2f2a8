//! Bound sessions at the endpoints for signed-in users, which take the access token alone.

use super::{REFRESH, bound_user, dpop_server, proof, refresh_with};
use crate::device_key::DeviceKey;
use crate::late_bodies::{LateRequest, end_session_during};
use crate::server_tests;
use crate::test_server::{BackEnds, PASSWORD};
use reqwest::Method;
use serde_json::json;

server_tests!(
    start: std::future::ready;
    a_password_change_renews_a_bound_session,
    a_bound_session_that_ended_before_the_last_byte_changes_nothing,
);

/// The access token alone is enough for the change. The new refresh token is bound like the one before it.
async fn a_password_change_renews_a_bound_session(back_ends: BackEnds) {
    let server = dpop_server(back_ends).await;
    let (device, thief, user) = (DeviceKey::new(), DeviceKey::new(), server.create_user().await);
    let before = bound_user(&server, &device, &user).await;
    refresh_with(&server, &device, &before.refresh_token).await.assert_status(200);
    let body = json!({"current_password": PASSWORD, "new_password": "staple battery horse"});
    let change = async || {
        let request = server.request(Method::PUT, "/v1/me/password").bearer_auth(&before.access_token).json(&body);
        server.send(request.header("idempotency-key", "change"), "/v1/me/password").await
    };
    let renewed = change().await;
    assert_eq!((renewed.status.as_u16(), &renewed.body["refresh_bound"]), (200, &json!(true)));
    let after = renewed.text("refresh_token");
    assert_ne!(after, before.refresh_token);
    // Copies from before and after the change are refused, and are no use of the token.
    for copy in [&before.refresh_token, &after] {
        server.refresh(copy).await.assert_error(401, "refresh_key_mismatch");
        refresh_with(&server, &thief, copy).await.assert_error(401, "refresh_key_mismatch");
    }
    let retry = change().await;
    assert_eq!((&retry.body, &retry.headers["idempotency-replayed"]), (&renewed.body, &"true".parse().unwrap()));
    // A device that lost the response still has the token from before.
    for token in [&before.refresh_token, &after] {
        let refreshed = refresh_with(&server, &device, token).await;
        refreshed.assert_status(200);
        assert_eq!((refreshed.text("refresh_token"), &refreshed.body["refresh_bound"]), (after.clone(), &json!(true)));
    }
    change().await.assert_error(410, "response_gone");
}

async fn a_bound_session_that_ended_before_the_last_byte_changes_nothing(back_ends: BackEnds) {
    for keyed in [false, true] {
        let server = dpop_server(back_ends).await;
        let (device, owner) = (DeviceKey::new(), server.create_user().await);
        let thief = bound_user(&server, &device, &owner).await;
        let header = format!("DPoP: {}\r\n", proof(&server, &device, REFRESH));
        let body = json!({"refresh_token": thief.refresh_token});
        let refresh = LateRequest::start(&server, &Method::POST, REFRESH, &thief.access_token, &header, &body).await;
        end_session_during(&server, &owner, &thief, keyed).await;
        assert_eq!(refresh.finish().await, (401, "refresh_invalid".to_owned()));
    }
}
