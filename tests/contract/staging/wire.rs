//! Commands that are sent to Redis, and entries in Redis that this service did not write.

use super::{
    IP_BLOCK, MINUTE, NEW_ACCOUNT, OWNER, PURPOSE, RESEND, Redis, allowed, cancel_first, cancel_resend, claim,
    claim_attempt, code_attempt, key, limits, new_flow, new_id, open, policy, proven, refundable, resend, set_password,
    spend_password, unlimited, verify,
};
use crate::support::redis::{self, OwnRedis};
use deadpool_redis::redis::{Connection, cmd};
use doorstep::adapters::staging::redis::RedisStaging;
use doorstep::domain::captcha::{CaptchaAnswer, CaptchaAttempt, CaptchaId};
use doorstep::domain::completion::Completion;
use doorstep::domain::flow::{BudgetClass, Transition};
use doorstep::domain::limits::Cooldowns;
use doorstep::domain::limits::{Counter, Limit, Quota, Refund, Rule, Scope};
use doorstep::domain::password::PasswordHash;
use doorstep::domain::pending::{ActKind, PendingId};
use doorstep::domain::question::{OpenQuestion, Reason};
use doorstep::ports::{
    Advance, Change, CodeAttempt, CodeCheck, Counters, Dependency, DependencyError, NewFlow, OnRight, RequestClaim,
    Resend, Staging, Verified,
};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;
use uuid::Uuid;

/// Reads with MONITOR which commands the server executes.
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

    /// Commands since the last call: whether a script executed it, and its arguments.
    fn commands(&mut self) -> Vec<(bool, Vec<String>)> {
        cmd("ECHO").arg("so far").query::<String>(&mut self.control).unwrap();
        let mut commands = Vec::new();
        loop {
            let mut line = String::new();
            self.lines.read_line(&mut line).unwrap();
            if line.contains("\"so far\"") {
                return commands;
            }
            if let Some((client, arguments)) = line.trim_end().split_once("] \"") {
                let arguments = arguments.trim_end_matches('"').split("\" \"").map(str::to_owned).collect();
                commands.push((client.ends_with(" lua"), arguments));
            }
        }
    }
}

fn shared(member: Option<&str>, quota: Quota) -> Rule {
    let (class, member) = (BudgetClass::NewNumbers, member.map(str::to_owned));
    Rule::Shared { class, member, quota, reserved: 1 }
}

