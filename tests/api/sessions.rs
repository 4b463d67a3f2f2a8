//! Sessions of a user: list and logout.

use crate::server_tests;
use crate::test_server::{BackEnds, TestServer};
use crate::users::{TestUser, wait_until};
use diesel::connection::SimpleConnection;
use diesel::sql_types::BigInt;
use diesel::{PgConnection, QueryableByName, RunQueryDsl, sql_query};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

server_tests!(
    a_user_can_list_their_devices,
    a_device_can_sign_out_another_device,
    a_user_cannot_sign_out_another_user,
    logout_ends_only_the_current_session,
    logout_everywhere_ends_every_session_of_the_user,
    expired_sessions_are_not_listed,
);

async fn list_sessions(server: &TestServer, user: &TestUser) -> Vec<Value> {
    let listed = server.call(Method::GET, "/v1/sessions", &user.access_token, Value::Null).await;
    listed.assert_status(200);
    listed.body["sessions"].as_array().unwrap().clone()
}

async fn end_session(server: &TestServer, user: &TestUser, id: &str) -> crate::test_server::Response {
    let path = format!("/v1/sessions/{id}");
    server.call_path(Method::DELETE, &path, "/v1/sessions/{id}", &user.access_token, Value::Null).await
}

async fn log_out(server: &TestServer, user: &TestUser, body: Value) -> crate::test_server::Response {
    server.call(Method::POST, "/v1/logout", &user.access_token, body).await
}

async fn a_user_can_list_their_devices(server: TestServer) {
    let phone = server.create_user().await.phone;
    server.advance(Duration::from_secs(5_400));
    let body = json!({"phone_number": phone, "password": crate::test_server::PASSWORD, "device_name": "Mate 70"});
    let tablet = server.post("/v1/login", body).await;
    let listed = server.call(Method::GET, "/v1/sessions", &tablet.text("access_token"), Value::Null).await;
    let sessions = listed.body["sessions"].as_array().unwrap();
    // Sign-up, login, and login with a device name; the newest session is first.
    assert_eq!(sessions.len(), 3, "{listed:?}");
    assert_eq!((&sessions[0]["device_name"], &sessions[0]["current"]), (&json!("Mate 70"), &json!(true)));
    assert!(sessions[1..].iter().all(|session| session["current"] == false && session["device_name"].is_null()));
    let created_at = |at: usize| sessions[at]["created_at"].as_str().unwrap().to_owned();
    assert!(created_at(0) > created_at(1) && created_at(1) > created_at(2));
}

async fn a_device_can_sign_out_another_device(server: TestServer) {
    let phone = server.create_user().await;
    let tablet = server.new_session(&phone.phone).await;
    let listed = list_sessions(&server, &tablet).await;
    let other = listed.iter().filter(|session| session["current"] == false).collect::<Vec<_>>();
    for session in &other {
        end_session(&server, &tablet, session["id"].as_str().unwrap()).await.assert_status(204);
    }
    server.me(&phone.access_token).await.assert_error(401, "token_invalid");
    server.refresh(&phone.refresh_token).await.assert_error(401, "refresh_invalid");
    assert_eq!(list_sessions(&server, &tablet).await.len(), 1);
    end_session(&server, &tablet, other[0]["id"].as_str().unwrap()).await.assert_error(404, "not_found");
}

async fn a_user_cannot_sign_out_another_user(server: TestServer) {
    let users = server.create_users(2).await;
    let other_sessions = list_sessions(&server, &users[0]).await;
    let unknown = "019a9f6e-3c1b-7d7e-8f53-0b7c5e1f2a3d";
    for id in [other_sessions[0]["id"].as_str().unwrap(), unknown, "nonsense", "%00"] {
        end_session(&server, &users[1], id).await.assert_error(404, "not_found");
    }
    server.me(&users[0].access_token).await.assert_status(200);
}

async fn logout_ends_only_the_current_session(server: TestServer) {
    let phone = server.create_user().await;
    let tablet = server.new_session(&phone.phone).await;
    log_out(&server, &phone, Value::Null).await.assert_status(204);
    server.me(&phone.access_token).await.assert_error(401, "token_invalid");
    server.refresh(&phone.refresh_token).await.assert_error(401, "refresh_invalid");
    log_out(&server, &phone, Value::Null).await.assert_error(401, "token_invalid");
    server.me(&tablet.access_token).await.assert_status(200);
    log_out(&server, &tablet, json!({"everywhere": false})).await.assert_status(204);
    server.me(&tablet.access_token).await.assert_error(401, "token_invalid");
}

#[derive(QueryableByName)]
struct Waiting {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Returns whether a statement waits for a lock on the sessions.
fn is_waiting(connection: &mut PgConnection) -> bool {
    let query = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'sessions'::regclass";
    sql_query(query).get_result::<Waiting>(connection).unwrap().count > 0
}

/// The credentials change after the session was looked up, and before it is ended. 204 or 404 would claim that the
/// device is signed out.
#[actix_web::test]
async fn a_sign_out_that_has_not_ended_the_session_is_an_error() {
    let server = TestServer::new(BackEnds::Real).await;
    let user = server.create_user().await;
    let id = list_sessions(&server, &user).await[0]["id"].as_str().unwrap().to_owned();
    for by_logout in [true, false] {
        let sign_out = async || {
            if by_logout { log_out(&server, &user, Value::Null).await } else { end_session(&server, &user, &id).await }
        };
        let (mut change, mut locks) = (server.database(), server.database());
        // Reads continue, and writes wait for the end of the transaction.
        change.batch_execute("BEGIN; LOCK TABLE sessions IN EXCLUSIVE MODE").unwrap();
        let commit = async {
            let locks = std::cell::RefCell::new(&mut locks);
            wait_until("sign-out that waits", || is_waiting(*locks.borrow_mut())).await;
            change.batch_execute("UPDATE users SET credentials_version = credentials_version + 1; COMMIT").unwrap();
        };
        let (response, ()) = tokio::join!(sign_out(), commit);
        response.assert_error(401, "token_invalid");
        server.me(&user.access_token).await.assert_status(200);
    }
    end_session(&server, &user, &id).await.assert_status(204);
    server.me(&user.access_token).await.assert_error(401, "token_invalid");
}

async fn logout_everywhere_ends_every_session_of_the_user(server: TestServer) {
    let users = server.create_users(2).await;
    let tablet = server.new_session(&users[0].phone).await;
    for body in [json!({"everywhere": "yes"}), json!({"all": true}), json!([])] {
        log_out(&server, &tablet, body).await.assert_error(400, "malformed_request");
    }
    log_out(&server, &tablet, json!({"everywhere": true})).await.assert_status(204);
    for device in [&users[0], &tablet] {
        server.me(&device.access_token).await.assert_error(401, "token_invalid");
        server.refresh(&device.refresh_token).await.assert_error(401, "refresh_invalid");
    }
    server.me(&users[1].access_token).await.assert_status(200);
}

async fn expired_sessions_are_not_listed(server: TestServer) {
    let user = server.create_user().await;
    server.advance(Duration::from_secs(30 * 86_400));
    let device = server.new_session(&user.phone).await;
    assert_eq!(list_sessions(&server, &device).await.len(), 1);
}
