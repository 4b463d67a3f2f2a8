//! Counters that deny, of addresses and of the whole service.

use super::{HOUR, Harness, MINUTE, assert_left, at_once};
use doorstep::domain::policy::Quota;
use doorstep::ports::{Admission, Counter, Rule, Staging, Usage};
use std::time::Duration;

fn counter(scope: &'static str, subject: &str, max: u32) -> Counter {
    Counter::count(scope, subject, Quota { max, window: HOUR })
}

/// How many more fit.
async fn room(store: &dyn Staging, counter: &Counter) -> u32 {
    let mut counted = 0;
    while let Admission::Allowed(_) = store.count(std::slice::from_ref(counter)).await.unwrap() {
        counted += 1;
    }
    counted
}

#[track_caller]
fn assert_full(counted: &Admission, at: usize, left: Duration) {
    let Admission::Limited { index, retry_after } = *counted else { panic!("there was room") };
    assert_eq!(index, at);
    assert_left(retry_after, left);
}

pub async fn all_or_none_are_counted(harness: &impl Harness) {
    let (store, wide, narrow) = (harness.store(), counter("sends-ip", "192.0.2.1", 5), counter("sms-hour", "", 1));
    let both = [wide.clone(), narrow];
    assert!(matches!(store.count(&both).await.unwrap(), Admission::Allowed(_)));
    for _ in 0..10 {
        assert_full(&store.count(&both).await.unwrap(), 1, HOUR);
    }
    assert_eq!(room(&*store, &wide).await, 4);
    assert_full(&store.count(&both).await.unwrap(), 0, HOUR);
    assert!(matches!(store.count(&[]).await.unwrap(), Admission::Allowed(_)));
}

pub async fn races_never_pass_the_maximum(harness: &impl Harness) {
    let (store, wide, narrow) = (harness.store(), counter("sends-ip", "192.0.2.1", 50), counter("sms-hour", "", 7));
    let both = [wide.clone(), narrow.clone()];
    let answers = at_once(200, |_| {
        let (store, both) = (store.clone(), both.clone());
        async move { store.count(&both).await.unwrap() }
    });
    let granted = answers.await.iter().filter(|&answer| matches!(answer, Admission::Allowed(_))).count();
    assert_eq!((granted, room(&*store, &wide).await), (7, 43));

    // However counting and taking back meet, no place is made out of nothing.
    let answers = at_once(200, |n| {
        let (store, narrow) = (store.clone(), [narrow.clone()]);
        async move {
            match n % 2 {
                0 => store.refund(&narrow).await.unwrap(),
                _ => drop(store.count(&narrow).await.unwrap()),
            }
        }
    });
    answers.await;
    assert!(room(&*store, &narrow).await <= 7);
}

pub async fn a_window_begins_with_the_first_one(harness: &impl Harness) {
    let (store, counters) = (harness.store(), [counter("captchas-ip", "192.0.2.1", 2)]);
    assert!(matches!(store.count(&counters).await.unwrap(), Admission::Allowed(_)));
    harness.advance(40 * MINUTE);
    assert!(matches!(store.count(&counters).await.unwrap(), Admission::Allowed(_)));
    assert_full(&store.count(&counters).await.unwrap(), 0, 20 * MINUTE);
    harness.advance(20 * MINUTE);
    assert_eq!(room(&*store, &counters[0]).await, 2);
    assert_full(&store.count(&counters).await.unwrap(), 0, HOUR);
}

pub async fn taking_back_frees_a_place(harness: &impl Harness) {
    let (store, counters) = (harness.store(), [counter("sms-hour", "", 2), counter("sms-day", "", 9)]);
    assert!(matches!(store.count(&counters).await.unwrap(), Admission::Allowed(_)));
    assert!(matches!(store.count(&counters).await.unwrap(), Admission::Allowed(_)));
    store.refund(&counters).await.unwrap();
    assert_eq!(room(&*store, &counters[0]).await, 1);
    assert_eq!(room(&*store, &counters[1]).await, 8);
    harness.advance(HOUR);
    assert_eq!(room(&*store, &counters[0]).await, 2);
}

pub async fn taking_back_stops_at_zero(harness: &impl Harness) {
    let (store, counters) = (harness.store(), [counter("sms-hour", "", 2)]);
    for _ in 0..3 {
        store.refund(&counters).await.unwrap();
    }
    assert!(matches!(store.count(&counters).await.unwrap(), Admission::Allowed(_)));
    harness.advance(HOUR);
    store.refund(&counters).await.unwrap();
    assert_eq!(room(&*store, &counters[0]).await, 2);
}

