//! The devices of a person: signed in, listed, signed out.

use crate::over_both_back_ends;
use crate::people::Person;
use crate::test_server::TestServer;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

over_both_back_ends!(
    a_person_sees_her_devices,
    a_device_is_signed_out_from_another,
    nobody_signs_out_somebody_else,
    signing_out_here_leaves_the_others,
    signing_out_everywhere_leaves_nobody,
    sessions_that_ended_are_not_listed,
);

async fn devices(server: &TestServer, person: &Person) -> Vec<Value> {
    let listed = server.call(Method::GET, "/v1/sessions", &person.access, Value::Null).await;
    listed.assert_done(200);
    listed.body["sessions"].as_array().unwrap().clone()
}

async fn end(server: &TestServer, person: &Person, id: &str) -> crate::test_server::Answer {
    let path = format!("/v1/sessions/{id}");
    server.call_at(Method::DELETE, &path, "/v1/sessions/{id}", &person.access, Value::Null).await
}

async fn log_out(server: &TestServer, person: &Person, body: Value) -> crate::test_server::Answer {
    server.call(Method::POST, "/v1/logout", &person.access, body).await
}

async fn a_person_sees_her_devices(server: TestServer) {
    let phone = server.person().await.phone;
    server.advance(Duration::from_secs(5_400));
    let body = json!({"phone_number": phone, "password": crate::test_server::PASSWORD, "device_name": "Mate 70"});
    let tablet = server.post("/v1/login", body).await;
    let listed = server.call(Method::GET, "/v1/sessions", &tablet.text("access_token"), Value::Null).await;
    let sessions = listed.body["sessions"].as_array().unwrap();
    // Signed up, signed in, signed in with a name: the last first.
    assert_eq!(sessions.len(), 3, "{listed:?}");
    assert_eq!((&sessions[0]["device_name"], &sessions[0]["current"]), (&json!("Mate 70"), &json!(true)));
    assert!(sessions[1..].iter().all(|session| session["current"] == false && session["device_name"].is_null()));
    let created = |at: usize| sessions[at]["created_at"].as_str().unwrap().to_owned();
    assert!(created(0) > created(1) && created(1) > created(2));
}

async fn a_device_is_signed_out_from_another(server: TestServer) {
    let phone = server.person().await;
    let tablet = server.signed_in(&phone.phone).await;
    let listed = devices(&server, &tablet).await;
    let other = listed.iter().filter(|session| session["current"] == false).collect::<Vec<_>>();
    for session in &other {
        end(&server, &tablet, session["id"].as_str().unwrap()).await.assert_done(204);
    }
    server.me(&phone.access).await.assert_refused(401, "token_invalid");
    server.refresh(&phone.refresh).await.assert_refused(401, "refresh_invalid");
    assert_eq!(devices(&server, &tablet).await.len(), 1);
    end(&server, &tablet, other[0]["id"].as_str().unwrap()).await.assert_refused(404, "not_found");
}

async fn nobody_signs_out_somebody_else(server: TestServer) {
    let people = server.people(2).await;
    let theirs = devices(&server, &people[0]).await;
    let unknown = "019a9f6e-3c1b-7d7e-8f53-0b7c5e1f2a3d";
    for id in [theirs[0]["id"].as_str().unwrap(), unknown, "nonsense", "%00"] {
        end(&server, &people[1], id).await.assert_refused(404, "not_found");
    }
    server.me(&people[0].access).await.assert_done(200);
}

async fn signing_out_here_leaves_the_others(server: TestServer) {
    let phone = server.person().await;
    let tablet = server.signed_in(&phone.phone).await;
    log_out(&server, &phone, Value::Null).await.assert_done(204);
    server.me(&phone.access).await.assert_refused(401, "token_invalid");
    server.refresh(&phone.refresh).await.assert_refused(401, "refresh_invalid");
    log_out(&server, &phone, Value::Null).await.assert_refused(401, "token_invalid");
    server.me(&tablet.access).await.assert_done(200);
    log_out(&server, &tablet, json!({"everywhere": false})).await.assert_done(204);
    server.me(&tablet.access).await.assert_refused(401, "token_invalid");
}

async fn signing_out_everywhere_leaves_nobody(server: TestServer) {
    let people = server.people(2).await;
    let tablet = server.signed_in(&people[0].phone).await;
    for body in [json!({"everywhere": "yes"}), json!({"all": true}), json!([])] {
        log_out(&server, &tablet, body).await.assert_refused(400, "malformed_request");
    }
    log_out(&server, &tablet, json!({"everywhere": true})).await.assert_done(204);
    for device in [&people[0], &tablet] {
        server.me(&device.access).await.assert_refused(401, "token_invalid");
        server.refresh(&device.refresh).await.assert_refused(401, "refresh_invalid");
    }
    server.me(&people[1].access).await.assert_done(200);
}

async fn sessions_that_ended_are_not_listed(server: TestServer) {
    let person = server.person().await;
    server.advance(Duration::from_secs(30 * 86_400));
    let back = server.signed_in(&person.phone).await;
    assert_eq!(devices(&server, &back).await.len(), 1);
}
