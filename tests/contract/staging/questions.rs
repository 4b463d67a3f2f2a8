//! Accounts in question: a flow whose code was right, and not enough.

use super::{
    HOUR, Harness, IP_BLOCK, MINUTE, NEW_ACCOUNT, OWNER, RESEND, account, assert_left, assert_limited, at_once,
    claim_attempt, key, new_flow, phone, policy, proven, set_password, spend_password, unlimited,
};
use doorstep::domain::completion::Completion;
use doorstep::domain::consent::{Consent, LegalDocument};
use doorstep::domain::flow::{Flow, Purpose, State, Step, Transition};
use doorstep::domain::limits::Limit;
use doorstep::domain::pending::{ActKind, PendingId};
use doorstep::domain::question::{OpenQuestion, Reason};
use doorstep::domain::ticket::FlowKey;
use doorstep::ports::{Advance, Change, CodeAttempt, CodeCheck, NewFlow, OnRight, Resend, Staging, Verified};
use std::time::Duration;
use uuid::Uuid;

const LOGIN: Purpose = Purpose::Login;
/// Purposes of the flows that can end in an account in question without a signed-in user.
const PUBLIC: [Purpose; 3] = [Purpose::Login, Purpose::ResetPassword, Purpose::DeleteAccount];

fn use_of(act: u128) -> Completion {
    Completion::Use(PendingId(Uuid::from_u128(act)))
}

fn detach() -> Completion {
    Completion::Detach { account: account(1), as_of: "2026-05-20T12:00:00.123456Z".parse().unwrap() }
}

fn consent() -> Consent {
    let documents = vec![LegalDocument::parse("terms@2026-11-01").unwrap()];
    Consent { documents, at: "2026-11-20T12:00:00Z".parse().unwrap(), ip_block: "q83vEjRWeJCrze8S".to_owned() }
}

async fn open(store: &dyn Staging, key: &FlowKey, purpose: Purpose) {
    let flow = NewFlow { purpose, ..new_flow(1) };
    super::allowed(store.open_flow(key, &flow, &unlimited().phone(key.phone_hash)).await.unwrap());
}

async fn advance(
    store: &dyn Staging,
    key: &FlowKey,
    purpose: Purpose,
    transition: Transition,
    change: Change,
) -> Advance {
    store.advance(key, purpose, &transition, &change, policy().verified_ttl).await.unwrap()
}

const DORMANT: OpenQuestion = OpenQuestion { act: ActKind::SignIn, reason: Reason::Dormant, start_anew: true };

/// Questions the account. Returns the lifetime that is left.
async fn question(store: &dyn Staging, key: &FlowKey, purpose: Purpose) -> Duration {
    done(advance(store, key, purpose, Transition::QUESTION_ACCOUNT, Change::Question(DORMANT)).await).1
}

async fn accept(store: &dyn Staging, key: &FlowKey, completion: Option<Completion>) -> Advance {
    advance(store, key, LOGIN, Transition::ACCEPT_CODE, Change::Refunded(completion)).await
}

async fn start_anew(store: &dyn Staging, key: &FlowKey, purpose: Purpose, consent: Option<Consent>) -> Advance {
    let change = Change::StartAnew { completion: detach(), consent, new_account: NEW_ACCOUNT };
    advance(store, key, purpose, Transition::START_ANEW, change).await
}

/// Completion and lifetime after a transition that must succeed, and prove the phone and the account of phone 1.
#[track_caller]
fn done(advance: Advance) -> (Option<Completion>, Duration) {
    match advance {
        Advance::Done { proven: facts, completion, expires_in } => {
            assert_eq!(facts, proven(1));
            (completion, expires_in)
        }
        other => panic!("{other:?}"),
    }
}

async fn read(store: &dyn Staging, key: &FlowKey, purpose: Purpose) -> Flow {
    store.read_flow(key, purpose).await.unwrap().unwrap()
}

/// Enters a code that is redeemed, and releases it.
async fn enter(store: &dyn Staging, key: &FlowKey, right: bool) -> CodeCheck {
    let attempt = CodeAttempt { purpose: LOGIN, ..claim_attempt(key, right, &unlimited()) };
    let check = store.verify_code(key, &attempt).await.unwrap();
    store.release_code(key, OWNER).await.unwrap();
    check
}