/// Calls every method, and `after` behind each call.
async fn every_method(store: &dyn Staging, mut after: impl FnMut(&str)) {
    let (id, answer) = (CaptchaId::new([1; 16]), CaptchaAnswer::parse("AC3K").unwrap());
    let flow = key(1, 1);
    let counter = |limit, rule| Counter { limit, key: IP_BLOCK.to_owned(), rule };
    let quota = Quota { max: 9, window: MINUTE };
    let block = counter(Limit::RegionBlock, Rule::Threshold(1));
    let counters = [
        block.clone(),
        counter(Limit::IpSends, Rule::Count(quota)),
        counter(Limit::IpPhones, shared(Some("a"), quota)),
        counter(Limit::IpUnverified, shared(None, quota)),
        counter(Limit::IpUnverifiedFree, Rule::Threshold(9)),
        counter(Limit::WrongPasswords, Rule::Sliding(quota)),
        counter(Limit::WrongPasswordsFree, Rule::Threshold(9)),
        counter(Limit::ServiceHour, Rule::Count(quota)),
        counter(Limit::ServiceDay, Rule::Count(quota)),
    ];
    store.put_captcha(&id, &answer, MINUTE, &counters).await.unwrap();
    after("put_captcha");
    let attempt = CaptchaAttempt { id: id.clone(), accepted: Some([answer.clone(), answer]) };
    store.redeem_captcha(&attempt, &counters).await.unwrap();
    after("redeem_captcha");
    store.delete_captcha(&id).await.unwrap();
    after("delete_captcha");
    store.count(&counters).await.unwrap();
    after("count");
    store.usage(&counters).await.unwrap();
    after("usage");
    store.set(&block, MINUTE).await.unwrap();
    after("set");
    store.refund(new_id(), &counters).await.unwrap();
    after("refund");
    store.reset(&counters).await.unwrap();
    after("reset");
    allowed(store.count(&limits().phone(flow.phone_hash)).await.unwrap());
    after("count, with a cooldown");
    store.refund(new_id(), &limits().phone(flow.phone_hash)).await.unwrap();
    after("refund, with a cooldown");
    allowed(open(store, &flow, 1, &limits()).await);
    after("open_flow");
    cancel_first(store, &flow, &refundable(&flow, Refund::NothingDone)).await;
    after("cancel_send");
    allowed(open(store, &flow, 1, &unlimited()).await);
    after("open_flow, again");
    assert!(matches!(resend(store, &flow, &unlimited()).await, Resend::Reserved(_)));
    after("reserve_resend");
    cancel_resend(store, &flow, &[]).await;
    after("cancel_send, of a resend");
    store.record_sent(&flow, "console", Some(IP_BLOCK)).await.unwrap();
    after("record_sent");
    let ip_blocks = vec![IP_BLOCK.to_owned(); 2];
    let verified = Verified { ip_blocks, provider: Some("console".to_owned()), proven: proven(1) };
    let right = CodeCheck::Right(verified);
    assert!(matches!(verify(store, &flow, false, &limits()).await, CodeCheck::Wrong { .. }));
    after("verify_code, wrong");
    assert_eq!(claim(store, &flow, true, &limits()).await, right);
    after("verify_code, claimed");
    assert!(store.renew_code(&flow, OWNER, MINUTE).await.unwrap());
    after("renew_code");
    store.release_code(&flow, OWNER).await.unwrap();
    after("release_code");
    assert_eq!(verify(store, &flow, true, &limits()).await, right);
    after("verify_code, right");
    store.read_flow(&flow, PURPOSE).await.unwrap();
    after("read_flow");
    assert!(matches!(spend_password(store, &flow, PURPOSE).await, Advance::Done { .. }));
    after("advance, spending a password");
    store.refund_password(&flow, policy().passwords).await.unwrap();
    after("refund_password");
    assert!(matches!(set_password(store, &flow, PURPOSE, "hash").await, Advance::Done { .. }));
    after("advance, storing a hash");
    store.delete_flow(&flow).await.unwrap();
    after("delete_flow");
    account_in_question(store, &mut after).await;
    let request = RequestClaim { name: "name", fingerprint: "print", owner: OWNER };
    store.begin(request, MINUTE).await.unwrap();
    after("begin, first");
    assert!(store.renew(request, MINUTE).await.unwrap());
    after("renew");
    store.release(request).await.unwrap();
    after("release");
    store.begin(request, MINUTE).await.unwrap();
    after("begin, again");
    store.complete(request, "response", MINUTE).await.unwrap();
    after("complete");
    store.ping().await.unwrap();
    after("ping");
}

/// Calls every method that an account in question needs besides.
async fn account_in_question(store: &dyn Staging, after: &mut impl FnMut(&str)) {
    let (flow, completion) = (key(1, 1), Completion::Use(PendingId(Uuid::from_u128(7))));
    allowed(store.open_flow(&flow, &new_flow(1), &[]).await.unwrap());
    after("open_flow, of an account in question");
    let mut advance = async |transition: Transition, change: Change| {
        let advanced = store.advance(&flow, PURPOSE, &transition, &change, policy().verified_ttl).await.unwrap();
        assert!(matches!(advanced, Advance::Done { .. }), "{advanced:?}");
        after("advance, of an account in question");
    };
    advance(Transition::QUESTION_ACCOUNT, Change::Refunded(None)).await;
    advance(Transition::ACCEPT_CODE, Change::Refunded(Some(completion))).await;
    let question = OpenQuestion { act: ActKind::SignIn, reason: Reason::Dormant, start_anew: true };
    advance(Transition::QUESTION_ACCOUNT, Change::Question(question)).await;
    advance(Transition::START_ANEW, Change::StartAnew { completion, consent: None, new_account: NEW_ACCOUNT }).await;
    store.delete_flow(&flow).await.unwrap();
    after("delete_flow, of an account in question");
}

fn slot_tag(key: &str) -> &str {
    key.split_once('{').and_then(|(_, rest)| rest.split_once('}')).unwrap().0
}

