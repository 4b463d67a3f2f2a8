//! Counters of the rate limits: counted calls, different members, thresholds.

use super::{HOUR, Harness, MINUTE, assert_left, assert_limited, at_once, new_id, values};
use doorstep::domain::flow::BudgetClass;
use doorstep::domain::limits::{Counter, Limit, Quota, Rule};
use doorstep::ports::{Admission, Counts, REFUND_TTL, Staging, Usage};
use std::slice;
use std::time::Duration;

const IP_BLOCK: &str = "192.0.2.1";

fn counter(limit: Limit, key: &str, max: u32) -> Counter {
    Counter { limit, key: key.to_owned(), rule: Rule::Count(Quota { max, window: HOUR }) }
}

/// Counts until the counter is reached, and returns how many calls it allowed.
async fn room(store: &dyn Staging, counter: &Counter) -> u32 {
    let mut counted = 0;
    while let Admission::Allowed(_) = store.count(slice::from_ref(counter)).await.unwrap() {
        counted += 1;
    }
    counted
}

pub async fn a_call_counts_on_all_counters_or_on_none(harness: &impl Harness) {
    let store = harness.store();
    let (wide, narrow) = (counter(Limit::IpSends, IP_BLOCK, 5), counter(Limit::ServiceHour, "", 1));
    let both = [wide.clone(), narrow];
    assert!(matches!(store.count(&both).await.unwrap(), Admission::Allowed(_)));
    for _ in 0..10 {
        assert_limited(&store.count(&both).await.unwrap(), Limit::ServiceHour, HOUR);
    }
    assert_eq!(room(&*store, &wide).await, 4);
    assert_limited(&store.count(&both).await.unwrap(), Limit::IpSends, HOUR);
    assert!(matches!(store.count(&[]).await.unwrap(), Admission::Allowed(_)));
}

pub async fn concurrent_calls_never_exceed_the_maximum(harness: &impl Harness) {
    let store = harness.store();
    let (wide, narrow) = (counter(Limit::IpSends, IP_BLOCK, 50), counter(Limit::ServiceHour, "", 7));
    let both = [wide.clone(), narrow.clone()];
    let admissions = at_once(200, |_| {
        let (store, both) = (store.clone(), both.clone());
        async move { store.count(&both).await.unwrap() }
    });
    let allowed = admissions.await.iter().filter(|&admission| matches!(admission, Admission::Allowed(_))).count();
    assert_eq!((allowed, room(&*store, &wide).await), (7, 43));

    // Concurrent calls and refunds never make more room than the maximum.
    let calls = at_once(200, |n| {
        let (store, narrow) = (store.clone(), [narrow.clone()]);
        async move {
            match n % 2 {
                0 => store.refund(new_id(), &narrow).await.unwrap(),
                _ => drop(store.count(&narrow).await.unwrap()),
            }
        }
    });
    calls.await;
    assert!(room(&*store, &narrow).await <= 7);
}

pub async fn a_window_begins_with_the_first_call(harness: &impl Harness) {
    let (store, counters) = (harness.store(), [counter(Limit::IpCaptchas, IP_BLOCK, 2)]);
    assert!(matches!(store.count(&counters).await.unwrap(), Admission::Allowed(_)));
    harness.advance(40 * MINUTE);
    assert!(matches!(store.count(&counters).await.unwrap(), Admission::Allowed(_)));
    assert_limited(&store.count(&counters).await.unwrap(), Limit::IpCaptchas, 20 * MINUTE);
    harness.advance(20 * MINUTE);
    assert_eq!(room(&*store, &counters[0]).await, 2);
    assert_limited(&store.count(&counters).await.unwrap(), Limit::IpCaptchas, HOUR);
}

pub async fn a_refund_makes_room_for_one_call(harness: &impl Harness) {
    let store = harness.store();
    let counters = [counter(Limit::ServiceHour, "", 2), counter(Limit::ServiceDay, "", 9)];
    assert!(matches!(store.count(&counters).await.unwrap(), Admission::Allowed(_)));
    assert!(matches!(store.count(&counters).await.unwrap(), Admission::Allowed(_)));
    store.refund(new_id(), &counters).await.unwrap();
    assert_eq!(room(&*store, &counters[0]).await, 1);
    assert_eq!(room(&*store, &counters[1]).await, 8);
    harness.advance(HOUR);
    assert_eq!(room(&*store, &counters[0]).await, 2);
}

