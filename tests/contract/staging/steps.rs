//! Steps of a flow: each step requires the one before.

use super::{
    Harness, MINUTE, NEW_ACCOUNT, PURPOSE, allowed, assert_left, key, limits, new_flow, open, phone, proven, resend,
    right, set_password, spend_password, unlimited, verify,
};
use chrono::{DateTime, Utc};
use doorstep::domain::consent::{Consent, LegalDocument};
use doorstep::domain::flow::{State, Step};
use doorstep::domain::ticket::FlowKey;
use doorstep::ports::{Advance, CodeCheck, NewFlow, Resend, Staging};
use std::time::Duration;

/// Asserts that no action is possible, and that none creates a flow.
async fn assert_gone(store: &dyn Staging, key: &FlowKey) {
    assert!(store.read_flow(key, PURPOSE).await.unwrap().is_none());
    assert!(matches!(resend(store, key, &limits()).await, Resend::Gone));
    for right in [true, false] {
        assert_eq!(verify(store, key, right, &limits()).await, CodeCheck::Gone);
    }
    assert_eq!(set_password(store, key, PURPOSE, "hash").await, Advance::Gone);
    assert_eq!(spend_password(store, key, PURPOSE).await, Advance::Gone);
    assert!(store.read_flow(key, PURPOSE).await.unwrap().is_none(), "a refused action created a flow");
}

/// Remaining lifetime after a transition that must succeed, and prove the phone and the account of phone 1.
#[track_caller]
fn done(advance: Advance) -> Duration {
    match advance {
        Advance::Done { proven: facts, expires_in, .. } => {
            assert_eq!(facts, proven(1));
            expires_in
        }
        other => panic!("{other:?}"),
    }
}

pub async fn an_unknown_flow_is_gone(harness: &impl Harness) {
    let store = harness.store();
    open(&*store, &key(1, 1), 1, &limits()).await;
    assert_gone(&*store, &key(1, 2)).await;
    assert_gone(&*store, &key(2, 1)).await;
    store.delete_flow(&key(2, 1)).await.unwrap();
}

pub async fn an_expired_flow_is_gone(harness: &impl Harness) {
    let (store, key) = (harness.store(), key(1, 1));
    open(&*store, &key, 1, &limits()).await;
    harness.advance(5 * MINUTE);
    assert_gone(&*store, &key).await;

    open(&*store, &key, 1, &unlimited()).await;
    verify(&*store, &key, true, &unlimited()).await;
    harness.advance(14 * MINUTE);
    done(set_password(&*store, &key, PURPOSE, "hash").await);
    harness.advance(15 * MINUTE);
    assert_gone(&*store, &key).await;
}

pub async fn a_deleted_flow_is_gone(harness: &impl Harness) {
    let (store, key) = (harness.store(), key(1, 1));
    open(&*store, &key, 1, &limits()).await;
    verify(&*store, &key, true, &limits()).await;
    set_password(&*store, &key, PURPOSE, "hash").await;
    for _ in 0..2 {
        store.delete_flow(&key).await.unwrap();
        assert_gone(&*store, &key).await;
    }
}

pub async fn an_action_at_the_wrong_step_names_the_step(harness: &impl Harness) {
    let (store, key) = (harness.store(), key(1, 1));
    open(&*store, &key, 1, &unlimited()).await;
    assert_eq!(set_password(&*store, &key, PURPOSE, "hash").await, Advance::WrongStep(Step::CodeSent));
    assert_eq!(verify(&*store, &key, true, &unlimited()).await, right(1));
    for step in [Step::PhoneVerified, Step::PasswordSet] {
        for right in [true, false] {
            assert_eq!(verify(&*store, &key, right, &unlimited()).await, CodeCheck::WrongStep(step));
        }
        assert!(matches!(resend(&*store, &key, &unlimited()).await, Resend::WrongStep(at) if at == step));
        done(set_password(&*store, &key, PURPOSE, "hash").await);
    }
}