fn right(ip_blocks: &[&str]) -> CodeCheck {
    let ip_blocks = ip_blocks.iter().copied().map(str::to_owned).collect();
    CodeCheck::Right(Verified { proven: proven(1), ip_blocks, provider: None })
}

pub async fn only_wrong_codes_cost_attempts_of_an_account_in_question(harness: &impl Harness) {
    let (store, key) = (harness.store(), key(1, 1));
    open(&*store, &key, LOGIN).await;
    assert_eq!(enter(&*store, &key, false).await, CodeCheck::Wrong { attempts_left: 4 });
    assert_eq!(enter(&*store, &key, true).await, right(&[IP_BLOCK]));
    question(&*store, &key, LOGIN).await;
    for attempts_left in (1..4).rev() {
        for _ in 0..6 {
            assert_eq!(enter(&*store, &key, true).await, right(&[]));
        }
        assert_eq!(enter(&*store, &key, false).await, CodeCheck::Wrong { attempts_left });
    }
    let flow = read(&*store, &key, LOGIN).await;
    assert!(matches!(flow.state, State::AccountUnclear), "{flow:?}");
    assert_eq!(enter(&*store, &key, false).await, CodeCheck::Exhausted);
    assert_eq!(enter(&*store, &key, true).await, CodeCheck::Gone);
}

/// The last question counts. It does not change what the flow can do.
pub async fn a_flow_keeps_its_last_question(harness: &impl Harness) {
    let (store, key) = (harness.store(), key(1, 1));
    open(&*store, &key, LOGIN).await;
    assert_eq!(read(&*store, &key, LOGIN).await.question, None);
    question(&*store, &key, LOGIN).await;
    assert_eq!(read(&*store, &key, LOGIN).await.question, Some(DORMANT));
    assert_eq!(enter(&*store, &key, true).await, right(&[]), "the unverified codes were refunded");
    let until = "2026-11-21T12:00:00.123456Z".parse().unwrap();
    let held = OpenQuestion { act: ActKind::SignIn, reason: Reason::Held(until), start_anew: false };
    done(advance(&*store, &key, LOGIN, Transition::QUESTION_ACCOUNT, Change::Question(held)).await);
    assert_eq!(read(&*store, &key, LOGIN).await.question, Some(held));
    done(accept(&*store, &key, Some(use_of(1))).await);
    assert_eq!(read(&*store, &key, LOGIN).await.completion, Some(use_of(1)));
}

pub async fn wrong_codes_for_an_account_in_question_count_for_the_phone(harness: &impl Harness) {
    let (store, key, mut limits) = (harness.store(), key(1, 1), unlimited());
    limits.set(Limit::WrongCodes, 2);
    open(&*store, &key, LOGIN).await;
    question(&*store, &key, LOGIN).await;
    let enter = async |right| {
        let attempt = CodeAttempt { purpose: LOGIN, ..claim_attempt(&key, right, &limits) };
        let check = store.verify_code(&key, &attempt).await.unwrap();
        store.release_code(&key, OWNER).await.unwrap();
        check
    };
    assert_eq!(enter(true).await, right(&[]));
    assert_eq!(enter(false).await, CodeCheck::Wrong { attempts_left: 4 });
    assert_eq!(enter(true).await, right(&[]));
    assert_eq!(enter(false).await, CodeCheck::Wrong { attempts_left: 3 });
    assert!(matches!(enter(true).await, CodeCheck::Limited(reached) if reached.limit == Limit::WrongCodes));
    let flow = NewFlow { purpose: LOGIN, ..new_flow(1) };
    let opened = store.open_flow(&super::key(1, 2), &flow, &limits.phone(key.phone_hash)).await.unwrap();
    assert_limited(&opened, Limit::WrongCodes, 24 * HOUR);
}

pub async fn one_of_many_concurrent_right_codes_for_an_account_in_question_is_claimed(harness: &impl Harness) {
    let (store, key) = (harness.store(), key(1, 1));
    open(&*store, &key, LOGIN).await;
    question(&*store, &key, LOGIN).await;
    let checks = at_once(50, |_| {
        let store = store.clone();
        let attempt = CodeAttempt { purpose: LOGIN, ..claim_attempt(&key, true, &unlimited()) };
        async move { store.verify_code(&key, &attempt).await.unwrap() }
    });
    let checks = checks.await;
    assert_eq!(checks.iter().filter(|check| **check == right(&[])).count(), 1);
    assert_eq!(checks.iter().filter(|check| matches!(check, CodeCheck::Busy { .. })).count(), 49);
}

