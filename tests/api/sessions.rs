//! The devices of a person: signed in, listed, signed out.

use crate::house::House;
use crate::over_both_back_ends;
use crate::people::Person;
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

async fn devices(house: &House, person: &Person) -> Vec<Value> {
    let listed = house.call(Method::GET, "/v1/sessions", &person.access, Value::Null).await;
    listed.assert_done(200);
    listed.body["sessions"].as_array().unwrap().clone()
}

async fn end(house: &House, person: &Person, id: &str) -> crate::house::Answer {
    let path = format!("/v1/sessions/{id}");
    house.call_at(Method::DELETE, &path, "/v1/sessions/{id}", &person.access, Value::Null).await
}

async fn log_out(house: &House, person: &Person, body: Value) -> crate::house::Answer {
    house.call(Method::POST, "/v1/logout", &person.access, body).await
}

async fn a_person_sees_her_devices(house: House) {
    let phone = house.person().await.phone;
    house.advance(Duration::from_secs(5_400));
    let body = json!({"phone_number": phone, "password": crate::house::PASSWORD, "device_name": "Mate 70"});
    let tablet = house.post("/v1/login", body).await;
    let listed = house.call(Method::GET, "/v1/sessions", &tablet.text("access_token"), Value::Null).await;
    let sessions = listed.body["sessions"].as_array().unwrap();
    // Signed up, signed in, signed in with a name: the last first.
    assert_eq!(sessions.len(), 3, "{listed:?}");
    assert_eq!((&sessions[0]["device_name"], &sessions[0]["current"]), (&json!("Mate 70"), &json!(true)));
    assert!(sessions[1..].iter().all(|session| session["current"] == false && session["device_name"].is_null()));
    let created = |at: usize| sessions[at]["created_at"].as_str().unwrap().to_owned();
    assert!(created(0) > created(1) && created(1) > created(2));
}

async fn a_device_is_signed_out_from_another(house: House) {
    let phone = house.person().await;
    let tablet = house.signed_in(&phone.phone).await;
    let listed = devices(&house, &tablet).await;
    let other = listed.iter().filter(|session| session["current"] == false).collect::<Vec<_>>();
    for session in &other {
        end(&house, &tablet, session["id"].as_str().unwrap()).await.assert_done(204);
    }
    house.me(&phone.access).await.assert_refused(401, "token_invalid");
    house.refresh(&phone.refresh).await.assert_refused(401, "refresh_invalid");
    assert_eq!(devices(&house, &tablet).await.len(), 1);
    end(&house, &tablet, other[0]["id"].as_str().unwrap()).await.assert_refused(404, "not_found");
}

async fn nobody_signs_out_somebody_else(house: House) {
    let people = house.people(2).await;
    let theirs = devices(&house, &people[0]).await;
    let unknown = "019a9f6e-3c1b-7d7e-8f53-0b7c5e1f2a3d";
    for id in [theirs[0]["id"].as_str().unwrap(), unknown, "nonsense", "%00"] {
        end(&house, &people[1], id).await.assert_refused(404, "not_found");
    }
    house.me(&people[0].access).await.assert_done(200);
}

async fn signing_out_here_leaves_the_others(house: House) {
    let phone = house.person().await;
    let tablet = house.signed_in(&phone.phone).await;
    log_out(&house, &phone, Value::Null).await.assert_done(204);
    house.me(&phone.access).await.assert_refused(401, "token_invalid");
    house.refresh(&phone.refresh).await.assert_refused(401, "refresh_invalid");
    log_out(&house, &phone, Value::Null).await.assert_refused(401, "token_invalid");
    house.me(&tablet.access).await.assert_done(200);
    log_out(&house, &tablet, json!({"everywhere": false})).await.assert_done(204);
    house.me(&tablet.access).await.assert_refused(401, "token_invalid");
}

async fn signing_out_everywhere_leaves_nobody(house: House) {
    let people = house.people(2).await;
    let tablet = house.signed_in(&people[0].phone).await;
    for body in [json!({"everywhere": "yes"}), json!({"all": true}), json!([])] {
        log_out(&house, &tablet, body).await.assert_refused(400, "malformed_request");
    }
    log_out(&house, &tablet, json!({"everywhere": true})).await.assert_done(204);
    for device in [&people[0], &tablet] {
        house.me(&device.access).await.assert_refused(401, "token_invalid");
        house.refresh(&device.refresh).await.assert_refused(401, "refresh_invalid");
    }
    house.me(&people[1].access).await.assert_done(200);
}

async fn sessions_that_ended_are_not_listed(house: House) {
    let person = house.person().await;
    house.advance(Duration::from_secs(30 * 86_400));
    let back = house.signed_in(&person.phone).await;
    assert_eq!(devices(&house, &back).await.len(), 1);
}
