//! The steps of a flow, in order, each for those who did the one before.

use super::{
    Harness, MINUTE, PURPOSE, assert_left, check, key, limits, no_limits, open, phone, policy, proven, resend, right,
};
use doorstep::domain::flow::{State, Step};
use doorstep::domain::password::PasswordHash;
use doorstep::domain::policy::CodePolicy;
use doorstep::domain::ticket::FlowKey;
use doorstep::ports::{Advance, CodeCheck, PasswordTurn, Resend, Reserved, Staging};

fn hash(text: &str) -> PasswordHash {
    PasswordHash::new(text.to_owned())
}

async fn set_password(store: &dyn Staging, key: &FlowKey, text: &str) -> Advance {
    store.set_password(key, PURPOSE, &hash(text), &policy()).await.unwrap()
}

/// Nothing can be done with it.
async fn assert_gone(store: &dyn Staging, key: &FlowKey) {
    assert!(store.read_flow(key, PURPOSE, &policy()).await.unwrap().is_none());
    assert!(matches!(resend(store, key, &limits()).await, Resend::Gone));
    for right in [true, false] {
        assert_eq!(check(store, key, right, &limits()).await, CodeCheck::Gone);
    }
    assert_eq!(set_password(store, key, "hash").await, Advance::Gone);
    assert_eq!(store.begin_password(key, PURPOSE, &policy()).await.unwrap(), PasswordTurn::Gone);
    assert!(store.read_flow(key, PURPOSE, &policy()).await.unwrap().is_none(), "a refusal made a flow");
}

pub async fn an_unknown_flow_is_gone(harness: &impl Harness) {
    let store = harness.store();
    open(&*store, &key(1, 1), 1, &limits()).await;
    assert_gone(&*store, &key(1, 2)).await;
    assert_gone(&*store, &key(2, 1)).await;
    store.end_flow(&key(2, 1)).await.unwrap();
}

pub async fn an_expired_flow_is_gone(harness: &impl Harness) {
    let (store, key) = (harness.store(), key(1, 1));
    open(&*store, &key, 1, &limits()).await;
    harness.advance(5 * MINUTE);
    assert_gone(&*store, &key).await;

    open(&*store, &key, 1, &no_limits()).await;
    check(&*store, &key, true, &no_limits()).await;
    harness.advance(14 * MINUTE);
    assert!(matches!(set_password(&*store, &key, "hash").await, Advance::Done { .. }));
    harness.advance(15 * MINUTE);
    assert_gone(&*store, &key).await;
}

pub async fn an_ended_flow_is_gone(harness: &impl Harness) {
    let (store, key) = (harness.store(), key(1, 1));
    open(&*store, &key, 1, &limits()).await;
    check(&*store, &key, true, &limits()).await;
    set_password(&*store, &key, "hash").await;
    for _ in 0..2 {
        store.end_flow(&key).await.unwrap();
        assert_gone(&*store, &key).await;
    }
}

pub async fn each_step_is_told(harness: &impl Harness) {
    let (store, key) = (harness.store(), key(1, 1));
    open(&*store, &key, 1, &no_limits()).await;
    assert_eq!(set_password(&*store, &key, "hash").await, Advance::WrongStep(Step::CodeSent));
    assert_eq!(check(&*store, &key, true, &no_limits()).await, right(1));
    for step in [Step::PhoneVerified, Step::PasswordSet] {
        for right in [true, false] {
            assert_eq!(check(&*store, &key, right, &no_limits()).await, CodeCheck::WrongStep(step));
        }
        assert!(matches!(resend(&*store, &key, &no_limits()).await, Resend::WrongStep(at) if at == step));
        assert!(matches!(set_password(&*store, &key, "hash").await, Advance::Done { .. }));
    }
}