/// A client that repeats a code does not extend the verification of the phone. No more messages are sent.
pub async fn an_account_in_question_restarts_the_lifetime_once(harness: &impl Harness) {
    let (store, key) = (harness.store(), key(1, 1));
    open(&*store, &key, LOGIN).await;
    harness.advance(4 * MINUTE);
    assert_left(question(&*store, &key, LOGIN).await, 15 * MINUTE);
    for left in [10, 5] {
        harness.advance(5 * MINUTE);
        assert_eq!(enter(&*store, &key, true).await, right(&[]));
        assert_left(question(&*store, &key, LOGIN).await, left * MINUTE);
        assert_left(read(&*store, &key, LOGIN).await.expires_in, left * MINUTE);
        let resent = store.reserve_resend(&key, LOGIN, RESEND, &unlimited().phone(key.phone_hash)).await.unwrap();
        assert!(matches!(resent, Resend::WrongStep(Step::AccountUnclear)), "{resent:?}");
    }
    harness.advance(5 * MINUTE);
    assert_eq!(enter(&*store, &key, true).await, CodeCheck::Gone);
    let questioned = advance(&*store, &key, LOGIN, Transition::QUESTION_ACCOUNT, Change::Refunded(None)).await;
    assert_eq!(questioned, Advance::Gone);
    assert_eq!(start_anew(&*store, &key, LOGIN, None).await, Advance::Gone);
}

pub async fn the_ip_blocks_of_a_refunded_flow_are_not_returned_again(harness: &impl Harness) {
    let (store, key) = (harness.store(), key(1, 1));
    open(&*store, &key, LOGIN).await;
    assert_eq!(enter(&*store, &key, true).await, right(&[IP_BLOCK]));
    // Another request entered the code at the same time, before the refund.
    assert_eq!(enter(&*store, &key, true).await, right(&[IP_BLOCK]));
    for _ in 0..2 {
        question(&*store, &key, LOGIN).await;
        assert_eq!(enter(&*store, &key, true).await, right(&[]));
    }
    // A message that was accepted late is an unverified code, too.
    store.record_sent(&key, "late", Some("198.51.100.1")).await.unwrap();
    match enter(&*store, &key, true).await {
        CodeCheck::Right(verified) => {
            assert_eq!((verified.ip_blocks, verified.provider.as_deref()), (vec!["198.51.100.1".into()], Some("late")));
        }
        other => panic!("{other:?}"),
    }
    done(accept(&*store, &key, None).await);
    let claim = CodeAttempt { purpose: LOGIN, ..claim_attempt(&key, true, &unlimited()) };
    let check = store.verify_code(&key, &claim).await.unwrap();
    assert_eq!(check, CodeCheck::WrongStep(Step::PhoneVerified));
}

pub async fn a_completion_is_stored_until_another_one_replaces_it(harness: &impl Harness) {
    let (store, key) = (harness.store(), key(1, 1));
    let stored = async || read(&*store, &key, LOGIN).await.completion;
    open(&*store, &key, LOGIN).await;
    assert_eq!(stored().await, None);
    question(&*store, &key, LOGIN).await;
    assert_eq!(stored().await, None);
    let (completion, left) = done(accept(&*store, &key, Some(use_of(7))).await);
    assert_eq!(completion, Some(use_of(7)));
    assert_left(left, 15 * MINUTE);
    assert_eq!(stored().await, Some(use_of(7)));
    // Every later transition returns it.
    assert_eq!(done(spend_password(&*store, &key, LOGIN).await).0, Some(use_of(7)));
    assert_eq!(done(set_password(&*store, &key, LOGIN, "hash").await).0, Some(use_of(7)));
    assert_eq!(stored().await, Some(use_of(7)));
}

