//! `doorstep sms`: region blocks, set while the service runs.

use crate::client::{Client, Response};
use crate::doorstep::{CommandOutput, Doorstep, Folder, Var};
use crate::support::process::free_port;
use crate::support::redis;

const CHINESE: [&str; 3] = ["+8613800138000", "+8613800138001", "+8613800138002"];
const SINGAPOREAN: [&str; 3] = ["+6581234567", "+6581234568", "+6581234569"];

/// A running service, and the working folder of its operator.
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

    fn sms(&self, arguments: &[&str]) -> CommandOutput {
        let vars = [("REDIS_URL", self.redis.as_str()), ("SMS_BUDGET_REGION_HOUR", "900,SG=70")];
        let vars = [&vars[..], &[("PHONE_REGIONS", "CN,SG")]].concat();
        self.folder.run(&[&["sms"], arguments].concat(), &vars)
    }

    /// Runs the command, which must succeed. Returns its output.
    #[track_caller]
    fn sms_ok(&self, arguments: &[&str]) -> String {
        let output = self.sms(arguments);
        assert_eq!((output.status, output.stderr.as_str()), (Some(0), ""), "{}", output.stdout);
        assert_eq!(redis::without_expiry(&self.redis), Vec::<String>::new());
        output.stdout
    }

    /// Returns the status line of a region, or of the service.
    #[track_caller]
    fn status(&self, name: &str) -> String {
        let output = self.sms_ok(&["status"]);
        let mut lines = output.lines().filter(|line| line.split_whitespace().next() == Some(name));
        let line = lines.next().unwrap_or_else(|| panic!("no {name} in {output}"));
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

#[track_caller]
fn assert_suspended(response: &Response) {
    let (status, code) = (response.status, response.body["code"].as_str());
    assert_eq!((status, code), (503, Some("sms_region_suspended")), "{response:?}");
    assert_eq!(response.body["retry_after"], 300, "a client may retry soon: {response:?}");
}

async fn assert_sent(client: &Client, phone: &str) {
    let response = client.send_code(phone).await;
    assert_eq!(response.status, 200, "{response:?}");
}

#[actix_web::test]
async fn a_region_is_blocked_and_unblocked_while_the_service_runs() {
    let server = TestServer::new().await;
    assert_sent(&server.client, CHINESE[0]).await;
    let output = server.sms_ok(&["block", "CN", "--for", "2h"]);
    assert!(output.contains("No codes are sent to CN until 20") && output.contains("sms region blocked"), "{output}");
    assert_suspended(&server.client.send_code(CHINESE[1]).await);
    assert!(server.doorstep.line("sms region budget exhausted").contains("sms-block"));
    assert_sent(&server.client, SINGAPOREAN[0]).await;
    let line = server.status("CN");
    assert!(line.starts_with("CN 1/900, 60m left 1/120, 60m left 0/120 BLOCKED for 120m"), "{line}");
    assert_eq!(server.status("SG"), "SG 1/70, 60m left 1/120, 60m left 0/120");
    assert_eq!(server.status("service"), "service 2/1000, 60m left 2/5000, 24h left");

    let output = server.sms_ok(&["allow", "cn"]);
    assert!(output.contains("Codes are sent to CN") && output.contains("They were blocked."), "{output}");
    assert!(server.sms_ok(&["allow", "CN"]).contains("They were not blocked."));
    assert_sent(&server.client, CHINESE[1]).await;
    assert_eq!(server.status("CN"), "CN 2/900, 60m left 2/120, 60m left 0/120");
}

#[actix_web::test]
async fn all_regions_are_blocked_and_unblocked() {
    let server = TestServer::new().await;
    assert!(server.sms_ok(&["block", "all"]).contains("any region until 20"));
    assert!(server.sms_ok(&["block", "BR", "--for", "90d"]).contains("BR until 20"));
    for phone in [CHINESE[0], SINGAPOREAN[0]] {
        assert_suspended(&server.client.send_code(phone).await);
    }
    let output = server.sms_ok(&["status"]);
    assert!(output.starts_with("ALL REGIONS ARE BLOCKED for 30d"), "{output}");
    assert!(server.status("BR").ends_with("BLOCKED for 90d"), "the status omits a region that cannot sign up");
    server.sms_ok(&["allow", "all"]);
    assert_sent(&server.client, CHINESE[0]).await;
    assert_sent(&server.client, SINGAPOREAN[0]).await;
}

/// Redis stores the block and its expiry.
#[actix_web::test]
async fn a_region_block_survives_a_restart_and_expires() {
    let mut server = TestServer::new().await;
    server.sms_ok(&["block", "CN", "--for", "2h"]);
    server.doorstep.stop("TERM");
    let vars = [("REDIS_URL", server.redis.as_str())];
    let (_doorstep, client) = server.folder.serve(&vars).await;
    assert_suspended(&client.send_code(CHINESE[0]).await);
    redis::advance(&server.redis, std::time::Duration::from_secs(7_200));
    assert_sent(&client, CHINESE[0]).await;
}

#[test]
fn errors_are_reported_in_one_sentence() {
    let (folder, unreachable) = (Folder::new(), format!("redis://127.0.0.1:{}/0", free_port()));
    let run = |arguments: &[&str], vars: &[Var<'_>]| folder.run(&[&["sms"], arguments].concat(), vars);
    for arguments in [&["status"][..], &["block", "CN"], &["allow", "all"]] {
        let output = run(arguments, &[]);
        assert_eq!((output.status, output.stderr.lines().count()), (Some(1), 1), "{}", output.stderr);
        assert!(output.stderr.starts_with("doorstep: this command needs REDIS_URL"), "{}", output.stderr);
        let output = run(arguments, &[("REDIS_URL", &unreachable)]);
        assert_eq!((output.status, output.stderr.lines().count()), (Some(1), 1), "{}", output.stderr);
        assert!(output.stderr.starts_with("doorstep: staging"), "{}", output.stderr);
    }
    for (arguments, text) in [
        (&["block", "XX"][..], "expected an ISO 3166 country code, like CN, or all"),
        (&["allow", "+86"], "expected an ISO 3166 country code, like CN, or all"),
        (&["block", "CN", "--for", "soon"], "expected minutes, hours or days, like 30m, 2h or 7d, and at most 366d"),
        (&["block", "CN", "--for", "367d"], "at most 366d"),
        (&["block"], "<REGION>"),
    ] {
        let output = run(arguments, &[("REDIS_URL", &unreachable)]);
        assert_eq!(output.status, Some(2), "{}", output.stderr);
        assert!(output.stderr.contains(text), "{text} in {}", output.stderr);
    }
}
