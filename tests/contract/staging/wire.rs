//! What goes over the wire to Redis, and what comes back wrong.

use super::{MINUTE, ORIGIN, PURPOSE, Redis, check, key, limits, no_limits, open, policy, proven, resend};
use crate::support::redis::{self, OwnRedis};
use deadpool_redis::redis::{Connection, cmd};
use doorstep::adapters::staging::redis::RedisStaging;
use doorstep::domain::captcha::{CaptchaAnswer, CaptchaId};
use doorstep::domain::password::PasswordHash;
use doorstep::domain::policy::Quota;
use doorstep::ports::{
    Cancel, CodeCheck, Counter, Counters, Dependency, DependencyError, Resend, Rule, Staging, Verified,
};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Reads what the server is told, by MONITOR.
struct Monitor {
    lines: BufReader<TcpStream>,
    control: Connection,
}

impl Monitor {
    fn new(url: &str) -> Self {
        let address = url.strip_prefix("redis://").unwrap().split('/').next().unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.write_all(b"MONITOR\r\n").unwrap();
        let mut monitor = Self { lines: BufReader::new(stream), control: redis::connection(url) };
        monitor.commands();
        monitor
    }

    /// The commands since the last call: whether a script gave it, and its words.
    fn commands(&mut self) -> Vec<(bool, Vec<String>)> {
        cmd("ECHO").arg("so far").query::<String>(&mut self.control).unwrap();
        let mut commands = Vec::new();
        loop {
            let mut line = String::new();
            self.lines.read_line(&mut line).unwrap();
            if line.contains("\"so far\"") {
                return commands;
            }
            if let Some((origin, words)) = line.trim_end().split_once("] \"") {
                let words = words.trim_end_matches('"').split("\" \"").map(str::to_owned).collect();
                commands.push((origin.ends_with(" lua"), words));
            }
        }
    }
}

/// Calls every method once, and `after` behind each.
async fn every_method(store: &dyn Staging, mut after: impl FnMut(&str)) {
    let (id, answer) = (CaptchaId::new([1; 16]), CaptchaAnswer::parse("AC3K").unwrap());
    let (flow, hash) = (key(1, 1), PasswordHash::new("hash".to_owned()));
    let counter = |scope| Counter::count(scope, "192.0.2.1", Quota { max: 9, window: MINUTE });
    let different = Rule::Distinct { member: "a".to_owned(), quota: Quota { max: 9, window: MINUTE } };
    let different = Counter { rule: different, ..counter("phones-ip") };
    let block = Counter { rule: Rule::Threshold(1), ..counter("sms-block") };
    let counters = [block.clone(), counter("sends-ip"), different, counter("sms-hour"), counter("sms-day")];
    store.put_captcha(&id, &answer, MINUTE).await.unwrap();
    after("put_captcha");
    store.take_captcha(&id).await.unwrap();
    after("take_captcha");
    store.count(&counters).await.unwrap();
    after("count");
    store.usage(&counters).await.unwrap();
    after("look");
    store.set(&block, MINUTE).await.unwrap();
    after("raise");
    store.refund(&counters).await.unwrap();
    after("uncount");
    store.reset(&counters).await.unwrap();
    after("forget");
    open(store, &flow, 1, &limits()).await;
    after("open_flow");
    store.cancel_send(&flow, Cancel { refund: true, end: false }).await.unwrap();
    after("cancel_send");
    assert!(matches!(resend(store, &flow, &limits()).await, Resend::Yes(_)));
    after("reserve_resend");
    store.record_sent(&flow, "console", Some(ORIGIN)).await.unwrap();
    after("note_sent");
    assert!(store.clear_ip_blocks(&flow).await.unwrap());
    after("forget_origins");
    let nothing = Verified { ip_blocks: Vec::new(), provider: Some("console".to_owned()), proven: proven(1) };
    let nothing = CodeCheck::Right(nothing);
    assert!(matches!(check(store, &flow, false, &limits()).await, CodeCheck::Wrong { .. }));
    after("check_code, wrong");
    assert_eq!(store.claim_code(&flow, PURPOSE, true, &policy(), &limits()).await.unwrap(), nothing);
    after("claim_code");
    store.release_code(&flow).await.unwrap();
    after("release_code");
    assert_eq!(check(store, &flow, true, &limits()).await, nothing);
    after("check_code, right");
    store.read_flow(&flow, PURPOSE, &policy()).await.unwrap();
    after("read_flow");
    store.begin_password(&flow, PURPOSE, &policy()).await.unwrap();
    after("begin_password");
    store.cancel_password(&flow).await.unwrap();
    after("cancel_password");
    store.set_password(&flow, PURPOSE, &hash, &policy()).await.unwrap();
    after("set_password");
    store.end_flow(&flow).await.unwrap();
    after("end_flow");
    store.begin("name", "print", MINUTE).await.unwrap();
    after("begin_answer, first");
    store.release("name", "print").await.unwrap();
    after("drop_answer");
    store.begin("name", "print", MINUTE).await.unwrap();
    after("begin_answer, again");
    store.complete("name", "print", "answer", MINUTE).await.unwrap();
    after("keep_answer");
    store.ping().await.unwrap();
    after("ping");
}

