//! What was begun for an account is worthless once the account is another: reset, deleted, or deleted and made anew.

use crate::over_both_back_ends;
use crate::people::{Person, at_once};
use crate::support::redis::{self, OwnRedis};
use crate::test_server::{Answer, BackEnds, PASSWORD, TestServer};
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
async fn tickets(server: &TestServer, phone: &str) -> Vec<(&'static str, String, String)> {
    let mut tickets = Vec::new();
    for flow in ["login", "password-reset", "account-deletion"] {
        let (ticket, code) = server.ticket_for(flow, phone).await;
        if flow == "password-reset" {
            let body = json!({"ticket": ticket, "code": code});
            server.post("/v1/password-reset/verify-code", body).await.assert_done(200);
        }
        tickets.push((flow, ticket, code));
        // Less than a code lives, and for three messages within the hour enough.
        server.advance(Duration::from_secs(120));
    }
    tickets
}

async fn use_up(server: &TestServer, flow: &str, ticket: &str, code: &str) -> Answer {
    if flow == "password-reset" {
        return set_password(server, ticket, OTHER).await;
    }
    server.post(&format!("/v1/{flow}/verify-code"), json!({"ticket": ticket, "code": code})).await
}

async fn set_password(server: &TestServer, ticket: &str, password: &str) -> Answer {
    server.post("/v1/password-reset/set-password", json!({"ticket": ticket, "password": password})).await
}

async fn long_code_house(back_ends: BackEnds) -> TestServer {
    TestServer::with(back_ends, &[("CODE_SECONDS", "600"), ("COOLDOWN_SECONDS", "30")]).await
}

async fn a_reset_makes_earlier_tickets_worthless(server: TestServer) {
    let server = long_code_house(server.back_ends()).await;
    let person = server.person().await;
    let tickets = tickets(&server, &person.phone).await;
    let (own, code) = server.ticket_for("password-reset", &person.phone).await;
    server.post("/v1/password-reset/verify-code", json!({"ticket": own, "code": code})).await.assert_done(200);
    set_password(&server, &own, NEW).await.assert_done(204);
    for (flow, ticket, code) in tickets {
        let refused = use_up(&server, flow, &ticket, &code).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (410, "ticket_expired"), "{flow}: {refused:?}");
    }
    server.log_in(&person.phone, NEW).await.assert_done(200);
}

async fn a_new_account_is_not_reached_by_tickets_of_the_old_one(server: TestServer) {
    let server = long_code_house(server.back_ends()).await;
    let person = server.person().await;
    let tickets = tickets(&server, &person.phone).await;
    let person = server.signed_in(&person.phone).await;
    let password = json!({"password": PASSWORD});
    server.call(Method::DELETE, "/v1/me", &person.access, password).await.assert_done(204);
    server.sign_up(&person.phone).await;
    for (flow, ticket, code) in tickets {
        let refused = use_up(&server, flow, &ticket, &code).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (410, "ticket_expired"), "{flow}: {refused:?}");
    }
    server.log_in(&person.phone, PASSWORD).await.assert_done(200);
}

/// Whoever is told that her password is set can sign in with it.
async fn of_many_new_passwords_at_once_one_is_set(server: TestServer) {
    let person = server.person().await;
    let (ticket, code) = server.ticket_for("password-reset", &person.phone).await;
    server.post("/v1/password-reset/verify-code", json!({"ticket": ticket, "code": code})).await.assert_done(200);
    let password = |n: usize| format!("{NEW} {n}");
    let (server, ticket) = (&server, &ticket);
    let tries = (0..8).map(|n| async move { set_password(server, ticket, &password(n)).await });
    let answers = at_once(tries).await;
    let set: Vec<usize> = (0..8).filter(|n| answers[*n].status.is_success()).collect();
    assert_eq!(set.len(), 1, "{answers:?}");
    assert!(answers.iter().all(|answer| answer.status.is_success() || answer.code() == "ticket_expired"));
    server.log_in(&person.phone, &password(set[0])).await.assert_done(200);
}

async fn a_changed_password_makes_a_change_of_number_worthless(server: TestServer) {
    let thief = server.person().await;
    let owner = server.signed_in(&thief.phone).await;
    let new = crate::test_server::fresh_phone();
    let body = json!({"phone_number": new, "current_password": PASSWORD});
    let ticket = server.call(Method::POST, "/v1/me/phone/send-code", &owner.access, body).await.text("ticket");
    let code = server.sms.code_for(&new).unwrap();
    let change = json!({"current_password": PASSWORD, "new_password": NEW});
    server.call(Method::PUT, "/v1/me/password", &owner.access, change).await.assert_done(204);
    let body = json!({"ticket": ticket, "code": code});
    let late = server.call(Method::POST, "/v1/me/phone/verify-code", &owner.access, body).await;
    late.assert_refused(410, "ticket_expired");
}

/// Redis stalls for longer than anybody waits, and then does what it was asked: the code is still good.
#[actix_web::test]
async fn a_code_that_redis_took_too_long_over_is_still_good() {
    let own = OwnRedis::new();
    let server = TestServer::with(BackEnds::Real, &[("REDIS_URL", &own.url())]).await;
    server.wait_until_ready().await;
    let people = server.people(3).await;
    let (login, login_code) = server.ticket_for("login", &people[0].phone).await;
    let (deletion, deletion_code) = server.ticket_for("account-deletion", &people[1].phone).await;
    let sent = server.call(Method::POST, "/v1/me/deletion/send-code", &people[2].access, Value::Null).await;
    let own_code = server.sms.code_for(&people[2].phone).unwrap();
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
            Some(person) => server.call(method.clone(), path, &person.access, body.clone()).await,
            None => server.post(path, body.clone()).await,
        };
        let stalled = stall(&own.url());
        ask().await.assert_refused(503, "dependency_unavailable");
        drop(stalled);
        server.wait_until_ready().await;
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
