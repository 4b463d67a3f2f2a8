//! A right code that is taken back, because what it was for could not be done.

use super::{Harness, MINUTE, PURPOSE, assert_left, check, key, no_limits, open, policy, resend, right};
use doorstep::domain::flow::{Purpose, State, Step};
use doorstep::domain::password::PasswordHash;
use doorstep::domain::policy::CodePolicy;
use doorstep::domain::ticket::FlowKey;
use doorstep::ports::{CodeCheck, Resend, Staging};
use std::time::Duration;

async fn open_verified(store: &dyn Staging, key: &FlowKey) {
    open(store, key, 1, &no_limits()).await;
    assert_eq!(check(store, key, true, &no_limits()).await, right(1));
}

async fn reopen(store: &dyn Staging, key: &FlowKey, purpose: Purpose) {
    store.reopen_code(key, purpose, &policy()).await.unwrap();
}

async fn stands(store: &dyn Staging, key: &FlowKey) -> (Step, Duration) {
    let flow = store.read_flow(key, PURPOSE, &policy()).await.unwrap().unwrap();
    (flow.state.step(), flow.expires_in)
}

pub async fn a_right_code_can_be_entered_once_more(harness: &impl Harness) {
    let (store, key) = (harness.store(), key(1, 1));
    open(&*store, &key, 1, &no_limits()).await;
    assert_eq!(check(&*store, &key, false, &no_limits()).await, CodeCheck::Wrong { attempts_left: 4 });
    for _ in 0..3 {
        assert_eq!(check(&*store, &key, true, &no_limits()).await, right(1));
        reopen(&*store, &key, PURPOSE).await;
    }
    // The attempts and the sends that were spent stay so.
    let flow = store.read_flow(&key, PURPOSE, &policy()).await.unwrap().unwrap();
    assert!(matches!(flow.state, State::CodeSent { attempts_left: 4, .. }), "{flow:?}");
    let Resend::Yes(resent) = resend(&*store, &key, &no_limits()).await else { panic!("refused") };
    assert_eq!((resent.send, resent.attempts_left), (2, 4));
    assert_eq!(check(&*store, &key, false, &no_limits()).await, CodeCheck::Wrong { attempts_left: 3 });
    assert_eq!(check(&*store, &key, true, &no_limits()).await, right(1));
}

pub async fn it_lives_no_longer_than_a_code_does(harness: &impl Harness) {
    let (store, key) = (harness.store(), key(1, 1));
    open_verified(&*store, &key).await;
    assert_left(stands(&*store, &key).await.1, 15 * MINUTE);
    reopen(&*store, &key, PURPOSE).await;
    let (step, left) = stands(&*store, &key).await;
    assert_eq!(step, Step::CodeSent);
    assert_left(left, 5 * MINUTE);
    harness.advance(5 * MINUTE);
    assert_eq!(check(&*store, &key, true, &no_limits()).await, CodeCheck::Gone);
}

pub async fn it_lives_no_longer_than_it_would_have(harness: &impl Harness) {
    let (store, key) = (harness.store(), key(1, 1));
    open_verified(&*store, &key).await;
    harness.advance(13 * MINUTE);
    reopen(&*store, &key, PURPOSE).await;
    let (step, left) = stands(&*store, &key).await;
    assert_eq!(step, Step::CodeSent);
    assert_left(left, 2 * MINUTE);
    harness.advance(2 * MINUTE);
    reopen(&*store, &key, PURPOSE).await;
    assert_eq!(check(&*store, &key, true, &no_limits()).await, CodeCheck::Gone);
}

pub async fn every_other_flow_is_left_alone(harness: &impl Harness) {
    let (store, key, unknown) = (harness.store(), key(1, 1), key(2, 1));
    let short = CodePolicy { life: MINUTE, ..policy() };
    let reopen = async |key, purpose| store.reopen_code(key, purpose, &short).await.unwrap();
    reopen(&unknown, PURPOSE).await;
    assert!(store.read_flow(&unknown, PURPOSE, &policy()).await.unwrap().is_none(), "a flow was made");

    open(&*store, &key, 1, &no_limits()).await;
    reopen(&key, PURPOSE).await;
    let (step, left) = stands(&*store, &key).await;
    assert_eq!(step, Step::CodeSent);
    assert_left(left, 5 * MINUTE);

    check(&*store, &key, true, &no_limits()).await;
    reopen(&key, Purpose::Login).await;
    let (step, left) = stands(&*store, &key).await;
    assert_eq!(step, Step::PhoneVerified);
    assert_left(left, 15 * MINUTE);

    store.set_password(&key, PURPOSE, &PasswordHash::new("hash".to_owned()), &policy()).await.unwrap();
    reopen(&key, PURPOSE).await;
    let (step, left) = stands(&*store, &key).await;
    assert_eq!(step, Step::PasswordSet);
    assert_left(left, 15 * MINUTE);
}
