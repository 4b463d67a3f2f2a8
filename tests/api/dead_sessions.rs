//! Sessions that have ended: a client that repeats a dead token costs the database nothing.

use crate::device_key::DeviceKey;
use crate::dpop::{bound_user, refresh_with};
use crate::support::postgres::OwnPostgres;
use crate::test_server::{BackEnds, TestServer};
use crate::users::join_all;
use reqwest::Method;
use serde_json::Value;

const CONNECTIONS: usize = 300;

/// The database is down during the attack, so each query would be a 503.
#[actix_web::test]
async fn three_hundred_connections_with_a_dead_token_make_no_query() {
    let postgres = OwnPostgres::start_new();
    let url = postgres.url("postgres");
    let server = TestServer::with(BackEnds::Real, &[("DATABASE_URL", &url), ("MIGRATE_ON_START", "true")]).await;
    server.wait_until_ready().await;
    let users = server.create_users(2).await;
    let (dead, live) = (&users[0], &users[1]);
    let me = |token: &str| {
        let request = server.request(Method::GET, "/v1/me").bearer_auth(token);
        server.send(request, "/v1/me")
    };
    me(&dead.access_token).await.assert_status(200);
    server.call(Method::POST, "/v1/logout", &dead.access_token, Value::Null).await.assert_status(204);
    // The database says once that each of the tokens is dead.
    server.refresh(&dead.refresh_token).await.assert_error(401, "refresh_invalid");
    me(&dead.access_token).await.assert_error(401, "token_invalid");
    postgres.kill();
    for response in join_all((0..CONNECTIONS).map(|_| me(&dead.access_token))).await {
        response.assert_error(401, "token_invalid");
    }
    for response in join_all((0..CONNECTIONS).map(|_| server.refresh(&dead.refresh_token))).await {
        response.assert_error(401, "refresh_invalid");
    }
    me(&live.access_token).await.assert_error(503, "dependency_unavailable");
}

/// A proof of the right key does not make a dead token worth a query.
#[actix_web::test]
async fn a_bound_session_that_has_ended_makes_no_query() {
    let postgres = OwnPostgres::start_new();
    let url = postgres.url("postgres");
    let settings =
        [("DATABASE_URL", url.as_str()), ("MIGRATE_ON_START", "true"), ("PUBLIC_URLS", "https://api.example.com/auth")];
    let server = TestServer::with(BackEnds::Real, &settings).await;
    server.wait_until_ready().await;
    let (device, thief, owner) = (DeviceKey::new(), DeviceKey::new(), server.create_user().await);
    let (dead, live) = (bound_user(&server, &device, &owner).await, bound_user(&server, &device, &owner).await);
    server.call(Method::POST, "/v1/logout", &dead.access_token, Value::Null).await.assert_status(204);
    refresh_with(&server, &device, &dead.refresh_token).await.assert_error(401, "refresh_invalid");
    // The wrong key says nothing about the session: the token stays alive for the right one.
    server.refresh(&live.refresh_token).await.assert_error(401, "refresh_key_mismatch");
    refresh_with(&server, &thief, &live.refresh_token).await.assert_error(401, "refresh_key_mismatch");
    refresh_with(&server, &device, &live.refresh_token).await.assert_status(200);
    postgres.kill();
    for response in join_all((0..CONNECTIONS).map(|_| refresh_with(&server, &device, &dead.refresh_token))).await {
        response.assert_error(401, "refresh_invalid");
    }
    server.refresh(&dead.refresh_token).await.assert_error(401, "refresh_invalid");
    refresh_with(&server, &device, &live.refresh_token).await.assert_error(503, "dependency_unavailable");
}

/// Only the database can say that a session has ended; a failure says nothing.
#[actix_web::test]
async fn a_session_that_could_not_be_read_is_not_dead() {
    let postgres = OwnPostgres::start_new();
    let url = postgres.url("postgres");
    let server = TestServer::with(BackEnds::Real, &[("DATABASE_URL", &url), ("MIGRATE_ON_START", "true")]).await;
    server.wait_until_ready().await;
    let user = server.create_user().await;
    postgres.kill();
    server.me(&user.access_token).await.assert_error(503, "dependency_unavailable");
    postgres.start();
    server.wait_until_ready().await;
    server.me(&user.access_token).await.assert_status(200);
    server.refresh(&user.refresh_token).await.assert_status(200);
}