fn slot_tag(key: &str) -> &str {
    key.split_once('{').and_then(|(_, rest)| rest.split_once('}')).unwrap().0
}

/// One round trip for each method, once the scripts are loaded; and what Redis Cluster asks: every key is declared,
/// and those of one call share a hash tag. No script reads a clock.
#[tokio::test]
async fn one_command_for_each_method() {
    let server = OwnRedis::new();
    let store = RedisStaging::connect(&server.url(), 1).unwrap();
    every_method(&store, |_| ()).await;
    cmd("FLUSHDB").query::<()>(&mut redis::connection(&server.url())).unwrap();
    let mut monitor = Monitor::new(&server.url());
    every_method(&store, |method| {
        let commands = monitor.commands();
        let asked: Vec<_> = commands.iter().filter(|(by_script, _)| !by_script).map(|(_, words)| words).collect();
        assert_eq!(asked.len(), 1, "{method}: {asked:?}");
        let words = asked[0];
        let keys = match words[0].as_str() {
            "EVALSHA" => &words[3..3 + words[2].parse::<usize>().unwrap()],
            "DEL" => &words[1..],
            "SET" => &words[1..2],
            _ => return assert_eq!(method, "ping", "it has no script"),
        };
        assert!(!keys.is_empty(), "{method}");
        assert!(keys.iter().all(|key| slot_tag(key) == slot_tag(&keys[0])), "{method}: {keys:?}");
        for (_, command) in commands.iter().filter(|(by_script, _)| *by_script) {
            assert_ne!(command[0].to_uppercase(), "TIME", "{method}");
            assert!(keys.contains(&command[1]), "{method}: {command:?}");
        }
    })
    .await;
}

/// Whether the store calls this a defect, in words without anything that was stored.
#[track_caller]
fn assert_broken<T: std::fmt::Debug>(answer: Result<T, DependencyError>) {
    let failure = answer.unwrap_err();
    assert!(matches!(&failure, DependencyError::Broken { dependency: Dependency::Staging, .. }), "{failure:?}");
    let text = format!("{failure} {failure:?}");
    assert!(["13800130001", "nonsense", "hush"].iter().all(|secret| !text.contains(secret)), "{text}");
}

fn flow_key_of(redis: &mut Connection) -> String {
    cmd("KEYS").arg("flow:*").query::<Vec<String>>(redis).unwrap().remove(0)
}

#[tokio::test]
async fn entries_that_nobody_here_wrote_are_a_defect() {
    let harness = Redis::new();
    let (store, flow, mut redis) = (&*harness.store, key(1, 1), redis::connection(&harness.url));
    for (field, value) in [("step", "nonsense"), ("phone", "nonsense"), ("attempts", "nonsense")] {
        open(store, &flow, 1, &no_limits()).await;
        cmd("HSET").arg(flow_key_of(&mut redis)).arg(field).arg(value).exec(&mut redis).unwrap();
        assert_broken(store.read_flow(&flow, PURPOSE, &policy()).await);
        assert_broken(store.reserve_resend(&flow, PURPOSE, &policy(), &no_limits()).await);
        if field != "phone" {
            assert_broken(store.check_code(&flow, PURPOSE, false, &policy(), &no_limits()).await);
        }
    }

    open(store, &flow, 1, &no_limits()).await;
    let name = flow_key_of(&mut redis);
    cmd("HSET").arg(&name).arg("step").arg("password_set").exec(&mut redis).unwrap();
    assert_broken(store.read_flow(&flow, PURPOSE, &policy()).await);
    cmd("SET").arg(&name).arg("hush").arg("PX").arg(60_000).exec(&mut redis).unwrap();
    assert_broken(store.read_flow(&flow, PURPOSE, &policy()).await);
    assert_broken(store.set_password(&flow, PURPOSE, &PasswordHash::new("hush".to_owned()), &policy()).await);
    store.end_flow(&flow).await.unwrap();
    harness.nothing_lives_for_ever();
}

/// A life that Redis would refuse, or that is over at once, must not leave a key without expiry.
#[tokio::test]
async fn extreme_lives_have_an_end() {
    let harness = Redis::new();
    let (store, answer) = (&*harness.store, CaptchaAnswer::parse("AC3K").unwrap());
    for life in [Duration::ZERO, Duration::from_nanos(1), Duration::from_secs(u64::MAX), Duration::MAX] {
        store.put_captcha(&CaptchaId::new([1; 16]), &answer, life).await.unwrap();
        harness.nothing_lives_for_ever();
        let quota = Quota { max: 1, window: life };
        let rules = [Rule::Count(quota), Rule::Distinct { member: "a".to_owned(), quota }];
        for (scope, rule) in ["extreme", "extreme-members"].into_iter().zip(rules) {
            store.count(&[Counter { scope, subject: format!("{life:?}"), rule }]).await.unwrap();
            harness.nothing_lives_for_ever();
        }
        store.set(&Counter { scope: "raised", subject: String::new(), rule: Rule::Threshold(1) }, life).await.unwrap();
        harness.nothing_lives_for_ever();
    }
}
