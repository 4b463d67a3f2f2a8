//! Sliding windows: the maximum holds in every window of this length, wherever it begins.

use super::{DAY, HOUR, Harness, MINUTE, assert_left, assert_limited, at_once, new_id, values};
use doorstep::domain::limits::{Counter, Limit, Quota, Rule};
use doorstep::ports::{Admission, Staging, Usage};
use std::slice;
use std::time::Duration;

const LIMIT: Limit = Limit::WrongPasswords;

fn counter(max: u32) -> Counter {
    Counter { limit: LIMIT, key: "a".to_owned(), rule: Rule::Sliding(Quota { max, window: HOUR }) }
}

fn threshold(max: u32) -> Counter {
    Counter { rule: Rule::Threshold(max), ..counter(max) }
}

/// Counts until the counter is reached, and returns how many calls it allowed.
async fn room(store: &dyn Staging, counter: &Counter) -> u32 {
    let mut counted = 0;
    while let Admission::Allowed(_) = store.count(slice::from_ref(counter)).await.unwrap() {
        counted += 1;
    }
    counted
}

async fn assert_wait(store: &dyn Staging, counter: Counter, wait: Duration) {
    assert_limited(&store.count(&[counter]).await.unwrap(), LIMIT, wait);
}

async fn usage(store: &dyn Staging, counter: Counter) -> Usage {
    store.usage(&[counter]).await.unwrap()[0]
}

/// A fixed window would allow 29 calls at its end, and 30 more a minute later.
pub async fn no_window_has_more_than_the_maximum(harness: &impl Harness) {
    let (store, counter) = (harness.store(), counter(30));
    assert_eq!(values(&*store, slice::from_ref(&counter)).await, [1]);
    harness.advance(59 * MINUTE);
    assert_eq!(room(&*store, &counter).await, 29);
    assert_wait(&*store, counter.clone(), MINUTE).await;
    harness.advance(MINUTE);
    assert_eq!(room(&*store, &counter).await, 1, "the first call has left the window");
    assert_wait(&*store, counter.clone(), 59 * MINUTE).await;
    harness.advance(59 * MINUTE);
    assert_eq!(room(&*store, &counter).await, 29);
    assert_wait(&*store, counter.clone(), MINUTE).await;
    harness.advance(MINUTE);
    assert_eq!(room(&*store, &counter).await, 1);
}

/// A client that calls as often as it may has exactly the maximum in each hour.
pub async fn a_steady_caller_gets_the_maximum_in_each_window(harness: &impl Harness) {
    let (store, counter) = (harness.store(), counter(3));
    let mut allowed_at = Vec::new();
    for minute in (0..600).step_by(7) {
        if let Admission::Allowed(_) = store.count(slice::from_ref(&counter)).await.unwrap() {
            allowed_at.push(minute);
        }
        harness.advance(7 * MINUTE);
    }
    assert!(allowed_at.windows(4).all(|calls| calls[3] - calls[0] >= 60), "{allowed_at:?}");
    assert_eq!(allowed_at.len(), 30, "{allowed_at:?}");
}

pub async fn each_call_leaves_the_window_by_itself(harness: &impl Harness) {
    let store = harness.store();
    for n in 1..=4 {
        assert_eq!(values(&*store, &[counter(4)]).await, [n]);
        harness.advance(10 * MINUTE);
    }
    assert_wait(&*store, counter(4), 20 * MINUTE).await;
    // A lower maximum waits for as many calls as are too many.
    assert_wait(&*store, counter(3), 30 * MINUTE).await;
    assert_wait(&*store, counter(1), 50 * MINUTE).await;
    for left in [3, 2, 1] {
        harness.advance(10 * MINUTE);
        if left < 3 {
            assert_eq!(usage(&*store, counter(4)).await.count, left + 1);
        }
    }
    harness.advance(20 * MINUTE);
    assert_eq!(usage(&*store, counter(4)).await, Usage { count: 0, expires_in: Duration::ZERO });
}

