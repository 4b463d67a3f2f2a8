//! Requests that may come a second time: one of them is the first, and its answer is that of all.

use super::{DAY, Harness, MINUTE, at_once};
use doorstep::ports::{Begun, Staging};
use std::time::Duration;

async fn begin(store: &dyn Staging, name: &str, fingerprint: &str) -> Begun {
    store.begin(name, fingerprint, MINUTE).await.unwrap()
}

async fn keep(store: &dyn Staging, name: &str, fingerprint: &str, answer: &str) {
    store.complete(name, fingerprint, answer, DAY).await.unwrap();
}

fn answered(text: &str) -> Begun {
    Begun::Answered(text.to_owned())
}

pub async fn of_many_begins_one_is_the_first(harness: &impl Harness) {
    let store = harness.store();
    for name in ["a", "b", "c"] {
        let begun = at_once(100, |_| {
            let store = store.clone();
            async move { begin(&*store, name, "print").await }
        });
        let begun = begun.await;
        assert_eq!(begun.iter().filter(|begun| **begun == Begun::First).count(), 1);
        assert_eq!(begun.iter().filter(|begun| **begun == Begun::InProgress).count(), 99);
    }
}

pub async fn a_kept_answer_is_told_until_its_life_is_over(harness: &impl Harness) {
    let store = harness.store();
    assert_eq!(begin(&*store, "a", "print").await, Begun::First);
    keep(&*store, "a", "print", "{\"text\":\"小明\\n\"}").await;
    // Longer than the claim, and told as often as it is asked for.
    harness.advance(DAY - MINUTE);
    for _ in 0..2 {
        assert_eq!(begin(&*store, "a", "print").await, answered("{\"text\":\"小明\\n\"}"));
    }
    harness.advance(MINUTE);
    assert_eq!(begin(&*store, "a", "print").await, Begun::First);
}

pub async fn an_answer_may_live_for_less_than_its_claim(harness: &impl Harness) {
    let store = harness.store();
    begin(&*store, "a", "print").await;
    store.complete("a", "print", "short", MINUTE / 2).await.unwrap();
    assert_eq!(begin(&*store, "a", "print").await, answered("short"));
    harness.advance(MINUTE / 2);
    assert_eq!(begin(&*store, "a", "print").await, Begun::First);
}

pub async fn another_content_is_told_apart(harness: &impl Harness) {
    let store = harness.store();
    begin(&*store, "a", "print").await;
    assert_eq!(begin(&*store, "a", "other").await, Begun::Mismatch);
    assert_eq!(begin(&*store, "b", "other").await, Begun::First);
    keep(&*store, "a", "print", "answer").await;
    assert_eq!(begin(&*store, "a", "other").await, Begun::Mismatch);
    // Nor does asking with another content claim, prolong or spoil anything.
    assert_eq!(begin(&*store, "a", "print").await, answered("answer"));
}

pub async fn a_claim_that_is_given_back_is_free(harness: &impl Harness) {
    let store = harness.store();
    for fingerprint in ["print", "other"] {
        assert_eq!(begin(&*store, "a", fingerprint).await, Begun::First);
        store.release("a", "neither").await.unwrap();
        assert_eq!(begin(&*store, "a", fingerprint).await, Begun::InProgress);
        store.release("a", fingerprint).await.unwrap();
        store.release("a", fingerprint).await.unwrap();
    }
}

pub async fn an_answer_is_neither_dropped_nor_replaced(harness: &impl Harness) {
    let store = harness.store();
    begin(&*store, "a", "print").await;
    keep(&*store, "a", "print", "first").await;
    store.release("a", "print").await.unwrap();
    keep(&*store, "a", "print", "second").await;
    keep(&*store, "a", "other", "third").await;
    assert_eq!(begin(&*store, "a", "print").await, answered("first"));
}

/// Of somebody who died over it.
pub async fn a_claim_that_nobody_keeps_runs_out(harness: &impl Harness) {
    let store = harness.store();
    begin(&*store, "a", "print").await;
    harness.advance(MINUTE / 2);
    assert_eq!(begin(&*store, "a", "print").await, Begun::InProgress, "asking does not prolong it");
    harness.advance(MINUTE / 2);
    // Who comes too late keeps nothing.
    keep(&*store, "a", "print", "late").await;
    assert_eq!(begin(&*store, "a", "other").await, Begun::First);
    keep(&*store, "a", "print", "late").await;
    store.release("a", "print").await.unwrap();
    assert_eq!(begin(&*store, "a", "other").await, Begun::InProgress);
}

pub async fn extreme_lives_are_taken(harness: &impl Harness) {
    let store = harness.store();
    for (n, life) in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX].into_iter().enumerate() {
        let name = n.to_string();
        assert_eq!(store.begin(&name, "print", life).await.unwrap(), Begun::First);
        store.begin(&name, "print", MINUTE).await.unwrap();
        store.complete(&name, "print", "answer", life).await.unwrap();
    }
}
