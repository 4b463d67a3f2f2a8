//! Refunds of verified codes, which follow the response of verify-code.

use crate::client::Client;
use crate::doorstep::{Doorstep, Folder};
use crate::support::redis::{self, wait_until};
use deadpool_redis::redis::cmd;
use serde_json::json;

struct Server {
    redis: String,
    doorstep: Doorstep,
    client: Client,
    folder: Folder,
}

impl Server {
    async fn start() -> Self {
        let (folder, redis) = (Folder::new(), redis::url());
        let (doorstep, client) = folder.serve(&[("REDIS_URL", &redis)]).await;
        Self { redis, doorstep, client, folder }
    }

    /// Unverified codes to new numbers of China.
    fn unverified_codes(&self) -> u32 {
        let counter = "limit:{shared}:sms-unverified-region:CN";
        let count: Option<u32> = cmd("GET").arg(counter).query(&mut redis::connection(&self.redis)).unwrap();
        count.unwrap_or(0)
    }

    /// Requests a code, and verifies it.
    async fn verify_code(&self, phone: &str) {
        let sent = self.client.send_code(phone).await;
        assert_eq!(sent.status, 200, "{sent:?}");
        let body = json!({"ticket": sent.field("ticket"), "code": self.folder.last_code()});
        let verified = self.client.post("/v1/register/verify-code", body).await;
        assert_eq!(verified.status, 200, "{verified:?}");
    }
}

#[actix_web::test]
async fn verified_codes_are_refunded_without_a_further_request() {
    let server = Server::start().await;
    assert_eq!(server.client.send_code("+8613800138000").await.status, 200);
    for phone in ["+8613800138001", "+8613800138002", "+8613800138003"] {
        server.verify_code(phone).await;
    }
    wait_until("the refunds", || server.unverified_codes() == 1);
}

#[actix_web::test]
async fn the_shutdown_waits_for_refunds() {
    let mut server = Server::start().await;
    server.verify_code("+8613800138000").await;
    server.doorstep.stop("TERM");
    assert_eq!(server.unverified_codes(), 0);
}