pub async fn a_flow_is_read_with_the_data_of_its_step(harness: &impl Harness) {
    let (store, key) = (harness.store(), key(1, 1));
    let read = async || store.read_flow(&key, PURPOSE).await.unwrap().unwrap();
    open(&*store, &key, 1, &limits()).await;
    verify(&*store, &key, false, &limits()).await;

    harness.advance(MINUTE / 2);
    let flow = read().await;
    assert_eq!(flow.phone, phone(1));
    assert_left(flow.expires_in, 5 * MINUTE - MINUTE / 2);
    let State::CodeSent { attempts_left: 4, resend_in } = flow.state else { panic!("{flow:?}") };
    assert_left(resend_in, MINUTE / 2);

    harness.advance(MINUTE / 2);
    let flow = read().await;
    assert!(matches!(flow.state, State::CodeSent { resend_in, .. } if resend_in.is_zero()), "{flow:?}");

    verify(&*store, &key, true, &limits()).await;
    let flow = read().await;
    assert!(matches!(flow.state, State::PhoneVerified), "{flow:?}");
    assert_left(flow.expires_in, 15 * MINUTE);

    set_password(&*store, &key, PURPOSE, "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA").await;
    let flow = read().await;
    let State::PasswordSet { password_hash } = flow.state else { panic!("{flow:?}") };
    assert_eq!(password_hash.expose(), "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA");
    assert_eq!(flow.phone, phone(1));
}

pub async fn a_consent_is_read_at_every_step(harness: &impl Harness) {
    let store = harness.store();
    let documents = ["terms@2026-11-01", "privacy@1"].map(|text| LegalDocument::parse(text).unwrap()).into();
    let at: DateTime<Utc> = "2026-11-20T12:00:00.123456Z".parse().unwrap();
    let consent = Consent { documents, at, ip_block: "q83vEjRWeJCrze8S".to_owned() };
    let flow = NewFlow { consent: Some(consent.clone()), ..new_flow(1) };
    allowed(store.open_flow(&key(1, 1), &flow, &[]).await.unwrap());
    allowed(store.open_flow(&key(2, 1), &new_flow(2), &[]).await.unwrap());
    let read = async |key: FlowKey| store.read_flow(&key, PURPOSE).await.unwrap().unwrap().consent;
    assert_eq!(read(key(1, 1)).await.as_ref(), Some(&consent));
    verify(&*store, &key(1, 1), true, &limits()).await;
    set_password(&*store, &key(1, 1), PURPOSE, "hash").await;
    assert_eq!(read(key(1, 1)).await, Some(consent));
    assert_eq!(read(key(2, 1)).await, None);
}

/// Every attempt of a sign-up creates the same account.
pub async fn the_ids_of_the_new_account_are_read_at_every_step(harness: &impl Harness) {
    let store = harness.store();
    let flow = NewFlow { new_account: Some(NEW_ACCOUNT), ..new_flow(1) };
    allowed(store.open_flow(&key(1, 1), &flow, &[]).await.unwrap());
    allowed(store.open_flow(&key(2, 1), &new_flow(2), &[]).await.unwrap());
    let read = async |key: FlowKey| store.read_flow(&key, PURPOSE).await.unwrap().unwrap().new_account;
    assert_eq!(read(key(1, 1)).await, Some(NEW_ACCOUNT));
    verify(&*store, &key(1, 1), true, &limits()).await;
    set_password(&*store, &key(1, 1), PURPOSE, "hash").await;
    assert_eq!(read(key(1, 1)).await, Some(NEW_ACCOUNT));
    assert_eq!(read(key(2, 1)).await, None);
}

/// The first password restarts the lifetime for the last step. Later ones do not: a proof of phone must not stay fresh.
pub async fn setting_the_password_again_does_not_extend_the_lifetime(harness: &impl Harness) {
    let (store, key) = (harness.store(), key(1, 1));
    open(&*store, &key, 1, &limits()).await;
    verify(&*store, &key, true, &limits()).await;
    harness.advance(10 * MINUTE);
    for (text, left) in [("first", 15 * MINUTE), ("second", 5 * MINUTE)] {
        assert_left(done(set_password(&*store, &key, PURPOSE, text).await), left);
        let flow = store.read_flow(&key, PURPOSE).await.unwrap().unwrap();
        assert_left(flow.expires_in, left);
        assert!(matches!(flow.state, State::PasswordSet { password_hash } if password_hash.expose() == text));
        harness.advance(10 * MINUTE);
    }
    assert_gone(&*store, &key).await;
}