pub async fn a_refund_removes_the_newest_call(harness: &impl Harness) {
    let store = harness.store();
    let refund = async || store.refund(new_id(), &[counter(2)]).await.unwrap();
    refund().await;
    values(&*store, &[counter(2)]).await;
    harness.advance(20 * MINUTE);
    values(&*store, &[counter(2)]).await;
    refund().await;
    let Usage { count, expires_in } = usage(&*store, counter(2)).await;
    assert_eq!(count, 1);
    assert_left(expires_in, 40 * MINUTE);
    harness.advance(10 * MINUTE);
    assert_eq!(room(&*store, &counter(2)).await, 1);
    assert_wait(&*store, counter(2), 30 * MINUTE).await;
    harness.advance(30 * MINUTE);
    // The newest is in the window, the first is not.
    refund().await;
    assert_eq!(usage(&*store, counter(2)).await, Usage { count: 0, expires_in: Duration::ZERO });
    for _ in 0..3 {
        refund().await;
    }
    assert_eq!(room(&*store, &counter(2)).await, 2);
    harness.advance(DAY);
    refund().await;
    assert_eq!(room(&*store, &counter(2)).await, 2);
}

pub async fn a_reset_forgets_every_call(harness: &impl Harness) {
    let store = harness.store();
    assert_eq!(room(&*store, &counter(3)).await, 3);
    store.reset(&[counter(3)]).await.unwrap();
    assert_eq!(usage(&*store, counter(3)).await.count, 0);
    assert_eq!(room(&*store, &counter(3)).await, 3);
}

pub async fn a_threshold_reads_a_sliding_window(harness: &impl Harness) {
    let store = harness.store();
    assert_eq!(values(&*store, &[threshold(2)]).await, [0]);
    values(&*store, &[counter(2)]).await;
    harness.advance(20 * MINUTE);
    assert_eq!(values(&*store, &[threshold(2)]).await, [1]);
    values(&*store, &[counter(2)]).await;
    assert_wait(&*store, threshold(2), 40 * MINUTE).await;
    store.refund(new_id(), &[threshold(2)]).await.unwrap();
    assert_eq!(usage(&*store, threshold(2)).await.count, 2);
    harness.advance(40 * MINUTE);
    assert_eq!(values(&*store, &[threshold(2)]).await, [1]);
}

pub async fn a_sliding_quota_of_zero_denies_every_call(harness: &impl Harness) {
    let store = harness.store();
    assert_wait(&*store, counter(0), HOUR).await;
}

pub async fn concurrent_calls_never_exceed_the_maximum_of_a_sliding_window(harness: &impl Harness) {
    let store = harness.store();
    let wide =
        Counter { limit: Limit::IpWrongPasswords, rule: Rule::Count(Quota { max: 50, window: HOUR }), ..counter(0) };
    let both = [counter(7), wide.clone()];
    let admissions = at_once(200, |_| {
        let (store, both) = (store.clone(), both.clone());
        async move { store.count(&both).await.unwrap() }
    });
    let allowed = admissions.await.iter().filter(|&admission| matches!(admission, Admission::Allowed(_))).count();
    assert_eq!((allowed, room(&*store, &wide).await), (7, 43));
    // A denied call is on no counter.
    assert_eq!(usage(&*store, counter(7)).await.count, 7);

    // Concurrent calls and refunds never make more room than the maximum.
    let calls = at_once(200, |n| {
        let store = store.clone();
        async move {
            match n % 2 {
                0 => store.refund(new_id(), &[counter(7)]).await.unwrap(),
                _ => drop(store.count(&[counter(7)]).await.unwrap()),
            }
        }
    });
    calls.await;
    assert!(room(&*store, &counter(7)).await <= 7);
    assert_eq!(usage(&*store, counter(7)).await.count, 7);
}