pub async fn forgetting_empties_these_and_no_others(harness: &impl Harness) {
    let (store, other) = (harness.store(), counter("wrong-ip", "192.0.2.2", 5));
    let forgotten = [counter("wrong-phone", "a", 3), counter("wrong-ip", "192.0.2.1", 5)];
    let all = [forgotten.as_slice(), std::slice::from_ref(&other)].concat();
    for _ in 0..3 {
        assert!(matches!(store.count(&all).await.unwrap(), Admission::Allowed(_)));
    }
    harness.advance(40 * MINUTE);
    for _ in 0..2 {
        store.reset(&forgotten).await.unwrap();
    }
    store.reset(&[]).await.unwrap();
    assert_eq!(room(&*store, &other).await, 2);
    assert_eq!(room(&*store, &forgotten[1]).await, 5);
    // The window begins anew as well.
    assert_eq!(room(&*store, &forgotten[0]).await, 3);
    assert_full(&store.count(&forgotten).await.unwrap(), 0, HOUR);
}

pub async fn a_quota_of_nothing_denies(harness: &impl Harness) {
    let (store, counters) = (harness.store(), [counter("sms-hour", "", 0)]);
    assert_full(&store.count(&counters).await.unwrap(), 0, HOUR);
}

pub async fn scopes_and_subjects_are_apart(harness: &impl Harness) {
    let store = harness.store();
    for (scope, subject) in [("sends-ip", "192.0.2.1"), ("sends-ip", "2001:db8::1"), ("captchas-ip", "192.0.2.1")] {
        assert_eq!(room(&*store, &counter(scope, subject, 2)).await, 2, "{scope} {subject}");
    }
}

/// Of different phones at one address, say.
fn member(member: &str, max: u32) -> Counter {
    let rule = Rule::Distinct { member: member.to_owned(), quota: Quota { max, window: HOUR } };
    Counter { scope: "phones-ip", subject: "192.0.2.1".to_owned(), rule }
}

fn below(scope: &'static str, max: u32) -> Counter {
    Counter { scope, subject: String::new(), rule: Rule::Threshold(max) }
}

async fn count(store: &dyn Staging, counters: &[Counter]) -> Vec<u32> {
    match store.count(counters).await.unwrap() {
        Admission::Allowed(counts) => counts,
        full => panic!("{full:?}"),
    }
}

async fn standing(store: &dyn Staging, counter: &Counter) -> Usage {
    let standings = store.usage(std::slice::from_ref(counter)).await.unwrap();
    assert_eq!(standings.len(), 1);
    standings[0]
}

pub async fn counting_tells_how_far_each_is(harness: &impl Harness) {
    let (store, wide) = (harness.store(), counter("sends-ip", "192.0.2.1", 5));
    assert_eq!(count(&*store, &[wide.clone(), member("a", 3), below("sms-block", 1)]).await, [1, 1, 0]);
    assert_eq!(count(&*store, &[member("b", 3), wide.clone()]).await, [2, 2]);
    assert_eq!(count(&*store, &[]).await, [0; 0]);
}

pub async fn a_member_counts_once(harness: &impl Harness) {
    let store = harness.store();
    for _ in 0..10 {
        assert_eq!(count(&*store, &[member("a", 2)]).await, [1]);
    }
    assert_eq!(count(&*store, &[member("b", 2)]).await, [2]);
    for _ in 0..3 {
        assert_full(&store.count(&[member("c", 2)]).await.unwrap(), 0, HOUR);
        assert_eq!(count(&*store, &[member("a", 2)]).await, [2], "who is known is let through");
    }
    assert_full(&store.count(&[member("a", 0), member("c", 0)]).await.unwrap(), 1, HOUR);
}

/// As often as it was counted: another request of the same member may still be under way.
pub async fn a_member_is_taken_back_as_often_as_it_came(harness: &impl Harness) {
    let store = harness.store();
    count(&*store, &[member("a", 1)]).await;
    count(&*store, &[member("a", 1)]).await;
    store.refund(&[member("b", 1)]).await.unwrap();
    store.refund(&[member("a", 1)]).await.unwrap();
    assert_full(&store.count(&[member("b", 1)]).await.unwrap(), 0, HOUR);
    store.refund(&[member("a", 1)]).await.unwrap();
    store.refund(&[member("a", 1)]).await.unwrap();
    assert_eq!(standing(&*store, &member("a", 1)).await, Usage { count: 0, expires_in: Duration::ZERO });
    harness.advance(40 * MINUTE);
    assert_eq!(count(&*store, &[member("b", 1)]).await, [1]);
    // Not even the window of the first one has begun.
    assert_full(&store.count(&[member("c", 1)]).await.unwrap(), 0, HOUR);
}

