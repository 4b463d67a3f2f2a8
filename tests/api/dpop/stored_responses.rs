//! Stored responses of sign-ins: they belong to the key, and end when their tokens are used.

use super::{BASE, HOUR, LOGIN, REFRESH, dpop_server, login_body, post, proof};
use crate::device_key::DeviceKey;
use crate::server_tests;
use crate::test_server::{BackEnds, PASSWORD};
use reqwest::Method;
use serde_json::{Value, json};

server_tests!(
    start: std::future::ready;
    a_stored_sign_in_belongs_to_the_key,
    a_stored_sign_in_is_replayed_until_its_tokens_are_used,
    a_stored_sign_in_ends_with_the_session,
);

async fn a_stored_sign_in_belongs_to_the_key(back_ends: BackEnds) {
    let server = dpop_server(back_ends).await;
    let (device, thief, user) = (DeviceKey::new(), DeviceKey::new(), server.create_user().await);
    let (body, key) = (login_body(&user), Some("one"));
    let send = |proofs: Vec<String>| {
        let (server, body) = (&server, &body);
        async move { post(server, LOGIN, &proofs, key, body).await }
    };
    let first = send(vec![proof(&server, &device, LOGIN)]).await;
    first.assert_status(200);
    // Each retry has a new proof of the same key.
    let again = send(vec![proof(&server, &device, LOGIN)]).await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(again.body, first.body);
    send(vec![proof(&server, &thief, LOGIN)]).await.assert_error(422, "idempotency_key_reused");
    send(vec![]).await.assert_error(422, "idempotency_key_reused");
    // The proof comes first.
    send(vec!["nonsense".to_owned()]).await.assert_error(400, "invalid_dpop_proof");
    send(vec![device.proof(&format!("{BASE}{LOGIN}"), 0)]).await.assert_error(400, "use_dpop_nonce");
}

async fn a_stored_sign_in_is_replayed_until_its_tokens_are_used(back_ends: BackEnds) {
    let server = dpop_server(back_ends).await;
    let (device, user) = (DeviceKey::new(), server.create_user().await);
    for bound in [true, false] {
        let key = if bound { "bound" } else { "unbound" };
        let send = async |path: &str, body: &Value, key: Option<&str>| {
            let proofs: Vec<_> = bound.then(|| proof(&server, &device, path)).into_iter().collect();
            post(&server, path, &proofs, key, body).await
        };
        let first = send(LOGIN, &login_body(&user), Some(key)).await;
        server.advance(HOUR);
        let again = send(LOGIN, &login_body(&user), Some(key)).await;
        assert_eq!(again.body, first.body);
        server.me(&first.text("access_token")).await.assert_error(401, "token_expired");
        send(REFRESH, &json!({"refresh_token": first.text("refresh_token")}), None).await.assert_status(200);
        let gone = send(LOGIN, &login_body(&user), Some(key)).await;
        gone.assert_error(410, "response_gone");
        // The code of an error keeps no token.
        assert!(!gone.body.to_string().contains(&first.text("refresh_token")));
    }
}

async fn a_stored_sign_in_ends_with_the_session(back_ends: BackEnds) {
    let server = dpop_server(back_ends).await;
    let user = server.create_user().await;
    let sign_in = async |key| post(&server, LOGIN, &[], Some(key), &login_body(&user)).await;
    let first = sign_in("one").await;
    server.call(Method::POST, "/v1/logout", &first.text("access_token"), Value::Null).await.assert_status(204);
    sign_in("one").await.assert_error(410, "response_gone");
    let second = sign_in("two").await;
    let delete = json!({"password": PASSWORD});
    server.call(Method::DELETE, "/v1/me", &second.text("access_token"), delete).await.assert_status(204);
    let gone = sign_in("two").await;
    gone.assert_error(410, "response_gone");
    assert!(!gone.body.to_string().contains("小明"), "{gone:?}");
}
