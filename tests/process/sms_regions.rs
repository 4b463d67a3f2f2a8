//! `doorstep sms`: the kill switch, thrown while the service runs.

use crate::client::{Answer, Client};
use crate::doorstep::{Doorstep, Folder, Said, Var};
use crate::support::process::free_port;
use crate::support::redis;

const CHINESE: [&str; 3] = ["+8613800138000", "+8613800138001", "+8613800138002"];
const SINGAPOREAN: [&str; 3] = ["+6581234567", "+6581234568", "+6581234569"];

/// A running service, and the shell of its operator.
struct TestServer {
    folder: Folder,
    redis: String,
    client: Client,
    doorstep: Doorstep,
}

impl TestServer {
    async fn new() -> Self {
        let (folder, redis) = (Folder::new(), redis::url());
        let vars = [("REDIS_URL", redis.as_str()), ("PHONE_REGIONS", "CN,SG"), ("SMS_BUDGET_REGION_HOUR", "900,SG=70")];
        let (doorstep, client) = folder.serve(&vars).await;
        Self { folder, redis, client, doorstep }
    }

    fn sms(&self, arguments: &[&str]) -> Said {
        let vars = [("REDIS_URL", self.redis.as_str()), ("SMS_BUDGET_REGION_HOUR", "900,SG=70")];
        let vars = [&vars[..], &[("PHONE_REGIONS", "CN,SG")]].concat();
        self.folder.run(&[&["sms"], arguments].concat(), &vars)
    }

    /// What it says when all went well.
    #[track_caller]
    fn says(&self, arguments: &[&str]) -> String {
        let said = self.sms(arguments);
        assert_eq!((said.status, said.err.as_str()), (Some(0), ""), "{}", said.out);
        assert_eq!(redis::without_expiry(&self.redis), Vec::<String>::new());
        said.out
    }

    /// The line of this region, or of the service.
    #[track_caller]
    fn status(&self, name: &str) -> String {
        let said = self.says(&["status"]);
        let mut lines = said.lines().filter(|line| line.split_whitespace().next() == Some(name));
        let line = lines.next().unwrap_or_else(|| panic!("no {name} in {said}"));
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

#[track_caller]
fn assert_suspended(answer: &Answer) {
    assert_eq!((answer.status, answer.body["code"].as_str()), (503, Some("sms_region_suspended")), "{answer:?}");
    assert_eq!(answer.body["retry_after"], 300, "worth asking again soon: {answer:?}");
}

async fn assert_sent(client: &Client, phone: &str) {
    let answer = client.send_code(phone).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[actix_web::test]
async fn a_region_is_blocked_and_allowed_while_the_service_runs() {
    let server = TestServer::new().await;
    assert_sent(&server.client, CHINESE[0]).await;
    let said = server.says(&["block", "CN", "--for", "2h"]);
    assert!(said.contains("No codes are sent to CN until 20") && said.contains("sms region blocked"), "{said}");
    assert_suspended(&server.client.send_code(CHINESE[1]).await);
    assert!(server.doorstep.line("sms region budget exhausted").contains("sms-block"));
    assert_sent(&server.client, SINGAPOREAN[0]).await;
    let line = server.status("CN");
    assert!(line.starts_with("CN 1/900, 60m left 1/300, 60m left 0/300 BLOCKED for 120m"), "{line}");
    assert_eq!(server.status("SG"), "SG 1/70, 60m left 1/300, 60m left 0/300");
    assert_eq!(server.status("service"), "service 2/1000, 60m left 2/5000, 24h left");

    let said = server.says(&["allow", "cn"]);
    assert!(said.contains("Codes are sent to CN") && said.contains("They were blocked."), "{said}");
    assert!(server.says(&["allow", "CN"]).contains("They were not blocked."));
    assert_sent(&server.client, CHINESE[1]).await;
    assert_eq!(server.status("CN"), "CN 2/900, 60m left 2/300, 60m left 0/300");
}

#[actix_web::test]
async fn all_regions_are_blocked_and_allowed() {
    let server = TestServer::new().await;
    assert!(server.says(&["block", "all"]).contains("any region until 20"));
    assert!(server.says(&["block", "BR", "--for", "90d"]).contains("BR until 20"));
    for phone in [CHINESE[0], SINGAPOREAN[0]] {
        assert_suspended(&server.client.send_code(phone).await);
    }
    let said = server.says(&["status"]);
    assert!(said.starts_with("ALL REGIONS ARE BLOCKED for 30d"), "{said}");
    assert!(server.status("BR").ends_with("BLOCKED for 90d"), "a region that may not sign up shows up too");
    server.says(&["allow", "all"]);
    assert_sent(&server.client, CHINESE[0]).await;
    assert_sent(&server.client, SINGAPOREAN[0]).await;
}

/// What was blocked stays blocked, whatever restarts; and the clock ends it.
#[actix_web::test]
async fn a_block_outlives_the_service_and_ends_by_itself() {
    let mut server = TestServer::new().await;
    server.says(&["block", "CN", "--for", "2h"]);
    server.doorstep.stop("TERM");
    let vars = [("REDIS_URL", server.redis.as_str())];
    let (_doorstep, client) = server.folder.serve(&vars).await;
    assert_suspended(&client.send_code(CHINESE[0]).await);
    redis::advance(&server.redis, std::time::Duration::from_secs(7_200));
    assert_sent(&client, CHINESE[0]).await;
}

#[test]
fn what_cannot_be_done_is_told_in_a_sentence() {
    let (folder, nowhere) = (Folder::new(), format!("redis://127.0.0.1:{}/0", free_port()));
    let run = |arguments: &[&str], vars: &[Var<'_>]| folder.run(&[&["sms"], arguments].concat(), vars);
    for arguments in [&["status"][..], &["block", "CN"], &["allow", "all"]] {
        let said = run(arguments, &[]);
        assert_eq!((said.status, said.err.lines().count()), (Some(1), 1), "{}", said.err);
        assert!(said.err.starts_with("doorstep: this command needs REDIS_URL"), "{}", said.err);
        let said = run(arguments, &[("REDIS_URL", &nowhere)]);
        assert_eq!((said.status, said.err.lines().count()), (Some(1), 1), "{}", said.err);
        assert!(said.err.starts_with("doorstep: staging"), "{}", said.err);
    }
    for (arguments, words) in [
        (&["block", "XX"][..], "expected an ISO 3166 country code, like CN, or all"),
        (&["allow", "+86"], "expected an ISO 3166 country code, like CN, or all"),
        (&["block", "CN", "--for", "soon"], "expected minutes, hours or days, like 30m, 2h or 7d, and at most 366d"),
        (&["block", "CN", "--for", "367d"], "at most 366d"),
        (&["block"], "<REGION>"),
    ] {
        let said = run(arguments, &[("REDIS_URL", &nowhere)]);
        assert_eq!(said.status, Some(2), "{}", said.err);
        assert!(said.err.contains(words), "{words} in {}", said.err);
    }
}