pub async fn refunds_stop_at_zero(harness: &impl Harness) {
    let (store, counters) = (harness.store(), [counter(Limit::ServiceHour, "", 2)]);
    for _ in 0..3 {
        store.refund(new_id(), &counters).await.unwrap();
    }
    assert!(matches!(store.count(&counters).await.unwrap(), Admission::Allowed(_)));
    harness.advance(HOUR);
    store.refund(new_id(), &counters).await.unwrap();
    assert_eq!(room(&*store, &counters[0]).await, 2);
}

/// A caller repeats a refund if it does not know whether it was made.
pub async fn a_repeated_refund_is_made_once(harness: &impl Harness) {
    let store = harness.store();
    for counter in [counter(Limit::ServiceHour, "", 9), counter(Limit::PhoneHour, "phone", 9)] {
        let counter = slice::from_ref(&counter);
        for n in 1..=4 {
            assert_eq!(values(&*store, counter).await, [n]);
        }
        let refund = new_id();
        for _ in 0..5 {
            store.refund(refund, counter).await.unwrap();
        }
        store.refund(new_id(), counter).await.unwrap();
        harness.advance(REFUND_TTL - Duration::from_secs(1));
        store.refund(refund, counter).await.unwrap();
        assert_eq!(values(&*store, counter).await, [3]);
    }
}

pub async fn a_reset_changes_only_the_named_counters(harness: &impl Harness) {
    let (store, other) = (harness.store(), counter(Limit::IpWrongPasswords, "192.0.2.2", 5));
    let named = [counter(Limit::WrongPasswords, "a", 3), counter(Limit::IpWrongPasswords, IP_BLOCK, 5)];
    let all = [named.as_slice(), slice::from_ref(&other)].concat();
    for _ in 0..3 {
        assert!(matches!(store.count(&all).await.unwrap(), Admission::Allowed(_)));
    }
    harness.advance(40 * MINUTE);
    for _ in 0..2 {
        store.reset(&named).await.unwrap();
    }
    store.reset(&[]).await.unwrap();
    assert_eq!(room(&*store, &other).await, 2);
    assert_eq!(room(&*store, &named[1]).await, 5);
    // A new window begins, too.
    assert_eq!(room(&*store, &named[0]).await, 3);
    assert_limited(&store.count(&named).await.unwrap(), Limit::WrongPasswords, HOUR);
}

pub async fn a_quota_of_zero_denies_every_call(harness: &impl Harness) {
    let (store, counters) = (harness.store(), [counter(Limit::ServiceHour, "", 0)]);
    assert_limited(&store.count(&counters).await.unwrap(), Limit::ServiceHour, HOUR);
}

pub async fn limits_and_keys_have_separate_counters(harness: &impl Harness) {
    let store = harness.store();
    for (limit, key) in [(Limit::IpSends, IP_BLOCK), (Limit::IpSends, "2001:db8::1"), (Limit::IpCaptchas, IP_BLOCK)] {
        assert_eq!(room(&*store, &counter(limit, key, 2)).await, 2, "{limit:?} {key}");
    }
}

pub async fn every_reached_limit_is_reported_and_the_first_decides(harness: &impl Harness) {
    let store = harness.store();
    let once_in = |limit, minutes: u32| {
        let rule = Rule::Count(Quota { max: 1, window: minutes * MINUTE });
        Counter { limit, key: IP_BLOCK.to_owned(), rule }
    };
    // Two denials, with two limits each.
    let mut counters = vec![
        once_in(Limit::IpSends, 10),
        once_in(Limit::ServiceHour, 20),
        once_in(Limit::IpCaptchas, 30),
        once_in(Limit::ServiceDay, 40),
    ];
    values(&*store, &counters).await;
    let unused = member("a", 9);
    counters.insert(0, unused.clone());
    for _ in 0..4 {
        counters[1..].rotate_left(1);
        let first = counters[1].limit;
        let longest = if matches!(first, Limit::IpSends | Limit::IpCaptchas) { 30 } else { 40 };
        assert_limited(&store.count(&counters).await.unwrap(), first, longest * MINUTE);
    }
    harness.advance(30 * MINUTE);
    assert_limited(&store.count(&counters).await.unwrap(), Limit::ServiceDay, 10 * MINUTE);
    assert_eq!(usage(&*store, &unused).await.count, 0);
}