pub async fn a_window_of_members_begins_with_the_first(harness: &impl Harness) {
    let store = harness.store();
    count(&*store, &[member("a", 2)]).await;
    harness.advance(40 * MINUTE);
    count(&*store, &[member("b", 2)]).await;
    count(&*store, &[member("a", 2)]).await;
    assert_full(&store.count(&[member("c", 2)]).await.unwrap(), 0, 20 * MINUTE);
    harness.advance(20 * MINUTE);
    assert_eq!(count(&*store, &[member("c", 2)]).await, [1]);
    store.reset(&[member("c", 2)]).await.unwrap();
    assert_eq!(standing(&*store, &member("c", 2)).await.count, 0);
}

pub async fn members_at_once_never_pass_the_maximum(harness: &impl Harness) {
    let (store, wide) = (harness.store(), counter("sms-hour", "", 1_000));
    let answers = at_once(200, |n| {
        let (store, both) = (store.clone(), [wide.clone(), member(&format!("m{}", n % 50), 7)]);
        async move { store.count(&both).await.unwrap() }
    });
    let granted = answers.await.iter().filter(|&answer| matches!(answer, Admission::Allowed(_))).count();
    // Four requests of each of fifty members: those of seven are let through, all of them.
    assert_eq!(standing(&*store, &member("", 7)).await.count, 7);
    assert_eq!(standing(&*store, &wide).await.count as usize, granted);
    assert!((7..=28).contains(&granted), "{granted}");
}

pub async fn below_is_only_looked_at(harness: &impl Harness) {
    let (store, wide) = (harness.store(), counter("sends-ip", "192.0.2.1", 5));
    let both = [below("sms-block", 1), wide.clone()];
    assert_eq!(count(&*store, &both).await, [0, 1]);
    assert_eq!(count(&*store, &both).await, [0, 2]);
    store.set(&both[0], MINUTE).await.unwrap();
    assert_full(&store.count(&both).await.unwrap(), 0, MINUTE);
    store.refund(&both[..1]).await.unwrap();
    assert_full(&store.count(&both).await.unwrap(), 0, MINUTE);
    assert_eq!(standing(&*store, &wide).await.count, 2, "nothing is counted beside a full one");
    assert_eq!(count(&*store, &[below("sms-block", 2)]).await, [1]);
}

pub async fn what_is_raised_is_replaced_and_expires(harness: &impl Harness) {
    let (store, block) = (harness.store(), below("sms-block", 1));
    store.set(&block, HOUR).await.unwrap();
    store.set(&block, 2 * MINUTE).await.unwrap();
    let Usage { count: raised, expires_in } = standing(&*store, &block).await;
    assert_eq!(raised, 1);
    assert_left(expires_in, 2 * MINUTE);
    harness.advance(MINUTE);
    store.set(&block, HOUR).await.unwrap();
    assert_left(standing(&*store, &block).await.expires_in, HOUR);
    store.reset(std::slice::from_ref(&block)).await.unwrap();
    assert_eq!(count(&*store, std::slice::from_ref(&block)).await, [0]);
    store.set(&block, MINUTE).await.unwrap();
    harness.advance(MINUTE);
    assert_eq!(count(&*store, &[block]).await, [0]);
}

pub async fn looking_counts_nothing(harness: &impl Harness) {
    let store = harness.store();
    let all = [counter("sms-hour", "", 2), member("a", 2), below("sms-block", 1)];
    for _ in 0..5 {
        let nothing = Usage { count: 0, expires_in: Duration::ZERO };
        assert_eq!(store.usage(&all).await.unwrap(), [nothing; 3]);
    }
    count(&*store, &all[..2]).await;
    harness.advance(20 * MINUTE);
    for standing in &store.usage(&all).await.unwrap()[..2] {
        assert_eq!(standing.count, 1);
        assert_left(standing.expires_in, 40 * MINUTE);
    }
    assert!(store.usage(&[]).await.unwrap().is_empty());
}