pub async fn a_flow_is_read_as_it_stands(harness: &impl Harness) {
    let (store, key) = (harness.store(), key(1, 1));
    let read = async || store.read_flow(&key, PURPOSE, &policy()).await.unwrap().unwrap();
    open(&*store, &key, 1, &limits()).await;
    check(&*store, &key, false, &limits()).await;

    harness.advance(MINUTE / 2);
    let flow = read().await;
    assert_eq!(flow.phone, phone(1));
    assert_left(flow.expires_in, 5 * MINUTE - MINUTE / 2);
    let State::CodeSent { attempts_left: 4, resend_in } = flow.state else { panic!("{flow:?}") };
    assert_left(resend_in, MINUTE / 2);

    harness.advance(MINUTE / 2);
    let flow = read().await;
    assert!(matches!(flow.state, State::CodeSent { resend_in, .. } if resend_in.is_zero()), "{flow:?}");

    check(&*store, &key, true, &limits()).await;
    let flow = read().await;
    assert!(matches!(flow.state, State::PhoneVerified), "{flow:?}");
    assert_left(flow.expires_in, 15 * MINUTE);

    set_password(&*store, &key, "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA").await;
    let flow = read().await;
    let State::PasswordSet { password_hash } = flow.state else { panic!("{flow:?}") };
    assert_eq!(password_hash.expose(), "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA");
    assert_eq!(flow.phone, phone(1));
}

pub async fn the_password_may_be_set_again(harness: &impl Harness) {
    let (store, key) = (harness.store(), key(1, 1));
    open(&*store, &key, 1, &limits()).await;
    check(&*store, &key, true, &limits()).await;
    harness.advance(10 * MINUTE);
    // The first gives time for the last step, a later one none: a proof of phone ages.
    for (text, left) in [("first", 15 * MINUTE), ("second", 5 * MINUTE)] {
        let Advance::Done { expires_in } = set_password(&*store, &key, text).await else { panic!("{text}") };
        assert_left(expires_in, left);
        let flow = store.read_flow(&key, PURPOSE, &policy()).await.unwrap().unwrap();
        assert_left(flow.expires_in, left);
        assert!(matches!(flow.state, State::PasswordSet { password_hash } if password_hash.expose() == text));
        harness.advance(10 * MINUTE);
    }
    assert_gone(&*store, &key).await;
}

pub async fn so_many_passwords_are_hashed_for_a_flow(harness: &impl Harness) {
    let (store, key) = (harness.store(), key(1, 1));
    let policy = CodePolicy { passwords: 3, ..policy() };
    let begin = || store.begin_password(&key, PURPOSE, &policy);
    assert_eq!(begin().await.unwrap(), PasswordTurn::Gone);
    open(&*store, &key, 1, &limits()).await;
    assert_eq!(begin().await.unwrap(), PasswordTurn::WrongStep(Step::CodeSent));
    check(&*store, &key, true, &limits()).await;
    for _ in 0..2 {
        assert_eq!(begin().await.unwrap(), PasswordTurn::Granted(proven(1)));
        set_password(&*store, &key, "hash").await;
    }
    assert_eq!(begin().await.unwrap(), PasswordTurn::Granted(proven(1)));
    let exhausted = begin().await.unwrap();
    assert!(matches!(exhausted, PasswordTurn::Exhausted { retry_after } if retry_after > 14 * MINUTE), "{exhausted:?}");
    // One that was not hashed after all leaves room for one; what was never counted leaves none.
    store.cancel_password(&key).await.unwrap();
    assert_eq!(begin().await.unwrap(), PasswordTurn::Granted(proven(1)));
    assert!(matches!(begin().await.unwrap(), PasswordTurn::Exhausted { .. }));
    for _ in 0..9 {
        store.cancel_password(&key).await.unwrap();
        store.cancel_password(&super::key(1, 2)).await.unwrap();
    }
    for _ in 0..3 {
        assert_eq!(begin().await.unwrap(), PasswordTurn::Granted(proven(1)));
    }
    assert!(matches!(begin().await.unwrap(), PasswordTurn::Exhausted { .. }));
}

pub async fn an_earlier_flow_lives_beside_a_later_one(harness: &impl Harness) {
    let (store, earlier, later) = (harness.store(), key(1, 1), key(1, 2));
    open(&*store, &earlier, 1, &limits()).await;
    harness.advance(MINUTE);
    assert!(matches!(open(&*store, &later, 1, &limits()).await, Reserved::Yes { .. }));
    assert_eq!(check(&*store, &later, false, &limits()).await, CodeCheck::Wrong { attempts_left: 4 });
    assert_eq!(check(&*store, &earlier, true, &limits()).await, right(1));
    assert_eq!(check(&*store, &later, true, &limits()).await, right(1));
}