pub async fn a_second_question_keeps_the_completion_and_a_second_answer_replaces_it(harness: &impl Harness) {
    let (store, key) = (harness.store(), key(1, 1));
    open(&*store, &key, LOGIN).await;
    done(accept(&*store, &key, Some(use_of(7))).await);
    question(&*store, &key, LOGIN).await;
    assert_eq!(read(&*store, &key, LOGIN).await.completion, Some(use_of(7)));
    assert_eq!(done(accept(&*store, &key, Some(use_of(8))).await).0, Some(use_of(8)));
    assert_eq!(accept(&*store, &key, Some(use_of(9))).await, Advance::WrongStep(Step::PhoneVerified));
    assert_eq!(read(&*store, &key, LOGIN).await.completion, Some(use_of(8)));
}

pub async fn a_flow_that_starts_anew_is_a_sign_up(harness: &impl Harness) {
    let store = harness.store();
    for (n, purpose) in (1..).zip(PUBLIC) {
        let key = key(1, n);
        open(&*store, &key, purpose).await;
        assert_eq!(start_anew(&*store, &key, purpose, None).await, Advance::WrongStep(Step::CodeSent));
        question(&*store, &key, purpose).await;
        harness.advance(10 * MINUTE);
        let (completion, left) = done(start_anew(&*store, &key, purpose, Some(consent())).await);
        assert_eq!(completion, Some(detach()));
        assert_left(left, 15 * MINUTE);

        let flow = read(&*store, &key, Purpose::Register).await;
        assert!(matches!(flow.state, State::PhoneVerified), "{flow:?}");
        assert_eq!((flow.phone, flow.account), (phone(1), Some(account(1))));
        assert_eq!((flow.completion, flow.consent), (Some(detach()), Some(consent())));
        assert_eq!(flow.new_account, Some(NEW_ACCOUNT));
        assert_left(flow.expires_in, 15 * MINUTE);
        // The earlier purpose does not know the ticket any more, and nothing starts anew twice.
        assert!(store.read_flow(&key, purpose).await.unwrap().is_none(), "{purpose:?}");
        assert_eq!(start_anew(&*store, &key, purpose, None).await, Advance::Gone);
        assert_eq!(spend_password(&*store, &key, purpose).await, Advance::Gone);
        let again = start_anew(&*store, &key, Purpose::Register, None).await;
        assert_eq!(again, Advance::WrongStep(Step::PhoneVerified));
        for transition in [Transition::VERIFY_CODE, Transition::REDEEM_CODE] {
            let on_right = OnRight::Advance { transition, ttl: policy().verified_ttl };
            let attempt = CodeAttempt { purpose, on_right, ..claim_attempt(&key, true, &unlimited()) };
            assert_eq!(store.verify_code(&key, &attempt).await.unwrap(), CodeCheck::Gone);
        }

        assert_eq!(done(spend_password(&*store, &key, Purpose::Register).await).0, Some(detach()));
        assert_eq!(done(set_password(&*store, &key, Purpose::Register, "hash").await).0, Some(detach()));
        let flow = read(&*store, &key, Purpose::Register).await;
        assert!(matches!(flow.state, State::PasswordSet { .. }), "{flow:?}");
        assert_eq!((flow.completion, flow.consent), (Some(detach()), Some(consent())));
    }
}

/// The consent is that of the person who starts anew, not one from before.
pub async fn a_flow_that_starts_anew_without_consent_has_none(harness: &impl Harness) {
    let (store, key) = (harness.store(), key(1, 1));
    let flow = NewFlow { purpose: LOGIN, consent: Some(consent()), ..new_flow(1) };
    super::allowed(store.open_flow(&key, &flow, &[]).await.unwrap());
    question(&*store, &key, LOGIN).await;
    assert_eq!(read(&*store, &key, LOGIN).await.consent, Some(consent()));
    done(start_anew(&*store, &key, LOGIN, None).await);
    assert_eq!(read(&*store, &key, Purpose::Register).await.consent, None);
}

pub async fn one_of_many_concurrent_calls_starts_anew(harness: &impl Harness) {
    let (store, key) = (harness.store(), key(1, 1));
    open(&*store, &key, LOGIN).await;
    question(&*store, &key, LOGIN).await;
    let started = at_once(50, |_| {
        let store = store.clone();
        async move { start_anew(&*store, &key, LOGIN, None).await }
    });
    let started = started.await;
    assert_eq!(started.iter().filter(|advance| matches!(advance, Advance::Done { .. })).count(), 1);
    assert_eq!(started.iter().filter(|advance| **advance == Advance::Gone).count(), 49);
}