/// One of the different phones that an IP block requests messages for.
fn member(member: &str, max: u32) -> Counter {
    let (class, quota) = (BudgetClass::NewNumbers, Quota { max, window: HOUR });
    let rule = Rule::Shared { class, member: Some(member.to_owned()), quota, reserved: 0 };
    Counter { limit: Limit::IpPhones, key: IP_BLOCK.to_owned(), rule }
}

fn threshold(limit: Limit, max: u32) -> Counter {
    Counter { limit, key: String::new(), rule: Rule::Threshold(max) }
}

fn block() -> Counter {
    threshold(Limit::RegionBlock, 1)
}

async fn usage(store: &dyn Staging, counter: &Counter) -> Usage {
    let usages = store.usage(slice::from_ref(counter)).await.unwrap();
    assert_eq!(usages.len(), 1);
    usages[0]
}

pub async fn a_call_returns_the_value_of_each_counter(harness: &impl Harness) {
    let (store, wide) = (harness.store(), counter(Limit::IpSends, IP_BLOCK, 5));
    assert_eq!(values(&*store, &[wide.clone(), member("a", 3), block()]).await, [1, 1, 0]);
    assert_eq!(values(&*store, &[member("b", 3), wide.clone()]).await, [2, 2]);
    assert_eq!(store.count(&[]).await.unwrap(), Admission::Allowed(Counts::default()));
}

pub async fn a_member_counts_once(harness: &impl Harness) {
    let store = harness.store();
    for _ in 0..10 {
        assert_eq!(values(&*store, &[member("a", 2)]).await, [1]);
    }
    assert_eq!(values(&*store, &[member("b", 2)]).await, [2]);
    for _ in 0..3 {
        assert_limited(&store.count(&[member("c", 2)]).await.unwrap(), Limit::IpPhones, HOUR);
        assert_eq!(values(&*store, &[member("a", 2)]).await, [2], "a known member is allowed");
    }
    assert_limited(&store.count(&[member("a", 0), member("c", 0)]).await.unwrap(), Limit::IpPhones, HOUR);
    // Only the unknown member is reached.
    let full = counter(Limit::ServiceHour, "", 0);
    let known_first = [member("a", 0), full.clone(), member("c", 0)];
    assert_limited(&store.count(&known_first).await.unwrap(), Limit::ServiceHour, HOUR);
    let unknown_first = [member("c", 0), full, member("a", 0)];
    assert_limited(&store.count(&unknown_first).await.unwrap(), Limit::IpPhones, HOUR);
    assert_eq!(values(&*store, &[member("a", 0)]).await, [2]);
}

/// A member counts until all of its calls are refunded: another request of the same member may still be in progress.
pub async fn a_member_is_refunded_once_for_each_call(harness: &impl Harness) {
    let store = harness.store();
    values(&*store, &[member("a", 1)]).await;
    values(&*store, &[member("a", 1)]).await;
    store.refund(new_id(), &[member("b", 1)]).await.unwrap();
    store.refund(new_id(), &[member("a", 1)]).await.unwrap();
    assert_limited(&store.count(&[member("b", 1)]).await.unwrap(), Limit::IpPhones, HOUR);
    store.refund(new_id(), &[member("a", 1)]).await.unwrap();
    store.refund(new_id(), &[member("a", 1)]).await.unwrap();
    assert_eq!(usage(&*store, &member("a", 1)).await, Usage { count: 0, expires_in: Duration::ZERO });
    harness.advance(40 * MINUTE);
    assert_eq!(values(&*store, &[member("b", 1)]).await, [1]);
    // The window of the refunded calls is over, too.
    assert_limited(&store.count(&[member("c", 1)]).await.unwrap(), Limit::IpPhones, HOUR);
}

pub async fn a_window_of_members_begins_with_the_first(harness: &impl Harness) {
    let store = harness.store();
    values(&*store, &[member("a", 2)]).await;
    harness.advance(40 * MINUTE);
    values(&*store, &[member("b", 2)]).await;
    values(&*store, &[member("a", 2)]).await;
    assert_limited(&store.count(&[member("c", 2)]).await.unwrap(), Limit::IpPhones, 20 * MINUTE);
    harness.advance(20 * MINUTE);
    assert_eq!(values(&*store, &[member("c", 2)]).await, [1]);
    store.reset(&[member("c", 2)]).await.unwrap();
    assert_eq!(usage(&*store, &member("c", 2)).await.count, 0);
}

