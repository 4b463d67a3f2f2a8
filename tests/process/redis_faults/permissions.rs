//! The user of Redis with the fewest permissions, as docs/operations.md lists them.

use super::load::Server;
use crate::support::redis::cluster::OwnCluster;
use crate::support::redis::sentinel::OwnSentinels;
use crate::support::redis::{self, OwnRedis};
use deadpool_redis::redis::cmd;

/// Permissions in docs/operations.md.
fn documented_rules() -> Vec<String> {
    let docs = std::fs::read_to_string("docs/operations.md").unwrap();
    let (_, rules) = docs.split_once("ACL SETUSER doorstep on >PASSWORD ").unwrap();
    let (rules, _) = rules.split_once("```").unwrap();
    ["on", ">hush"].into_iter().chain(rules.split_whitespace()).map(str::to_owned).collect()
}

/// Permissions that a topology needs besides: the words in code style between these words of docs/operations.md.
fn documented_additions(from: &str, to: &str) -> Vec<String> {
    let docs = std::fs::read_to_string("docs/operations.md").unwrap();
    let (_, rest) = docs.split_once(from).unwrap();
    let (text, _) = rest.split_once(to).unwrap();
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn set_user(server: &OwnRedis, rules: &[String]) {
    let mut control = redis::connection(&server.address());
    cmd("ACL").arg("SETUSER").arg("doorstep").arg(rules).exec(&mut control).unwrap();
}

#[actix_web::test]
async fn the_documented_permissions_suffice_with_sentinel() {
    let setup = OwnSentinels::new();
    let rules = [documented_rules(), documented_additions("Sentinel needs ", " besides")].concat();
    setup.servers.iter().for_each(|server| set_user(server, &rules));
    let own = documented_additions("At sentinels with users, doorstep needs ", ".");
    let rules = [["on", ">hush", "resetchannels", "-@all"].map(str::to_owned).to_vec(), own].concat();
    setup.sentinels.iter().for_each(|sentinel| set_user(sentinel, &rules));
    let url = setup.url(0).replace("://", "://doorstep:hush@");
    let server = Server::ready(&format!("{url}?sentinel_user=doorstep&sentinel_password=hush")).await;
    assert_eq!(server.client.sign_up(&server.folder, "+8613800138000").await.status, 201);
    assert_eq!(server.causes("").await, 0, "{:?}", server.doorstep.output());
}

/// The keys of one slot have moved and the slot has not, so that the program also needs ASKING.
#[actix_web::test]
async fn the_documented_permissions_suffice_with_a_cluster() {
    let cluster = OwnCluster::new(false);
    let rules = [documented_rules(), documented_additions("besides; a cluster ", ". Without")].concat();
    cluster.nodes.iter().for_each(|node| set_user(node, &rules));
    let server = Server::ready(&cluster.url().replace("://", "://doorstep:hush@")).await;
    let slot = cluster.slot("{shared}");
    let mut begun = cluster.begin_move(slot, (cluster.owner(slot) + 1) % 3);
    while begun.move_key() {}
    assert_eq!(server.client.get("/readyz").await.status, 200);
    begun.end();
    assert_eq!(server.client.sign_up(&server.folder, "+8613800138000").await.status, 201);
    assert_eq!(server.causes("").await, 0, "{:?}", server.doorstep.output());
}

#[actix_web::test]
async fn the_documented_permissions_suffice() {
    let redis = OwnRedis::new();
    let mut control = redis::connection(&redis.url());
    cmd("ACL").arg("SETUSER").arg("doorstep").arg(documented_rules()).exec(&mut control).unwrap();
    let server = Server::ready(&redis.url().replace("redis://", "redis://doorstep:hush@")).await;
    assert_eq!(server.client.sign_up(&server.folder, "+8613800138000").await.status, 201);
    assert_eq!(server.causes("").await, 0, "{:?}", server.doorstep.output());

    cmd("ACL").arg("SETUSER").arg("doorstep").arg("-evalsha").exec(&mut control).unwrap();
    assert_eq!(server.client.post("/v1/captchas", serde_json::json!({})).await.status, 503);
    server.wait_for_cause("the user of REDIS_URL lacks permissions (NOPERM)").await;
    cmd("ACL").arg("SETUSER").arg("doorstep").arg("+evalsha").exec(&mut control).unwrap();
    server.assert_recovers().await;
}

/// The password changes while the program runs with the earlier one.
#[actix_web::test]
async fn a_password_change_is_an_outage_that_names_its_cause() {
    let redis = OwnRedis::new();
    let url_with = |password: &str| redis.url().replace("redis://", &format!("redis://:{password}@"));
    let (before, after) = (url_with("before"), url_with("after"));
    let mut set = cmd("CONFIG");
    set.arg("SET").arg("requirepass").arg("before").exec(&mut redis::connection(&redis.url())).unwrap();
    let server = Server::ready(&before).await;
    let change = |url: &str, password: &str| {
        let mut control = redis::connection(url);
        cmd("CONFIG").arg("SET").arg("requirepass").arg(password).exec(&mut control).unwrap();
        // Redis keeps connections that have the earlier password.
        cmd("CLIENT").arg("KILL").arg("TYPE").arg("normal").exec(&mut control).unwrap();
    };
    change(&before, "after");
    server.wait_for_cause("cannot connect: authentication failed").await;
    change(&after, "before");
    server.assert_recovers().await;
    assert!(!server.doorstep.output().join("\n").contains("before@"), "a password is in the log");
}
