//! What was begun for an account is worthless once the account is another: reset, deleted, or deleted and made anew.

use crate::house::{Answer, BackEnds, House, PASSWORD};
use crate::over_both_back_ends;
use crate::people::{Person, at_once};
use crate::support::redis::{self, OwnRedis};
use deadpool_redis::redis::cmd;
use reqwest::Method;
use serde_json::{Value, json};
use std::process::Command;
use std::time::Duration;

const NEW: &str = "staple battery horse";
const OTHER: &str = "battery correct staple";

over_both_back_ends!(
    a_reset_makes_earlier_tickets_worthless,
    a_new_account_is_not_reached_by_tickets_of_the_old_one,
    of_many_new_passwords_at_once_one_is_set,
    a_changed_password_makes_a_change_of_number_worthless,
);

/// Tickets of every flow that anybody may begin for this phone, those of the reset verified, with their codes.
async fn tickets(house: &House, phone: &str) -> Vec<(&'static str, String, String)> {
    let mut tickets = Vec::new();
    for flow in ["login", "password-reset", "account-deletion"] {
        let (ticket, code) = house.ticket_for(flow, phone).await;
        if flow == "password-reset" {
            let body = json!({"ticket": ticket, "code": code});
            house.post("/v1/password-reset/verify-code", body).await.assert_done(200);
        }
        tickets.push((flow, ticket, code));
        // Less than a code lives, and for three messages within the hour enough.
        house.advance(Duration::from_secs(120));
    }
    tickets
}

async fn use_up(house: &House, flow: &str, ticket: &str, code: &str) -> Answer {
    if flow == "password-reset" {
        return set_password(house, ticket, OTHER).await;
    }
    house.post(&format!("/v1/{flow}/verify-code"), json!({"ticket": ticket, "code": code})).await
}

async fn set_password(house: &House, ticket: &str, password: &str) -> Answer {
    house.post("/v1/password-reset/set-password", json!({"ticket": ticket, "password": password})).await
}

async fn long_code_house(back_ends: BackEnds) -> House {
    House::with(back_ends, &[("CODE_SECONDS", "600"), ("COOLDOWN_SECONDS", "30")]).await
}

async fn a_reset_makes_earlier_tickets_worthless(house: House) {
    let house = long_code_house(house.back_ends()).await;
    let person = house.person().await;
    let tickets = tickets(&house, &person.phone).await;
    let (own, code) = house.ticket_for("password-reset", &person.phone).await;
    house.post("/v1/password-reset/verify-code", json!({"ticket": own, "code": code})).await.assert_done(200);
    set_password(&house, &own, NEW).await.assert_done(204);
    for (flow, ticket, code) in tickets {
        let refused = use_up(&house, flow, &ticket, &code).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (410, "ticket_expired"), "{flow}: {refused:?}");
    }
    house.log_in(&person.phone, NEW).await.assert_done(200);
}

async fn a_new_account_is_not_reached_by_tickets_of_the_old_one(house: House) {
    let house = long_code_house(house.back_ends()).await;
    let person = house.person().await;
    let tickets = tickets(&house, &person.phone).await;
    let person = house.signed_in(&person.phone).await;
    let password = json!({"password": PASSWORD});
    house.call(Method::DELETE, "/v1/me", &person.access, password).await.assert_done(204);
    house.sign_up(&person.phone).await;
    for (flow, ticket, code) in tickets {
        let refused = use_up(&house, flow, &ticket, &code).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (410, "ticket_expired"), "{flow}: {refused:?}");
    }
    house.log_in(&person.phone, PASSWORD).await.assert_done(200);
}

