//! Counters that deny, of addresses and of the whole service.

use super::{HOUR, Harness, MINUTE, assert_left, at_once};
use doorstep::domain::policy::Quota;
use doorstep::ports::{Counted, Counter, Staging};
use std::time::Duration;

fn counter(scope: &'static str, subject: &str, max: u32) -> Counter {
    Counter::calls(scope, subject, Quota { max, window: HOUR })
}

/// How many more fit.
async fn room(store: &dyn Staging, counter: &Counter) -> u32 {
    let mut counted = 0;
    while let Counted::Yes(_) = store.count(std::slice::from_ref(counter)).await.unwrap() {
        counted += 1;
    }
    counted
}

#[track_caller]
fn assert_full(counted: &Counted, at: usize, left: Duration) {
    let Counted::Full { index, retry_after } = *counted else { panic!("there was room") };
    assert_eq!(index, at);
    assert_left(retry_after, left);
}

pub async fn all_or_none_are_counted(harness: &impl Harness) {
    let (store, wide, narrow) = (harness.store(), counter("sends-ip", "192.0.2.1", 5), counter("sms-hour", "", 1));
    let both = [wide.clone(), narrow];
    assert!(matches!(store.count(&both).await.unwrap(), Counted::Yes(_)));
    for _ in 0..10 {
        assert_full(&store.count(&both).await.unwrap(), 1, HOUR);
    }
    assert_eq!(room(&*store, &wide).await, 4);
    assert_full(&store.count(&both).await.unwrap(), 0, HOUR);
    assert!(matches!(store.count(&[]).await.unwrap(), Counted::Yes(_)));
}

pub async fn races_never_pass_the_maximum(harness: &impl Harness) {
    let (store, wide, narrow) = (harness.store(), counter("sends-ip", "192.0.2.1", 50), counter("sms-hour", "", 7));
    let both = [wide.clone(), narrow.clone()];
    let answers = at_once(200, |_| {
        let (store, both) = (store.clone(), both.clone());
        async move { store.count(&both).await.unwrap() }
    });
    let granted = answers.await.iter().filter(|&answer| matches!(answer, Counted::Yes(_))).count();
    assert_eq!((granted, room(&*store, &wide).await), (7, 43));

    // However counting and taking back meet, no place is made out of nothing.
    let answers = at_once(200, |n| {
        let (store, narrow) = (store.clone(), [narrow.clone()]);
        async move {
            match n % 2 {
                0 => store.uncount(&narrow).await.unwrap(),
                _ => drop(store.count(&narrow).await.unwrap()),
            }
        }
    });
    answers.await;
    assert!(room(&*store, &narrow).await <= 7);
}

pub async fn a_window_begins_with_the_first_one(harness: &impl Harness) {
    let (store, counters) = (harness.store(), [counter("captchas-ip", "192.0.2.1", 2)]);
    assert!(matches!(store.count(&counters).await.unwrap(), Counted::Yes(_)));
    harness.advance(40 * MINUTE);
    assert!(matches!(store.count(&counters).await.unwrap(), Counted::Yes(_)));
    assert_full(&store.count(&counters).await.unwrap(), 0, 20 * MINUTE);
    harness.advance(20 * MINUTE);
    assert_eq!(room(&*store, &counters[0]).await, 2);
    assert_full(&store.count(&counters).await.unwrap(), 0, HOUR);
}

pub async fn taking_back_frees_a_place(harness: &impl Harness) {
    let (store, counters) = (harness.store(), [counter("sms-hour", "", 2), counter("sms-day", "", 9)]);
    assert!(matches!(store.count(&counters).await.unwrap(), Counted::Yes(_)));
    assert!(matches!(store.count(&counters).await.unwrap(), Counted::Yes(_)));
    store.uncount(&counters).await.unwrap();
    assert_eq!(room(&*store, &counters[0]).await, 1);
    assert_eq!(room(&*store, &counters[1]).await, 8);
    harness.advance(HOUR);
    assert_eq!(room(&*store, &counters[0]).await, 2);
}

pub async fn taking_back_stops_at_zero(harness: &impl Harness) {
    let (store, counters) = (harness.store(), [counter("sms-hour", "", 2)]);
    for _ in 0..3 {
        store.uncount(&counters).await.unwrap();
    }
    assert!(matches!(store.count(&counters).await.unwrap(), Counted::Yes(_)));
    harness.advance(HOUR);
    store.uncount(&counters).await.unwrap();
    assert_eq!(room(&*store, &counters[0]).await, 2);
}

pub async fn forgetting_empties_these_and_no_others(harness: &impl Harness) {
    let (store, other) = (harness.store(), counter("wrong-ip", "192.0.2.2", 5));
    let forgotten = [counter("wrong-phone", "a", 3), counter("wrong-ip", "192.0.2.1", 5)];
    let all = [forgotten.as_slice(), std::slice::from_ref(&other)].concat();
    for _ in 0..3 {
        assert!(matches!(store.count(&all).await.unwrap(), Counted::Yes(_)));
    }
    harness.advance(40 * MINUTE);
    for _ in 0..2 {
        store.forget(&forgotten).await.unwrap();
    }
    store.forget(&[]).await.unwrap();
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
