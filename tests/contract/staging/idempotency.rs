//! Idempotency: one of several equal requests is the first, and its response is the response to all of them.

use super::{DAY, Harness, MINUTE, OWNER, at_once, new_id};
use doorstep::ports::{Begun, RequestClaim, Staging};
use std::time::Duration;

const fn request<'a>(name: &'a str, fingerprint: &'a str) -> RequestClaim<'a> {
    RequestClaim { name, fingerprint, owner: OWNER }
}

async fn begin(store: &dyn Staging, name: &str, fingerprint: &str) -> Begun {
    store.begin(request(name, fingerprint), MINUTE).await.unwrap()
}

async fn complete(store: &dyn Staging, name: &str, fingerprint: &str, response: &str) {
    store.complete(request(name, fingerprint), response, DAY).await.unwrap();
}

fn completed(response: &str) -> Begun {
    Begun::Completed(response.to_owned())
}

pub async fn one_of_many_concurrent_requests_is_the_first(harness: &impl Harness) {
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

pub async fn a_stored_response_is_returned_until_it_expires(harness: &impl Harness) {
    let store = harness.store();
    assert_eq!(begin(&*store, "a", "print").await, Begun::First);
    complete(&*store, "a", "print", "{\"text\":\"小明\\n\"}").await;
    // The response outlives the claim, and any number of retries gets it.
    harness.advance(DAY - MINUTE);
    for _ in 0..2 {
        assert_eq!(begin(&*store, "a", "print").await, completed("{\"text\":\"小明\\n\"}"));
    }
    harness.advance(MINUTE);
    assert_eq!(begin(&*store, "a", "print").await, Begun::First);
}

pub async fn a_response_can_expire_earlier_than_its_claim(harness: &impl Harness) {
    let store = harness.store();
    begin(&*store, "a", "print").await;
    store.complete(request("a", "print"), "short", MINUTE / 2).await.unwrap();
    assert_eq!(begin(&*store, "a", "print").await, completed("short"));
    harness.advance(MINUTE / 2);
    assert_eq!(begin(&*store, "a", "print").await, Begun::First);
}

pub async fn a_request_with_another_fingerprint_is_a_mismatch(harness: &impl Harness) {
    let store = harness.store();
    begin(&*store, "a", "print").await;
    assert_eq!(begin(&*store, "a", "other").await, Begun::Mismatch);
    assert_eq!(begin(&*store, "b", "other").await, Begun::First);
    complete(&*store, "a", "print", "response").await;
    assert_eq!(begin(&*store, "a", "other").await, Begun::Mismatch);
    // A mismatch changes no claim and no response.
    assert_eq!(begin(&*store, "a", "print").await, completed("response"));
}

pub async fn a_released_request_can_begin_again(harness: &impl Harness) {
    let store = harness.store();
    for fingerprint in ["print", "other"] {
        assert_eq!(begin(&*store, "a", fingerprint).await, Begun::First);
        store.release(request("a", fingerprint)).await.unwrap();
        store.release(request("a", fingerprint)).await.unwrap();
    }
}

pub async fn a_stored_response_is_neither_released_nor_replaced(harness: &impl Harness) {
    let store = harness.store();
    begin(&*store, "a", "print").await;
    complete(&*store, "a", "print", "first").await;
    store.release(request("a", "print")).await.unwrap();
    complete(&*store, "a", "print", "second").await;
    complete(&*store, "a", "other", "third").await;
    assert_eq!(begin(&*store, "a", "print").await, completed("first"));
}

/// The process that handled the request has died.
pub async fn a_request_without_a_response_expires(harness: &impl Harness) {
    let store = harness.store();
    begin(&*store, "a", "print").await;
    harness.advance(MINUTE / 2);
    assert_eq!(begin(&*store, "a", "print").await, Begun::InProgress, "a retry does not extend the claim");
    harness.advance(MINUTE / 2);
    assert_eq!(begin(&*store, "a", "print").await, Begun::First);
}

pub async fn a_claim_that_is_renewed_lasts(harness: &impl Harness) {
    let store = harness.store();
    begin(&*store, "a", "print").await;
    for _ in 0..3 {
        harness.advance(MINUTE / 2);
        assert!(store.renew(request("a", "print"), MINUTE).await.unwrap());
    }
    harness.advance(MINUTE / 2);
    assert_eq!(begin(&*store, "a", "print").await, Begun::InProgress);
    complete(&*store, "a", "print", "response").await;
    assert!(!store.renew(request("a", "print"), MINUTE).await.unwrap(), "a response has its own lifetime");
    harness.advance(MINUTE);
    assert_eq!(begin(&*store, "a", "print").await, completed("response"));
}

/// A request whose claim was lost must not release the claim of its retry.
pub async fn only_the_owner_renews_and_releases_its_request(harness: &impl Harness) {
    let store = harness.store();
    let other = RequestClaim { owner: new_id(), ..request("a", "print") };
    assert!(!store.renew(other, MINUTE).await.unwrap(), "nobody has claimed it");
    begin(&*store, "a", "print").await;
    assert_eq!(store.begin(other, MINUTE).await.unwrap(), Begun::InProgress);
    assert!(!store.renew(other, DAY).await.unwrap());
    store.release(other).await.unwrap();
    assert_eq!(begin(&*store, "a", "print").await, Begun::InProgress);
    store.complete(other, "of the other", DAY).await.unwrap();
    assert_eq!(begin(&*store, "a", "print").await, Begun::InProgress);
    harness.advance(MINUTE);
    assert_eq!(store.begin(other, MINUTE).await.unwrap(), Begun::First);
    assert!(!store.renew(request("a", "print"), MINUTE).await.unwrap());
    store.release(request("a", "print")).await.unwrap();
    complete(&*store, "a", "print", "late").await;
    assert_eq!(begin(&*store, "a", "print").await, Begun::InProgress);
}

/// The store stood still, and the claim expired before the request was completed.
pub async fn a_response_without_a_claim_is_stored_unless_the_name_is_taken(harness: &impl Harness) {
    let store = harness.store();
    for (name, retried_as) in [("a", None), ("b", Some("print")), ("c", Some("other"))] {
        begin(&*store, name, "print").await;
        harness.advance(MINUTE);
        if let Some(fingerprint) = retried_as {
            let retry = RequestClaim { owner: new_id(), ..request(name, fingerprint) };
            assert_eq!(store.begin(retry, MINUTE).await.unwrap(), Begun::First);
        }
        complete(&*store, name, "print", "late").await;
        let expected = match retried_as {
            None => completed("late"),
            Some("print") => Begun::InProgress,
            Some(_) => Begun::Mismatch,
        };
        assert_eq!(begin(&*store, name, "print").await, expected, "{name}");
    }
}

pub async fn extreme_ttls_are_accepted(harness: &impl Harness) {
    let store = harness.store();
    for (n, ttl) in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX].into_iter().enumerate() {
        let name = n.to_string();
        assert_eq!(store.begin(request(&name, "print"), ttl).await.unwrap(), Begun::First);
        store.begin(request(&name, "print"), MINUTE).await.unwrap();
        store.complete(request(&name, "print"), "response", ttl).await.unwrap();
    }
}