/// Whoever is told that her password is set can sign in with it.
async fn of_many_new_passwords_at_once_one_is_set(house: House) {
    let person = house.person().await;
    let (ticket, code) = house.ticket_for("password-reset", &person.phone).await;
    house.post("/v1/password-reset/verify-code", json!({"ticket": ticket, "code": code})).await.assert_done(200);
    let password = |n: usize| format!("{NEW} {n}");
    let (house, ticket) = (&house, &ticket);
    let tries = (0..8).map(|n| async move { set_password(house, ticket, &password(n)).await });
    let answers = at_once(tries).await;
    let set: Vec<usize> = (0..8).filter(|n| answers[*n].status.is_success()).collect();
    assert_eq!(set.len(), 1, "{answers:?}");
    assert!(answers.iter().all(|answer| answer.status.is_success() || answer.code() == "ticket_expired"));
    house.log_in(&person.phone, &password(set[0])).await.assert_done(200);
}

async fn a_changed_password_makes_a_change_of_number_worthless(house: House) {
    let thief = house.person().await;
    let owner = house.signed_in(&thief.phone).await;
    let new = crate::house::fresh_phone();
    let body = json!({"phone_number": new, "current_password": PASSWORD});
    let ticket = house.call(Method::POST, "/v1/me/phone/send-code", &owner.access, body).await.text("ticket");
    let code = house.sms.code_for(&new).unwrap();
    let change = json!({"current_password": PASSWORD, "new_password": NEW});
    house.call(Method::PUT, "/v1/me/password", &owner.access, change).await.assert_done(204);
    let body = json!({"ticket": ticket, "code": code});
    let late = house.call(Method::POST, "/v1/me/phone/verify-code", &owner.access, body).await;
    late.assert_refused(410, "ticket_expired");
}

/// Redis stalls for longer than anybody waits, and then does what it was asked: the code is still good.
#[actix_web::test]
async fn a_code_that_redis_took_too_long_over_is_still_good() {
    let own = OwnRedis::new();
    let house = House::with(BackEnds::Real, &[("REDIS_URL", &own.url())]).await;
    house.wait_until_ready().await;
    let people = house.people(3).await;
    let (login, login_code) = house.ticket_for("login", &people[0].phone).await;
    let (deletion, deletion_code) = house.ticket_for("account-deletion", &people[1].phone).await;
    let sent = house.call(Method::POST, "/v1/me/deletion/send-code", &people[2].access, Value::Null).await;
    let own_code = house.sms.code_for(&people[2].phone).unwrap();
    let attempts: [(Method, &str, Option<&Person>, Value, u16); 3] = [
        (Method::POST, "/v1/login/verify-code", None, json!({"ticket": login, "code": login_code}), 200),
        (
            Method::POST,
            "/v1/account-deletion/verify-code",
            None,
            json!({"ticket": deletion, "code": deletion_code}),
            204,
        ),
        (Method::DELETE, "/v1/me", Some(&people[2]), json!({"ticket": sent.text("ticket"), "code": own_code}), 204),
    ];
    for (method, path, person, body, done) in attempts {
        let ask = async || match person {
            Some(person) => house.call(method.clone(), path, &person.access, body.clone()).await,
            None => house.post(path, body.clone()).await,
        };
        let stalled = stall(&own.url());
        ask().await.assert_refused(503, "dependency_unavailable");
        drop(stalled);
        house.wait_until_ready().await;
        // What Redis did late holds the code for some seconds.
        redis::advance(&own.url(), Duration::from_secs(6));
        ask().await.assert_done(done);
    }
}

/// Keeps a Redis from answering, but not from being asked.
fn stall(url: &str) -> Stalled {
    let info: String = cmd("INFO").arg("server").query(&mut redis::connection(url)).unwrap();
    let process = info.lines().find_map(|line| line.strip_prefix("process_id:")).unwrap().to_owned();
    signal("-STOP", &process);
    Stalled { process }
}

/// A server that stands still until this is dropped; then it does what it was asked meanwhile.
struct Stalled {
    process: String,
}

impl Drop for Stalled {
    fn drop(&mut self) {
        signal("-CONT", &self.process);
    }
}

fn signal(signal: &str, process: &str) {
    assert!(Command::new("kill").args([signal, process]).status().unwrap().success());
}
