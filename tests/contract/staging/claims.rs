//! Right code of a flow without further steps: one caller at a time redeems it, and it is not lost if the caller fails.

use super::{
    Harness, MINUTE, OWNER, PURPOSE, at_once, claim, key, new_flow, new_id, open, policy, resend, right, unlimited,
    verify,
};
use doorstep::domain::flow::{State, Step};
use doorstep::ports::{CodeCheck, NewFlow, Resend};
use std::time::Duration;

pub async fn one_of_many_concurrent_right_codes_is_claimed(harness: &impl Harness) {
    let (store, key) = (harness.store(), key(1, 1));
    open(&*store, &key, 1, &unlimited()).await;
    let checks = at_once(50, |_| {
        let store = store.clone();
        async move { claim(&*store, &key, true, &unlimited()).await }
    });
    let checks = checks.await;
    assert_eq!(checks.iter().filter(|check| **check == right(1)).count(), 1);
    let within = |wait: &Duration| !wait.is_zero() && *wait <= policy().claim_ttl;
    let busy = |check: &&CodeCheck| matches!(check, CodeCheck::Busy { retry_after } if within(retry_after));
    assert_eq!(checks.iter().filter(busy).count(), 49);
    // The flow stays at its step, with all attempts.
    let flow = store.read_flow(&key, PURPOSE).await.unwrap().unwrap();
    assert!(matches!(flow.state, State::CodeSent { attempts_left: 5, .. }), "{flow:?}");
}

pub async fn a_released_code_can_be_claimed_again(harness: &impl Harness) {
    let (store, key, limits) = (harness.store(), key(1, 1), unlimited());
    open(&*store, &key, 1, &limits).await;
    assert_eq!(claim(&*store, &key, false, &limits).await, CodeCheck::Wrong { attempts_left: 4 });
    for _ in 0..3 {
        assert_eq!(claim(&*store, &key, true, &limits).await, right(1));
        assert!(matches!(claim(&*store, &key, true, &limits).await, CodeCheck::Busy { .. }));
        store.release_code(&key, OWNER).await.unwrap();
        store.release_code(&key, OWNER).await.unwrap();
    }
    // The used attempts and sends stay counted. A wrong code counts also while the code is claimed.
    let Resend::Reserved(resent) = resend(&*store, &key, &limits).await else { panic!("no resend reserved") };
    assert_eq!((resent.send, resent.attempts_left), (2, 4));
    assert_eq!(claim(&*store, &key, true, &limits).await, right(1));
    assert_eq!(claim(&*store, &key, false, &limits).await, CodeCheck::Wrong { attempts_left: 3 });
}

pub async fn a_claim_that_is_not_released_expires(harness: &impl Harness) {
    let (store, key, limits) = (harness.store(), key(1, 1), unlimited());
    open(&*store, &key, 1, &limits).await;
    assert_eq!(claim(&*store, &key, true, &limits).await, right(1));
    harness.advance(policy().claim_ttl);
    assert_eq!(claim(&*store, &key, true, &limits).await, right(1));
    // A claim does not extend the lifetime of the code.
    harness.advance(5 * MINUTE - policy().claim_ttl);
    assert_eq!(claim(&*store, &key, true, &limits).await, CodeCheck::Gone);
}

pub async fn only_the_owner_renews_and_releases_a_claim(harness: &impl Harness) {
    let (store, key, limits, ttl) = (harness.store(), key(1, 1), unlimited(), policy().claim_ttl);
    open(&*store, &key, 1, &limits).await;
    assert!(!store.renew_code(&key, OWNER, ttl).await.unwrap(), "nobody has claimed it");
    assert_eq!(claim(&*store, &key, true, &limits).await, right(1));
    let other = new_id();
    store.release_code(&key, other).await.unwrap();
    assert!(!store.renew_code(&key, other, ttl).await.unwrap());
    for _ in 0..3 {
        harness.advance(ttl / 2);
        assert!(store.renew_code(&key, OWNER, ttl).await.unwrap());
        let busy = claim(&*store, &key, true, &limits).await;
        assert!(matches!(busy, CodeCheck::Busy { retry_after } if retry_after > ttl / 2), "{busy:?}");
    }
    harness.advance(ttl);
    assert!(!store.renew_code(&key, OWNER, ttl).await.unwrap(), "it has expired");
    assert_eq!(claim(&*store, &key, true, &limits).await, right(1));
}

pub async fn a_claimed_flow_is_gone_after_its_deletion(harness: &impl Harness) {
    let (store, key, limits) = (harness.store(), key(1, 1), unlimited());
    open(&*store, &key, 1, &limits).await;
    assert_eq!(claim(&*store, &key, true, &limits).await, right(1));
    store.delete_flow(&key).await.unwrap();
    assert_eq!(claim(&*store, &key, true, &limits).await, CodeCheck::Gone);
}

pub async fn wrong_codes_of_a_claim_cost_attempts_until_the_flow_is_deleted(harness: &impl Harness) {
    let (store, limits) = (harness.store(), unlimited());
    let (real, decoy) = (key(1, 1), key(2, 1));
    open(&*store, &real, 1, &limits).await;
    let flow = NewFlow { decoy: true, ..new_flow(2) };
    store.open_flow(&decoy, &flow, &limits.phone(decoy.phone_hash)).await.unwrap();
    for (key, code_is_right) in [(real, false), (decoy, true)] {
        for attempts_left in (1..5).rev() {
            assert_eq!(claim(&*store, &key, code_is_right, &limits).await, CodeCheck::Wrong { attempts_left });
        }
        assert_eq!(claim(&*store, &key, code_is_right, &limits).await, CodeCheck::Exhausted);
        assert_eq!(claim(&*store, &key, true, &limits).await, CodeCheck::Gone);
    }
}

pub async fn a_verified_flow_cannot_be_claimed(harness: &impl Harness) {
    let (store, key, limits) = (harness.store(), key(1, 1), unlimited());
    open(&*store, &key, 1, &limits).await;
    verify(&*store, &key, true, &limits).await;
    assert_eq!(claim(&*store, &key, true, &limits).await, CodeCheck::WrongStep(Step::PhoneVerified));
}