pub async fn concurrent_members_never_exceed_the_maximum(harness: &impl Harness) {
    let (store, wide) = (harness.store(), counter(Limit::ServiceHour, "", 1_000));
    let admissions = at_once(200, |n| {
        let (store, both) = (store.clone(), [wide.clone(), member(&format!("m{}", n % 50), 7)]);
        async move { store.count(&both).await.unwrap() }
    });
    let allowed = admissions.await.iter().filter(|&admission| matches!(admission, Admission::Allowed(_))).count();
    // Each of 50 members makes four calls. Seven members are counted, and at most four calls of each are allowed.
    assert_eq!(usage(&*store, &member("", 7)).await.count, 7);
    assert_eq!(usage(&*store, &wide).await.count as usize, allowed);
    assert!((7..=28).contains(&allowed), "{allowed}");
}

pub async fn a_threshold_counts_nothing(harness: &impl Harness) {
    let (store, wide) = (harness.store(), counter(Limit::IpSends, IP_BLOCK, 5));
    let both = [block(), wide.clone()];
    assert_eq!(values(&*store, &both).await, [0, 1]);
    assert_eq!(values(&*store, &both).await, [0, 2]);
    store.set(&both[0], MINUTE).await.unwrap();
    assert_limited(&store.count(&both).await.unwrap(), Limit::RegionBlock, MINUTE);
    store.refund(new_id(), &both[..1]).await.unwrap();
    assert_limited(&store.count(&both).await.unwrap(), Limit::RegionBlock, MINUTE);
    assert_eq!(usage(&*store, &wide).await.count, 2, "a denied call counts on no counter");
    assert_eq!(values(&*store, &[threshold(Limit::RegionBlock, 2)]).await, [1]);
}

/// Limits with one name share a counter.
pub async fn a_threshold_reads_the_counter_of_another_limit(harness: &impl Harness) {
    let store = harness.store();
    let quota = Quota { max: 9, window: HOUR };
    let rule = Rule::Shared { class: BudgetClass::NewNumbers, member: None, quota, reserved: 0 };
    let counted = Counter { limit: Limit::IpUnverified, key: String::new(), rule };
    let half = threshold(Limit::IpUnverifiedFree, 2);
    assert_eq!(values(&*store, &[half.clone(), counted.clone()]).await, [0, 1]);
    harness.advance(20 * MINUTE);
    assert_eq!(values(&*store, &[counted.clone(), half.clone()]).await, [2, 1], "not the value before the call");
    assert_limited(&store.count(&[counted.clone(), half.clone()]).await.unwrap(), half.limit, 40 * MINUTE);
    store.refund(new_id(), slice::from_ref(&counted)).await.unwrap();
    assert_eq!(values(&*store, &[half]).await, [1]);
}

pub async fn a_set_counter_is_replaced_and_expires(harness: &impl Harness) {
    let (store, block) = (harness.store(), block());
    store.set(&block, HOUR).await.unwrap();
    store.set(&block, 2 * MINUTE).await.unwrap();
    let Usage { count, expires_in } = usage(&*store, &block).await;
    assert_eq!(count, 1);
    assert_left(expires_in, 2 * MINUTE);
    harness.advance(MINUTE);
    store.set(&block, HOUR).await.unwrap();
    assert_left(usage(&*store, &block).await.expires_in, HOUR);
    store.reset(slice::from_ref(&block)).await.unwrap();
    assert_eq!(values(&*store, slice::from_ref(&block)).await, [0]);
    store.set(&block, MINUTE).await.unwrap();
    harness.advance(MINUTE);
    assert_eq!(values(&*store, &[block]).await, [0]);
}

pub async fn reading_the_usage_counts_nothing(harness: &impl Harness) {
    let store = harness.store();
    let all = [counter(Limit::ServiceHour, "", 2), member("a", 2), block()];
    for _ in 0..5 {
        let unused = Usage { count: 0, expires_in: Duration::ZERO };
        assert_eq!(store.usage(&all).await.unwrap(), [unused; 3]);
    }
    values(&*store, &all[..2]).await;
    harness.advance(20 * MINUTE);
    for usage in &store.usage(&all).await.unwrap()[..2] {
        assert_eq!(usage.count, 1);
        assert_left(usage.expires_in, 40 * MINUTE);
    }
    assert!(store.usage(&[]).await.unwrap().is_empty());
}
