//! A password reset, a password change or a deletion of the account invalidates its open tickets.

use crate::server_tests;
use crate::support::redis::{self, OwnRedis};
use crate::test_server::{BackEnds, PASSWORD, Response, TestServer};
use crate::users::{TestUser, join_all};
use doorstep::domain::flow::FlowPolicy;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const NEW_PASSWORD: &str = "staple battery horse";
const OTHER_PASSWORD: &str = "battery correct staple";

server_tests!(
    a_password_reset_invalidates_earlier_tickets,
    tickets_of_a_deleted_account_do_not_affect_a_new_account,
    one_of_many_concurrent_resets_sets_the_password,
    a_password_change_invalidates_an_open_phone_change,
);

/// Starts every flow that does not need a session, and returns flow, ticket and code. The password reset is verified.
async fn tickets(server: &TestServer, phone: &str) -> Vec<(&'static str, String, String)> {
    let mut tickets = Vec::new();
    for flow in ["login", "password-reset", "account-deletion"] {
        let (ticket, code) = server.ticket_and_code(flow, phone).await;
        if flow == "password-reset" {
            let body = json!({"ticket": ticket, "code": code});
            server.post("/v1/password-reset/verify-code", body).await.assert_status(200);
        }
        tickets.push((flow, ticket, code));
        // Shorter than the lifetime of a code, and at least the cooldown of three messages in an hour.
        server.advance(Duration::from_secs(120));
    }
    tickets
}

async fn redeem(server: &TestServer, flow: &str, ticket: &str, code: &str) -> Response {
    if flow == "password-reset" {
        return set_password(server, ticket, OTHER_PASSWORD).await;
    }
    server.post(&format!("/v1/{flow}/verify-code"), json!({"ticket": ticket, "code": code})).await
}

async fn set_password(server: &TestServer, ticket: &str, password: &str) -> Response {
    server.post("/v1/password-reset/set-password", json!({"ticket": ticket, "password": password})).await
}

async fn server_with_long_codes(back_ends: BackEnds) -> TestServer {
    TestServer::with(back_ends, &[("CODE_SECONDS", "600"), ("COOLDOWN_SECONDS", "30")]).await
}

async fn a_password_reset_invalidates_earlier_tickets(server: TestServer) {
    let server = server_with_long_codes(server.back_ends()).await;
    let user = server.create_user().await;
    let tickets = tickets(&server, &user.phone).await;
    let (own, code) = server.ticket_and_code("password-reset", &user.phone).await;
    server.post("/v1/password-reset/verify-code", json!({"ticket": own, "code": code})).await.assert_status(200);
    set_password(&server, &own, NEW_PASSWORD).await.assert_status(204);
    for (flow, ticket, code) in tickets {
        let rejected = redeem(&server, flow, &ticket, &code).await;
        assert_eq!((rejected.status.as_u16(), rejected.code()), (410, "ticket_expired"), "{flow}: {rejected:?}");
    }
    server.log_in(&user.phone, NEW_PASSWORD).await.assert_status(200);
}

async fn tickets_of_a_deleted_account_do_not_affect_a_new_account(server: TestServer) {
    let server = server_with_long_codes(server.back_ends()).await;
    let user = server.create_user().await;
    let tickets = tickets(&server, &user.phone).await;
    let user = server.new_session(&user.phone).await;
    let password = json!({"password": PASSWORD});
    server.call(Method::DELETE, "/v1/me", &user.access_token, password).await.assert_status(204);
    server.sign_up(&user.phone).await;
    for (flow, ticket, code) in tickets {
        let rejected = redeem(&server, flow, &ticket, &code).await;
        assert_eq!((rejected.status.as_u16(), rejected.code()), (410, "ticket_expired"), "{flow}: {rejected:?}");
    }
    server.log_in(&user.phone, PASSWORD).await.assert_status(200);
}

/// A client that gets a success can sign in with its password.
async fn one_of_many_concurrent_resets_sets_the_password(server: TestServer) {
    let user = server.create_user().await;
    let (ticket, code) = server.ticket_and_code("password-reset", &user.phone).await;
    server.post("/v1/password-reset/verify-code", json!({"ticket": ticket, "code": code})).await.assert_status(200);
    let password = |n: usize| format!("{NEW_PASSWORD} {n}");
    let (server, ticket) = (&server, &ticket);
    let resets = (0..8).map(|n| async move { set_password(server, ticket, &password(n)).await });
    let responses = join_all(resets).await;
    let set: Vec<usize> = (0..8).filter(|n| responses[*n].status.is_success()).collect();
    assert_eq!(set.len(), 1, "{responses:?}");
    assert!(responses.iter().all(|response| response.status.is_success() || response.code() == "ticket_expired"));
    server.log_in(&user.phone, &password(set[0])).await.assert_status(200);
}

async fn a_password_change_invalidates_an_open_phone_change(server: TestServer) {
    let user = server.create_user().await;
    let session = server.new_session(&user.phone).await;
    let new = crate::test_server::fresh_phone();
    let body = json!({"phone_number": new, "current_password": PASSWORD});
    let ticket = server.call(Method::POST, "/v1/me/phone/send-code", &session.access_token, body).await.text("ticket");
    let code = server.sms.code_for(&new).unwrap();
    let change = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
    server.call(Method::PUT, "/v1/me/password", &session.access_token, change).await.assert_status(200);
    let body = json!({"ticket": ticket, "code": code});
    let late = server.call(Method::POST, "/v1/me/phone/verify-code", &session.access_token, body).await;
    late.assert_error(410, "ticket_expired");
}

/// Redis does not respond until the timeout, and executes the commands afterwards: the code stays valid.
#[actix_web::test]
async fn a_code_stays_valid_after_a_redis_timeout() {
    let own = OwnRedis::new();
    let server = TestServer::with(BackEnds::Real, &[("REDIS_URL", &own.url())]).await;
    server.wait_until_ready().await;
    let users = server.create_users(3).await;
    let (login, login_code) = server.ticket_and_code("login", &users[0].phone).await;
    let (deletion, deletion_code) = server.ticket_and_code("account-deletion", &users[1].phone).await;
    let sent = server.call(Method::POST, "/v1/me/deletion/send-code", &users[2].access_token, Value::Null).await;
    let session_code = server.sms.code_for(&users[2].phone).unwrap();
    let attempts: [(Method, &str, Option<&TestUser>, Value, u16); 3] = [
        (Method::POST, "/v1/login/verify-code", None, json!({"ticket": login, "code": login_code}), 200),
        (
            Method::POST,
            "/v1/account-deletion/verify-code",
            None,
            json!({"ticket": deletion, "code": deletion_code}),
            409,
        ),
        (Method::DELETE, "/v1/me", Some(&users[2]), json!({"ticket": sent.text("ticket"), "code": session_code}), 409),
    ];
    for (method, path, user, body, success) in attempts {
        let send = async || match user {
            Some(user) => server.call(method.clone(), path, &user.access_token, body.clone()).await,
            None => server.post(path, body.clone()).await,
        };
        let stopped = redis::stop(&own.url());
        send().await.assert_error(503, "dependency_unavailable");
        drop(stopped);
        server.wait_until_ready().await;
        // The late command has claimed the code. The service releases it, and does not wait until the claim expires.
        let start = Instant::now();
        let mut response = send().await;
        while response.body["code"] == "overloaded" {
            response = send().await;
        }
        response.assert_status(success);
        assert!(start.elapsed() < FlowPolicy::default().claim_ttl - Duration::from_secs(1), "{:?}", start.elapsed());
    }
}