/// Opens flow 1 of phone 1 with three password hashes.
async fn open_with_three_hashes(store: &dyn Staging) {
    let flow = NewFlow { passwords: 3, ..new_flow(1) };
    allowed(store.open_flow(&key(1, 1), &flow, &limits().phone(key(1, 1).phone_hash)).await.unwrap());
}

pub async fn a_flow_has_a_maximum_of_password_hashes(harness: &impl Harness) {
    let (store, key) = (harness.store(), key(1, 1));
    let spend = || spend_password(&*store, &key, PURPOSE);
    assert_eq!(spend().await, Advance::Gone);
    open_with_three_hashes(&*store).await;
    assert_eq!(spend().await, Advance::WrongStep(Step::CodeSent));
    verify(&*store, &key, true, &limits()).await;
    for _ in 0..2 {
        assert_left(done(spend().await), 15 * MINUTE);
        set_password(&*store, &key, PURPOSE, "hash").await;
    }
    done(spend().await);
    let exhausted = spend().await;
    assert!(matches!(exhausted, Advance::Exhausted { retry_after } if retry_after > 14 * MINUTE), "{exhausted:?}");
    // A refunded hash can be spent once. Refunds of hashes that were not spent add nothing.
    store.refund_password(&key, 3).await.unwrap();
    done(spend().await);
    assert!(matches!(spend().await, Advance::Exhausted { .. }));
    for _ in 0..9 {
        store.refund_password(&key, 3).await.unwrap();
        store.refund_password(&super::key(1, 2), 3).await.unwrap();
    }
    for _ in 0..3 {
        done(spend().await);
    }
    assert!(matches!(spend().await, Advance::Exhausted { .. }));
}

pub async fn password_refunds_stop_at_the_maximum(harness: &impl Harness) {
    let (store, key) = (harness.store(), key(1, 1));
    let refund = async |most, times| {
        for _ in 0..times {
            store.refund_password(&key, most).await.unwrap();
        }
    };
    let spend_all = async || {
        let mut spent = 0;
        while let Advance::Done { .. } = spend_password(&*store, &key, PURPOSE).await {
            spent += 1;
        }
        spent
    };
    refund(3, 2).await;
    assert!(store.read_flow(&key, PURPOSE).await.unwrap().is_none());
    assert!(!store.delete_flow(&key).await.unwrap(), "no key was created");

    open_with_three_hashes(&*store).await;
    verify(&*store, &key, true, &limits()).await;
    harness.advance(10 * MINUTE);
    // `most` bounds the hashes that are left; with more left, a refund changes nothing.
    for (most, times, left) in [(3, 5, 3), (0, 5, 0), (1, 5, 1), (2, 5, 2), (3, 2, 2), (3, 5, 3)] {
        refund(most, times).await;
        refund(left, 5).await;
        refund(left.min(1), 5).await;
        assert_eq!(spend_all().await, left, "{times} refunds up to {most}");
    }
    let flow = store.read_flow(&key, PURPOSE).await.unwrap().unwrap();
    assert_left(flow.expires_in, 5 * MINUTE);
}

pub async fn an_earlier_flow_stays_valid_beside_a_later_one(harness: &impl Harness) {
    let (store, earlier, later) = (harness.store(), key(1, 1), key(1, 2));
    open(&*store, &earlier, 1, &limits()).await;
    harness.advance(MINUTE);
    allowed(open(&*store, &later, 1, &limits()).await);
    assert_eq!(verify(&*store, &later, false, &limits()).await, CodeCheck::Wrong { attempts_left: 4 });
    assert_eq!(verify(&*store, &earlier, true, &limits()).await, right(1));
    assert_eq!(verify(&*store, &later, true, &limits()).await, right(1));
}
