//! A right code of a flow that has no further step: one caller at a time, and never lost with one.

use super::{Harness, MINUTE, PURPOSE, at_once, key, new_flow, no_limits, open, policy, resend, right};
use doorstep::domain::flow::{State, Step};
use doorstep::domain::ticket::FlowKey;
use doorstep::ports::{CodeCheck, NewFlow, Resend, Staging};
use std::time::Duration;

async fn claim(store: &dyn Staging, key: &FlowKey, right: bool) -> CodeCheck {
    store.claim_code(key, PURPOSE, right, &policy(), &no_limits()).await.unwrap()
}

pub async fn of_many_right_codes_one_is_claimed(harness: &impl Harness) {
    let (store, key) = (harness.store(), key(1, 1));
    open(&*store, &key, 1, &no_limits()).await;
    let answers = at_once(50, |_| {
        let store = store.clone();
        async move { claim(&*store, &key, true).await }
    });
    let answers = answers.await;
    assert_eq!(answers.iter().filter(|answer| **answer == right(1)).count(), 1);
    let within = |wait: &Duration| !wait.is_zero() && *wait <= policy().claim;
    let busy = |answer: &&CodeCheck| matches!(answer, CodeCheck::Busy { retry_after } if within(retry_after));
    assert_eq!(answers.iter().filter(busy).count(), 49);
    // The flow waits for the end of it.
    let flow = store.read_flow(&key, PURPOSE, &policy()).await.unwrap().unwrap();
    assert!(matches!(flow.state, State::CodeSent { attempts_left: 5, .. }), "{flow:?}");
}

pub async fn a_released_code_can_be_entered_once_more(harness: &impl Harness) {
    let (store, key) = (harness.store(), key(1, 1));
    open(&*store, &key, 1, &no_limits()).await;
    assert_eq!(claim(&*store, &key, false).await, CodeCheck::Wrong { attempts_left: 4 });
    for _ in 0..3 {
        assert_eq!(claim(&*store, &key, true).await, right(1));
        assert!(matches!(claim(&*store, &key, true).await, CodeCheck::Busy { .. }));
        store.release_code(&key).await.unwrap();
        store.release_code(&key).await.unwrap();
    }
    // The attempts and the sends that were spent stay so; and while a code is claimed, others can be wrong.
    let Resend::Yes(resent) = resend(&*store, &key, &no_limits()).await else { panic!("refused") };
    assert_eq!((resent.send, resent.attempts_left), (2, 4));
    assert_eq!(claim(&*store, &key, true).await, right(1));
    assert_eq!(claim(&*store, &key, false).await, CodeCheck::Wrong { attempts_left: 3 });
}

pub async fn a_claim_that_nobody_gives_back_runs_out(harness: &impl Harness) {
    let (store, key) = (harness.store(), key(1, 1));
    open(&*store, &key, 1, &no_limits()).await;
    assert_eq!(claim(&*store, &key, true).await, right(1));
    harness.advance(policy().claim);
    assert_eq!(claim(&*store, &key, true).await, right(1));
    // Nor does a claim let the code live longer.
    harness.advance(5 * MINUTE - policy().claim);
    assert_eq!(claim(&*store, &key, true).await, CodeCheck::Gone);
}

pub async fn a_claimed_flow_that_ended_is_gone(harness: &impl Harness) {
    let (store, key) = (harness.store(), key(1, 1));
    open(&*store, &key, 1, &no_limits()).await;
    assert_eq!(claim(&*store, &key, true).await, right(1));
    store.end_flow(&key).await.unwrap();
    assert_eq!(claim(&*store, &key, true).await, CodeCheck::Gone);
}

pub async fn wrong_codes_are_counted_as_elsewhere(harness: &impl Harness) {
    let store = harness.store();
    let (own, decoy) = (key(1, 1), key(2, 1));
    open(&*store, &own, 1, &no_limits()).await;
    let flow = NewFlow { decoy: true, ..new_flow(2) };
    store.open_flow(&decoy, &flow, &policy(), &no_limits()).await.unwrap();
    for (key, code) in [(own, false), (decoy, true)] {
        for attempts_left in (1..5).rev() {
            assert_eq!(claim(&*store, &key, code).await, CodeCheck::Wrong { attempts_left });
        }
        assert_eq!(claim(&*store, &key, code).await, CodeCheck::Exhausted);
        assert_eq!(claim(&*store, &key, true).await, CodeCheck::Gone);
    }
}

pub async fn a_flow_that_went_on_is_not_claimed(harness: &impl Harness) {
    let (store, key) = (harness.store(), key(1, 1));
    open(&*store, &key, 1, &no_limits()).await;
    super::check(&*store, &key, true, &no_limits()).await;
    assert_eq!(claim(&*store, &key, true).await, CodeCheck::WrongStep(Step::PhoneVerified));
}