/// A method is one round trip, once the scripts are loaded. It fulfils the rules of Redis Cluster: every key is
/// declared, and the keys of one call share a hash tag. No script reads a clock.
#[tokio::test]
async fn each_method_sends_one_command_with_keys_of_one_slot() {
    let server = OwnRedis::new();
    let store = RedisStaging::connect(&server.url(), 1).unwrap();
    every_method(&store, |_| ()).await;
    cmd("FLUSHDB").query::<()>(&mut redis::connection(&server.url())).unwrap();
    let mut monitor = Monitor::new(&server.url());
    every_method(&store, |method| {
        let commands = monitor.commands();
        let sent: Vec<_> =
            commands.iter().filter(|(by_script, _)| !by_script).map(|(_, arguments)| arguments).collect();
        assert_eq!(sent.len(), 1, "{method}: {sent:?}");
        let arguments = sent[0];
        let keys = match arguments[0].as_str() {
            "EVALSHA" => &arguments[3..3 + arguments[2].parse::<usize>().unwrap()],
            "DEL" => &arguments[1..],
            "SET" => &arguments[1..2],
            _ => return assert_eq!(method, "ping", "no keys are known for {arguments:?}"),
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

fn stored_keys(redis: &mut Connection) -> Vec<String> {
    cmd("KEYS").arg("*").query(redis).unwrap()
}

/// Redis Cluster changes a flow and the counters of its phone in one operation only if they are in one slot.
#[tokio::test]
async fn the_counters_of_a_phone_are_in_the_slot_of_its_flows() {
    let harness = Redis::new();
    let (store, flow, mut redis) = (&*harness.store, key(1, 1), redis::connection(&harness.url));
    let phone = flow.phone_hash.encoded();
    open(store, &flow, 1, &limits()).await;
    verify(store, &flow, false, &limits()).await;
    claim(store, &flow, true, &limits()).await;
    let keys = stored_keys(&mut redis);
    assert_eq!(keys.len(), 6, "a flow, its claim, and four limits: {keys:?}");
    assert!(keys.iter().all(|key| slot_tag(key) == phone), "{keys:?}");

    let rule = Rule::Count(Quota { max: 1, window: MINUTE });
    for limit in Limit::ALL {
        cmd("FLUSHDB").exec(&mut redis).unwrap();
        allowed(store.count(&[Counter { limit, key: phone.clone(), rule: rule.clone() }]).await.unwrap());
        let keys = stored_keys(&mut redis);
        assert_eq!(keys.len(), 1, "{limit:?}: {keys:?}");
        let expected = if limit.entry().scope == Scope::Phone { &phone } else { "shared" };
        assert_eq!(slot_tag(&keys[0]), expected, "{limit:?}");
    }
}

/// Asserts that the store reports a defect, in a text without stored data.
#[track_caller]
fn assert_broken<T: std::fmt::Debug>(result: Result<T, DependencyError>) {
    let error = result.unwrap_err();
    assert!(matches!(&error, DependencyError::Broken { dependency: Dependency::Staging, .. }), "{error:?}");
    let text = format!("{error} {error:?}");
    assert!(["13800130001", "nonsense", "hush"].iter().all(|secret| !text.contains(secret)), "{text}");
}

fn stored_flow_key(redis: &mut Connection) -> String {
    cmd("KEYS").arg("flow:*").query::<Vec<String>>(redis).unwrap().remove(0)
}

#[tokio::test]
async fn entries_of_an_unknown_format_are_a_defect() {
    let harness = Redis::new();
    let (store, flow, mut redis) = (&*harness.store, key(1, 1), redis::connection(&harness.url));
    let (limits, ttl) = (unlimited(), policy().verified_ttl);
    for (field, value) in [("step", "nonsense"), ("phone", "nonsense"), ("attempts_left", "nonsense")] {
        open(store, &flow, 1, &limits).await;
        cmd("HSET").arg(stored_flow_key(&mut redis)).arg(field).arg(value).exec(&mut redis).unwrap();
        assert_broken(store.read_flow(&flow, PURPOSE).await);
        assert_broken(store.reserve_resend(&flow, PURPOSE, RESEND, &limits.phone(flow.phone_hash)).await);
        if field != "phone" {
            assert_broken(store.verify_code(&flow, &code_attempt(&flow, false, &limits)).await);
        }
    }

    open(store, &flow, 1, &limits).await;
    verify(store, &flow, true, &limits).await;
    let name = stored_flow_key(&mut redis);
    cmd("HSET").arg(&name).arg("passwords_left").arg("nonsense").exec(&mut redis).unwrap();
    let spent = store.advance(&flow, PURPOSE, &Transition::HASH_PASSWORD, &Change::SpendPassword, ttl).await;
    assert_broken(spent);
    assert_broken(store.refund_password(&flow, 20).await);

    open(store, &flow, 1, &limits).await;
    cmd("HSET").arg(&name).arg("consent").arg("nonsense").exec(&mut redis).unwrap();
    assert_broken(store.read_flow(&flow, PURPOSE).await);

    open(store, &flow, 1, &limits).await;
    cmd("HSET").arg(&name).arg("question").arg("nonsense").exec(&mut redis).unwrap();
    assert_broken(store.read_flow(&flow, PURPOSE).await);

    for completion in ["nonsense", "use nonsense", "detach nonsense 1", "use"] {
        open(store, &flow, 1, &limits).await;
        verify(store, &flow, true, &limits).await;
        cmd("HSET").arg(&name).arg("completion").arg(completion).exec(&mut redis).unwrap();
        assert_broken(store.read_flow(&flow, PURPOSE).await);
        assert_broken(store.advance(&flow, PURPOSE, &Transition::HASH_PASSWORD, &Change::SpendPassword, ttl).await);
    }

    open(store, &flow, 1, &limits).await;
    cmd("HSET").arg(&name).arg("step").arg("password_set").exec(&mut redis).unwrap();
    assert_broken(store.read_flow(&flow, PURPOSE).await);
    cmd("SET").arg(&name).arg("hush").arg("PX").arg(60_000).exec(&mut redis).unwrap();
    assert_broken(store.read_flow(&flow, PURPOSE).await);
    let change = Change::StorePasswordHash(PasswordHash::new("hush".to_owned()));
    assert_broken(store.advance(&flow, PURPOSE, &Transition::SET_PASSWORD, &change, ttl).await);
    store.delete_flow(&flow).await.unwrap();
    harness.assert_every_key_expires();
}

/// Redis refuses some TTLs, and others end at once. Neither may leave a key without expiry.
#[tokio::test]
async fn extreme_ttls_leave_no_key_without_expiry() {
    let harness = Redis::new();
    let (store, answer) = (&*harness.store, CaptchaAnswer::parse("AC3K").unwrap());
    let flow = key(1, 1);
    for ttl in [Duration::ZERO, Duration::from_nanos(1), Duration::from_secs(u64::MAX), Duration::MAX] {
        store.put_captcha(&CaptchaId::new([1; 16]), &answer, ttl, &[]).await.unwrap();
        harness.assert_every_key_expires();
        let quota = Quota { max: 1, window: ttl };
        let waits = Rule::Cooldown { waits: Cooldowns(vec![ttl]), grows_with: Limit::PhoneCooldown };
        let rules = [
            (Limit::IpSends, Rule::Count(quota)),
            (Limit::IpPhones, shared(Some("a"), quota)),
            (Limit::WrongPasswords, Rule::Sliding(quota)),
            (Limit::PhoneCooldown, waits),
        ];
        for (limit, rule) in rules {
            store.count(&[Counter { limit, key: format!("{ttl:?}"), rule }]).await.unwrap();
            harness.assert_every_key_expires();
        }
        let block = Counter { limit: Limit::RegionBlock, key: String::new(), rule: Rule::Threshold(1) };
        store.set(&block, ttl).await.unwrap();
        harness.assert_every_key_expires();

        store.open_flow(&flow, &NewFlow { ttl, ..new_flow(1) }, &[]).await.unwrap();
        harness.assert_every_key_expires();
        for attempt in [claim_attempt(&flow, true, &unlimited()), code_attempt(&flow, true, &unlimited())] {
            open(store, &flow, 1, &unlimited()).await;
            let on_right = match attempt.on_right {
                OnRight::Advance { transition, .. } => OnRight::Advance { transition, ttl },
                OnRight::Claim { transition, owner, .. } => OnRight::Claim { transition, owner, ttl },
            };
            let check = store.verify_code(&flow, &CodeAttempt { on_right, ..attempt }).await.unwrap();
            assert!(matches!(check, CodeCheck::Right(_)), "{check:?}");
            harness.assert_every_key_expires();
            store.release_code(&flow, OWNER).await.unwrap();
        }
    }
}
