//! Counters that classes of numbers share: every class keeps its reserved calls.

use super::{HOUR, Harness, MINUTE, assert_limited, at_once, new_id, values};
use doorstep::domain::flow::BudgetClass::{self, ExistingAccounts, KnownDevices, NewNumbers};
use doorstep::domain::limits::{Counter, Limit, Quota, Rule};
use doorstep::ports::{Admission, Staging};
use std::slice;

const LIMIT: Limit = Limit::IpSends;

/// Ten calls, of which each class keeps two.
fn counter(class: BudgetClass) -> Counter {
    shared(class, None)
}

fn shared(class: BudgetClass, member: Option<String>) -> Counter {
    let rule = Rule::Shared { class, member, quota: Quota { max: 10, window: HOUR }, reserved: 2 };
    Counter { limit: LIMIT, key: "192.0.2.1".to_owned(), rule }
}

/// Counts until the class has no room, and returns how many calls it made.
async fn room(store: &dyn Staging, class: BudgetClass) -> u32 {
    let mut counted = 0;
    while let Admission::Allowed(_) = store.count(&[counter(class)]).await.unwrap() {
        counted += 1;
    }
    counted
}

pub async fn every_class_keeps_its_share(harness: &impl Harness) {
    let store = harness.store();
    for (first, others) in [
        (NewNumbers, [ExistingAccounts, KnownDevices]),
        (ExistingAccounts, [KnownDevices, NewNumbers]),
        (KnownDevices, [NewNumbers, ExistingAccounts]),
    ] {
        assert_eq!(room(&*store, first).await, 6);
        assert_limited(&store.count(&[counter(first)]).await.unwrap(), LIMIT, HOUR);
        harness.advance(20 * MINUTE);
        for other in others {
            assert_eq!(room(&*store, other).await, 2);
        }
        for class in BudgetClass::ALL {
            assert_limited(&store.count(&[counter(class)]).await.unwrap(), LIMIT, 40 * MINUTE);
        }
        let usage = store.usage(&[counter(first), counter(others[0])]).await.unwrap();
        assert_eq!((usage[0].count, usage[1].count), (6, 2), "the value is the count of the class");
        harness.advance(40 * MINUTE);
    }
    // The part that is not reserved is for all.
    for n in 1..=4 {
        assert_eq!(values(&*store, &[counter(NewNumbers)]).await, [n]);
        assert_eq!(values(&*store, &[counter(ExistingAccounts)]).await, [n]);
    }
    for (class, left) in [(NewNumbers, 0), (ExistingAccounts, 0), (KnownDevices, 2)] {
        assert_eq!(room(&*store, class).await, left);
    }
    store.reset(&[counter(NewNumbers)]).await.unwrap();
    assert_eq!(room(&*store, ExistingAccounts).await, 6, "a reset is for all classes");
}

pub async fn members_of_every_class_keep_their_share(harness: &impl Harness) {
    let store = harness.store();
    let member = |class, n: u32| [shared(class, Some(n.to_string()))];
    for n in 0..6 {
        assert_eq!(values(&*store, &member(NewNumbers, n)).await, [n + 1]);
        assert_eq!(values(&*store, &member(NewNumbers, n)).await, [n + 1]);
    }
    assert_limited(&store.count(&member(NewNumbers, 6)).await.unwrap(), LIMIT, HOUR);
    // The same member of another class is another member.
    for class in [ExistingAccounts, KnownDevices] {
        for n in 0..2 {
            assert_eq!(values(&*store, &member(class, n)).await, [n + 1]);
        }
        assert_limited(&store.count(&member(class, 2)).await.unwrap(), LIMIT, HOUR);
    }
    assert_eq!(values(&*store, &member(NewNumbers, 0)).await, [6], "a known member is allowed");
    store.refund(new_id(), &member(ExistingAccounts, 0)).await.unwrap();
    assert_limited(&store.count(&member(NewNumbers, 6)).await.unwrap(), LIMIT, HOUR);
    assert_eq!(values(&*store, &member(ExistingAccounts, 9)).await, [2]);
}

pub async fn a_refund_makes_room_for_its_class(harness: &impl Harness) {
    let store = harness.store();
    store.refund(new_id(), &[counter(NewNumbers)]).await.unwrap();
    let both = (room(&*store, NewNumbers).await, room(&*store, ExistingAccounts).await);
    assert_eq!((both, room(&*store, KnownDevices).await), ((6, 2), 2));
    store.refund(new_id(), &[counter(ExistingAccounts)]).await.unwrap();
    assert_eq!((room(&*store, NewNumbers).await, room(&*store, ExistingAccounts).await), (0, 1));
    store.refund(new_id(), &[counter(NewNumbers)]).await.unwrap();
    assert_eq!((room(&*store, ExistingAccounts).await, room(&*store, NewNumbers).await), (1, 0));
    for _ in 0..9 {
        store.refund(new_id(), &[counter(NewNumbers)]).await.unwrap();
    }
    assert_eq!(store.usage(&[counter(ExistingAccounts)]).await.unwrap()[0].count, 3);
    for _ in 0..9 {
        store.refund(new_id(), &[counter(ExistingAccounts)]).await.unwrap();
    }
    harness.advance(HOUR);
    assert_eq!(room(&*store, NewNumbers).await, 6);
}

pub async fn a_threshold_reads_the_calls_of_all_classes(harness: &impl Harness) {
    let store = harness.store();
    let threshold = [Counter { rule: Rule::Threshold(3), ..counter(NewNumbers) }];
    assert_eq!(values(&*store, &threshold).await, [0]);
    for class in [NewNumbers, ExistingAccounts] {
        values(&*store, &[counter(class)]).await;
    }
    assert_eq!(values(&*store, &threshold).await, [2]);
    harness.advance(20 * MINUTE);
    values(&*store, &[counter(NewNumbers)]).await;
    assert_limited(&store.count(&threshold).await.unwrap(), LIMIT, 40 * MINUTE);
}

pub async fn concurrent_calls_of_all_classes_never_exceed_the_maximum(harness: &impl Harness) {
    let store = harness.store();
    let admissions = at_once(200, |n| {
        let (store, class) = (store.clone(), BudgetClass::ALL[usize::from(n) % 3]);
        async move { (class, store.count(slice::from_ref(&counter(class))).await.unwrap()) }
    });
    let admissions = admissions.await;
    let allowed = |class| {
        let of_class = admissions.iter().filter(|(counted, _)| *counted == class);
        of_class.filter(|(_, admission)| matches!(admission, Admission::Allowed(_))).count()
    };
    let counts = BudgetClass::ALL.map(allowed);
    assert_eq!(counts.iter().sum::<usize>(), 10);
    assert!(counts.iter().all(|count| (2..=6).contains(count)), "{counts:?}");
}
