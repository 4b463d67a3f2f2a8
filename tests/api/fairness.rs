//! Fair admission: a client with many requests waits behind its own requests. Other clients are served in turn.

use crate::test_server::{BackEnds, TestServer};
use crate::users::{TestUser, wait_until};
use diesel::PgConnection;
use diesel::connection::SimpleConnection;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::task::JoinHandle;

/// Requests of the hostile client. One runs and 256 wait: the queue of the database is full.
const REQUESTS: usize = 300;
const REFUSED: usize = REQUESTS - 257;

/// Two users, and a database with one connection that waits for a lock.
struct Locked {
    server: TestServer,
    attacker: TestUser,
    honest: TestUser,
    /// Refresh token of a session that has ended.
    dead_token: String,
    database: PgConnection,
}

/// Hostile requests in flight, and the numbers of their responses.
#[derive(Default)]
struct Flood {
    served: AtomicUsize,
    refused: AtomicUsize,
}

impl Locked {
    async fn new() -> Self {
        let settings = [("DATABASE_CONNECTIONS", "1"), ("TRUSTED_PROXIES", "127.0.0.1/32")];
        let server = TestServer::with(BackEnds::Real, &settings).await;
        let mut users = server.create_users(2).await;
        let (honest, attacker) = (users.remove(1), users.remove(0));
        let dead = server.new_session(&attacker.phone).await;
        server.call(Method::POST, "/v1/logout", &dead.access_token, Value::Null).await.assert_status(204);
        let mut database = server.database();
        database.batch_execute("BEGIN; LOCK TABLE users, sessions IN ACCESS EXCLUSIVE MODE").unwrap();
        Self { server, attacker, honest, dead_token: dead.refresh_token, database }
    }

    fn me(&self, user: &TestUser, address: &str) -> RequestBuilder {
        let request = self.server.request(Method::GET, "/v1/me").bearer_auth(&user.access_token);
        request.header("X-Forwarded-For", address)
    }

    fn refresh_dead_session(&self, address: &str) -> RequestBuilder {
        let body = json!({"refresh_token": self.dead_token});
        self.server.request(Method::POST, "/v1/token/refresh").json(&body).header("X-Forwarded-For", address)
    }

    /// Signs in with an unknown phone: a request without a session, which needs the database.
    fn login(&self, number: usize, address: &str) -> RequestBuilder {
        let body = json!({"phone_number": format!("+86138{number:08}"), "password": "wrong password"});
        self.server.request(Method::POST, "/v1/login").json(&body).header("X-Forwarded-For", address)
    }

    /// Sends the hostile requests and waits until the queue has refused the last of them.
    async fn flood(&self, request: impl Fn(usize) -> RequestBuilder) -> Arc<Flood> {
        let flood = Arc::new(Flood::default());
        for number in 0..REQUESTS {
            let (flood, request) = (Arc::clone(&flood), request(number));
            tokio::spawn(async move {
                let response = request.send().await.unwrap();
                let (count, is_refused) = (&flood, response.status().as_u16() == 503);
                let count = if is_refused { &count.refused } else { &count.served };
                count.fetch_add(1, Ordering::SeqCst);
            });
        }
        wait_until("full queue", || flood.refused.load(Ordering::SeqCst) >= REFUSED).await;
        flood
    }

    /// Sends an honest request from this address while the queue is full. Another request must make room for it, and
    /// it must be served before most of the flood.
    async fn assert_served_in_turn(mut self, address: &str, flood: &Arc<Flood>) {
        let refused_before = flood.refused.load(Ordering::SeqCst);
        let (request, own) = (self.me(&self.honest, address), Arc::clone(flood));
        let honest: JoinHandle<_> = tokio::spawn(async move {
            let response = request.send().await.unwrap();
            (response.status().as_u16(), own.served.load(Ordering::SeqCst))
        });
        wait_until("place in the queue", || {
            honest.is_finished() || flood.refused.load(Ordering::SeqCst) > refused_before
        })
        .await;
        self.database.batch_execute("COMMIT").unwrap();
        let (status, served_before) = honest.await.unwrap();
        assert_eq!(status, 200);
        assert!(served_before < 128, "{served_before} hostile requests were served before");
        let all = || flood.served.load(Ordering::SeqCst) + flood.refused.load(Ordering::SeqCst) == REQUESTS;
        wait_until("end of the flood", all).await;
    }
}

#[actix_web::test]
async fn one_access_token_does_not_starve_other_ip_blocks() {
    let locked = Locked::new().await;
    let flood = locked.flood(|_| locked.me(&locked.attacker, "203.0.113.1")).await;
    locked.assert_served_in_turn("203.0.113.2", &flood).await;
}

#[actix_web::test]
async fn one_dead_refresh_token_does_not_starve_other_ip_blocks() {
    let locked = Locked::new().await;
    let flood = locked.flood(|_| locked.refresh_dead_session("203.0.113.1")).await;
    locked.assert_served_in_turn("203.0.113.2", &flood).await;
}

#[actix_web::test]
async fn one_token_does_not_starve_other_sessions_of_its_ip_block() {
    let locked = Locked::new().await;
    let flood = locked.flood(|_| locked.refresh_dead_session("203.0.113.1")).await;
    locked.assert_served_in_turn("203.0.113.1", &flood).await;
}

#[actix_web::test]
async fn one_token_from_many_ip_blocks_gets_one_turn() {
    let locked = Locked::new().await;
    let flood = locked.flood(|number| locked.me(&locked.attacker, &format!("2001:db8:{number}::1"))).await;
    locked.assert_served_in_turn("203.0.113.2", &flood).await;
}

#[actix_web::test]
async fn one_48_does_not_starve_other_ip_blocks() {
    let locked = Locked::new().await;
    let flood = locked.flood(|number| locked.login(number, &format!("2001:db8:0:{number:x}::1"))).await;
    locked.assert_served_in_turn("203.0.113.2", &flood).await;
}
