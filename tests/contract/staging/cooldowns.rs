//! Cooldown rule as a plain counter: the wait that a call starts grows with another counter of the same call.

use super::{HOUR, Harness, MINUTE, allowed, assert_left, assert_limited, at_once, key, new_id, values};
use doorstep::domain::limits::Cooldowns;
use doorstep::domain::limits::{Counter, Limit, Quota, Rule};
use doorstep::ports::{Admission, Staging};
use std::slice;
use std::time::Duration;

fn counter(limit: Limit, rule: Rule) -> Counter {
    Counter { limit, key: key(1, 1).phone_hash.encoded(), rule }
}

fn count_rule(max: u32) -> Rule {
    Rule::Count(Quota { max, window: HOUR })
}

/// Cooldown with these waits, and the counter that it grows with.
fn counters(waits: &[Duration]) -> [Counter; 2] {
    let rule = Rule::Cooldown { waits: Cooldowns(waits.to_vec()), grows_with: Limit::PhoneHour };
    [counter(Limit::PhoneCooldown, rule), counter(Limit::PhoneHour, count_rule(9))]
}

fn one_two_five() -> [Counter; 2] {
    counters(&[MINUTE, 2 * MINUTE, 5 * MINUTE])
}

/// Asserts that the wait is over.
async fn assert_over(store: &dyn Staging, cooldown: &Counter) {
    let usage = store.usage(slice::from_ref(cooldown)).await.unwrap();
    assert_eq!((usage[0].count, usage[0].expires_in), (0, Duration::ZERO));
}

pub async fn a_cooldown_grows_with_the_counter_that_it_names(harness: &impl Harness) {
    let (store, mut counters) = (harness.store(), one_two_five());
    for (sends, minutes) in [(1, 1), (2, 2), (3, 5), (4, 5)] {
        assert_eq!(values(&*store, &counters).await, [sends, sends], "send {sends}");
        let usage = store.usage(&counters).await.unwrap();
        let cooldown = usize::from(counters[1].limit == Limit::PhoneCooldown);
        assert_eq!((usage[cooldown].count, usage[1 - cooldown].count), (1, sends));
        assert_left(usage[cooldown].expires_in, minutes * MINUTE);

        assert_limited(&store.count(&counters).await.unwrap(), Limit::PhoneCooldown, minutes * MINUTE);
        harness.advance(minutes * MINUTE - MINUTE / 2);
        assert_limited(&store.count(&counters).await.unwrap(), Limit::PhoneCooldown, MINUTE / 2);
        harness.advance(MINUTE / 2);
        // The order of the counters does not matter.
        counters.reverse();
    }
    harness.advance(HOUR);
    assert_eq!(values(&*store, &counters).await, [1, 1], "the window of the hour is over");
    assert_limited(&store.count(&counters).await.unwrap(), Limit::PhoneCooldown, MINUTE);
}

pub async fn a_denied_call_starts_no_cooldown(harness: &impl Harness) {
    let (store, [cooldown, hour]) = (harness.store(), one_two_five());
    let all = |max| [cooldown.clone(), hour.clone(), counter(Limit::PhoneDay, count_rule(max))];
    assert_limited(&store.count(&all(0)).await.unwrap(), Limit::PhoneDay, HOUR);
    assert_over(&*store, &cooldown).await;
    assert_eq!(values(&*store, &all(9)).await, [1, 1, 1]);

    // Nor does it start a running cooldown again.
    harness.advance(MINUTE / 2);
    assert_limited(&store.count(&all(9)).await.unwrap(), Limit::PhoneCooldown, MINUTE / 2);
    harness.advance(MINUTE / 2);
    assert_over(&*store, &cooldown).await;
}

pub async fn a_refunded_or_reset_cooldown_is_over(harness: &impl Harness) {
    let (store, both) = (harness.store(), one_two_five());
    let [cooldown, hour] = &both;
    assert_eq!(values(&*store, &both).await, [1, 1]);
    for _ in 0..3 {
        store.refund(new_id(), slice::from_ref(cooldown)).await.unwrap();
        assert_over(&*store, cooldown).await;
    }
    assert_eq!(values(&*store, &both).await, [2, 2], "the hour was not refunded");
    store.refund(new_id(), &both).await.unwrap();
    assert_over(&*store, cooldown).await;
    assert_eq!(values(&*store, &both).await, [2, 2], "the hour was refunded");
    store.reset(slice::from_ref(cooldown)).await.unwrap();
    assert_over(&*store, cooldown).await;
    assert_eq!(store.usage(slice::from_ref(hour)).await.unwrap()[0].count, 2);
    assert_eq!(values(&*store, &both).await, [3, 3]);
}

pub async fn one_of_many_concurrent_calls_passes_a_cooldown(harness: &impl Harness) {
    let (store, counters) = (harness.store(), one_two_five());
    for sends in [1, 2] {
        let admissions = at_once(200, |_| {
            let (store, counters) = (store.clone(), counters.clone());
            async move { store.count(&counters).await.unwrap() }
        });
        let admissions = admissions.await;
        let (passed, denied): (Vec<_>, Vec<_>) =
            admissions.into_iter().partition(|admission| matches!(admission, Admission::Allowed(_)));
        assert_eq!((passed.len(), denied.len()), (1, 199));
        denied.iter().for_each(|denied| assert_limited(denied, Limit::PhoneCooldown, sends * MINUTE));
        assert_eq!(store.usage(&counters[1..]).await.unwrap()[0].count, sends);
        harness.advance(sends * MINUTE);
    }
}

pub async fn a_cooldown_without_waits_never_denies(harness: &impl Harness) {
    let store = harness.store();
    for waits in [&[][..], &[Duration::ZERO]] {
        let counters = counters(waits);
        for sends in 1..=5 {
            let counts = allowed(store.count(&counters).await.unwrap());
            assert_eq!((counts.get(Limit::PhoneCooldown), counts.get(Limit::PhoneHour)), (sends, sends));
            assert_eq!(counts.get(Limit::PhoneDay), 0, "the call did not name it");
        }
        assert_over(&*store, &counters[0]).await;
        store.reset(&counters).await.unwrap();
    }
}
