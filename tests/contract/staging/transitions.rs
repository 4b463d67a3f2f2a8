//! Transitions: every purpose x step x verb has the outcome of one table, in every store.

use super::{Harness, NEW_ACCOUNT, OWNER, RESEND};
use doorstep::domain::completion::Completion;
use doorstep::domain::flow::{FlowPolicy, Purpose, Step, Transition};
use doorstep::domain::keys::Keys;
use doorstep::domain::limits::{Counter, Limit, Quota, Rule};
use doorstep::domain::password::PasswordHash;
use doorstep::domain::pending::PendingId;
use doorstep::domain::phone::Phone;
use doorstep::domain::ticket::{FlowKey, PhoneHash, Ticket};
use doorstep::domain::user::UserId;
use doorstep::ports::{Advance, Change, CodeAttempt, CodeCheck, NewFlow, OnRight, Resend, Staging};
use std::time::Duration;
use uuid::Uuid;

const MINUTE: Duration = Duration::from_secs(60);
const ANN: UserId = UserId(Uuid::from_u128(1));
const BEN: UserId = UserId(Uuid::from_u128(2));

const PURPOSES: [Purpose; 13] = [
    Purpose::Register,
    Purpose::Login,
    Purpose::ResetPassword,
    Purpose::DeleteAccount,
    Purpose::ChangePhone(ANN),
    Purpose::ChangePhone(BEN),
    Purpose::Reclaim,
    Purpose::DeleteSelf(ANN),
    Purpose::DeleteSelf(BEN),
    Purpose::SetPassword(ANN),
    Purpose::SetPassword(BEN),
    Purpose::ConfirmPhone(ANN),
    Purpose::ConfirmPhone(BEN),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Read,
    Resend,
    VerifyRightCode,
    VerifyWrongCode,
    RedeemRightCode,
    RedeemWrongCode,
    AcceptCode,
    QuestionAccount,
    StartAnew,
    HashPassword,
    SetPassword,
}

const VERBS: [Verb; 11] = [
    Verb::Read,
    Verb::Resend,
    Verb::VerifyRightCode,
    Verb::VerifyWrongCode,
    Verb::RedeemRightCode,
    Verb::RedeemWrongCode,
    Verb::AcceptCode,
    Verb::QuestionAccount,
    Verb::StartAnew,
    Verb::HashPassword,
    Verb::SetPassword,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Done,
    /// The code was wrong and cost an attempt.
    WrongCode,
    WrongStep(Step),
    Gone,
}

/// Outcome of a verb at a step, the step after it, and the minutes of lifetime that are left one minute after the flow
/// came to its step. Written out here, and not read from `domain::flow`: a change of the rules has to change both.
fn expected(verb: Verb, at: Step) -> (Outcome, Step, u32) {
    use Outcome::{Done, WrongCode, WrongStep};
    use Step::{AccountUnclear, CodeSent, PasswordSet, PhoneVerified};
    let left = if at == CodeSent { 4 } else { 14 };
    match (verb, at) {
        (Verb::Read, _) => (Done, at, left),
        (Verb::Resend | Verb::RedeemRightCode, CodeSent) => (Done, CodeSent, 4),
        (Verb::RedeemRightCode, AccountUnclear) => (Done, AccountUnclear, 14),
        (Verb::VerifyRightCode, CodeSent) => (Done, PhoneVerified, 15),
        (Verb::VerifyWrongCode | Verb::RedeemWrongCode, CodeSent) => (WrongCode, CodeSent, 4),
        (Verb::RedeemWrongCode, AccountUnclear) => (WrongCode, AccountUnclear, 14),
        (Verb::AcceptCode, CodeSent | AccountUnclear) => (Done, PhoneVerified, 15),
        (Verb::QuestionAccount, CodeSent | PhoneVerified) => (Done, AccountUnclear, 15),
        (Verb::QuestionAccount, AccountUnclear) => (Done, AccountUnclear, 14),
        (Verb::StartAnew, AccountUnclear) => (Done, PhoneVerified, 15),
        (Verb::HashPassword, PhoneVerified | PasswordSet) => (Done, at, 14),
        (Verb::SetPassword, PhoneVerified) => (Done, PasswordSet, 15),
        (Verb::SetPassword, PasswordSet) => (Done, PasswordSet, 14),
        _ => (WrongStep(at), at, left),
    }
}

struct Case {
    key: FlowKey,
    purpose: Purpose,
    at: Step,
    verb: Verb,
}

fn policy() -> FlowPolicy {
    FlowPolicy::default()
}

fn hash() -> Change {
    Change::StorePasswordHash(PasswordHash::new("hash".to_owned()))
}

fn start_anew() -> Change {
    Change::StartAnew {
        completion: Completion::Use(PendingId(Uuid::from_u128(9))),
        consent: None,
        new_account: NEW_ACCOUNT,
    }
}

async fn advance(
    store: &dyn Staging,
    case: &Case,
    purpose: Purpose,
    transition: &Transition,
    change: &Change,
) -> Outcome {
    match store.advance(&case.key, purpose, transition, change, policy().verified_ttl).await.unwrap() {
        Advance::Done { .. } => Outcome::Done,
        Advance::WrongStep(step) => Outcome::WrongStep(step),
        Advance::Gone => Outcome::Gone,
        Advance::Exhausted { .. } => panic!("no password hash is left"),
    }
}

async fn enter_code(store: &dyn Staging, case: &Case, purpose: Purpose, right: bool, on_right: OnRight) -> Outcome {
    let rule = Rule::Sliding(Quota { max: 30, window: 60 * MINUTE });
    let wrong_codes = Counter { limit: Limit::WrongCodes, key: case.key.phone_hash.encoded(), rule };
    let attempt = CodeAttempt { purpose, right, wrong_codes, on_right };
    match store.verify_code(&case.key, &attempt).await.unwrap() {
        CodeCheck::Right(_) => Outcome::Done,
        CodeCheck::Wrong { attempts_left: 4 } => Outcome::WrongCode,
        CodeCheck::WrongStep(step) => Outcome::WrongStep(step),
        CodeCheck::Gone => Outcome::Gone,
        other => panic!("{other:?}"),
    }
}

async fn question_account(store: &dyn Staging, case: &Case, purpose: Purpose) -> Outcome {
    advance(store, case, purpose, &Transition::QUESTION_ACCOUNT, &Change::Refunded(None)).await
}

/// Applies the verb of the case on behalf of `purpose`.
async fn apply(store: &dyn Staging, case: &Case, purpose: Purpose) -> Outcome {
    let verify = OnRight::Advance { transition: Transition::VERIFY_CODE, ttl: policy().verified_ttl };
    let redeem = OnRight::Claim { transition: Transition::REDEEM_CODE, owner: OWNER, ttl: policy().claim_ttl };
    match case.verb {
        Verb::Read => match store.read_flow(&case.key, purpose).await.unwrap() {
            Some(flow) => {
                assert_eq!(flow.state.step(), case.at);
                Outcome::Done
            }
            None => Outcome::Gone,
        },
        Verb::Resend => match store.reserve_resend(&case.key, purpose, RESEND, &[]).await.unwrap() {
            Resend::Reserved(_) => Outcome::Done,
            Resend::WrongStep(step) => Outcome::WrongStep(step),
            Resend::Gone => Outcome::Gone,
            Resend::Limited(reached) => panic!("{reached:?}"),
        },
        Verb::VerifyRightCode => enter_code(store, case, purpose, true, verify).await,
        Verb::VerifyWrongCode => enter_code(store, case, purpose, false, verify).await,
        Verb::RedeemRightCode => enter_code(store, case, purpose, true, redeem).await,
        Verb::RedeemWrongCode => enter_code(store, case, purpose, false, redeem).await,
        Verb::AcceptCode => advance(store, case, purpose, &Transition::ACCEPT_CODE, &Change::Refunded(None)).await,
        Verb::QuestionAccount => question_account(store, case, purpose).await,
        Verb::StartAnew => advance(store, case, purpose, &Transition::START_ANEW, &start_anew()).await,
        Verb::HashPassword => advance(store, case, purpose, &Transition::HASH_PASSWORD, &Change::SpendPassword).await,
        Verb::SetPassword => advance(store, case, purpose, &Transition::SET_PASSWORD, &hash()).await,
    }
}

/// Opens a flow of this purpose and leads it to its step.
async fn open(store: &dyn Staging, number: usize, purpose: Purpose, at: Step, verb: Verb) -> Case {
    let phone = Phone::from_stored(format!("+861380013{number:04}")).unwrap();
    let keys = Keys::derive(&[1; 32]);
    let ticket = Ticket::new(PhoneHash::of(&phone, &keys.phone_hash), keys.new_flow(), [7; 28]);
    let case = Case { key: ticket.flow_key(), purpose, at, verb };
    let flow = NewFlow { ip_block: "192.0.2.1".to_owned(), ..NewFlow::new(purpose, phone, &policy()) };
    store.open_flow(&case.key, &flow, &[]).await.unwrap();
    if at == Step::AccountUnclear {
        assert_eq!(question_account(store, &case, purpose).await, Outcome::Done);
    }
    if at >= Step::PhoneVerified {
        let verify = OnRight::Advance { transition: Transition::VERIFY_CODE, ttl: policy().verified_ttl };
        assert_eq!(enter_code(store, &case, purpose, true, verify).await, Outcome::Done);
    }
    if at == Step::PasswordSet {
        assert_eq!(advance(store, &case, purpose, &Transition::SET_PASSWORD, &hash()).await, Outcome::Done);
    }
    case
}

async fn open_all(store: &dyn Staging) -> Vec<Case> {
    let mut cases = Vec::new();
    for purpose in PURPOSES {
        for at in Step::ALL {
            for verb in VERBS {
                cases.push(open(store, cases.len(), purpose, at, verb).await);
            }
        }
    }
    cases
}

async fn assert_at(store: &dyn Staging, case: &Case, purpose: Purpose, step: Step, minutes: u32) {
    let flow = store.read_flow(&case.key, purpose).await.unwrap().unwrap();
    let name = format!("{:?} {:?} {:?}", case.purpose, case.at, case.verb);
    assert_eq!(flow.state.step(), step, "{name}");
    let (left, most) = (flow.expires_in, minutes * MINUTE);
    assert!(left <= most && left + MINUTE / 2 > most, "{name}: {left:?} of {most:?}");
}

/// The clock moves a minute between the last step and the verb, so that a kept and a restarted lifetime differ.
pub async fn every_verb_has_the_outcome_of_the_table(harness: &impl Harness) {
    let store = harness.store();
    let cases = open_all(&*store).await;
    assert_eq!(cases.len(), PURPOSES.len() * Step::ALL.len() * VERBS.len());
    harness.advance(MINUTE);
    for case in &cases {
        let (outcome, step, minutes) = expected(case.verb, case.at);
        let applied = apply(&*store, case, case.purpose).await;
        assert_eq!(applied, outcome, "{:?} {:?} {:?}", case.purpose, case.at, case.verb);
        // A flow that was started anew is one of the sign-up.
        let is_sign_up = case.verb == Verb::StartAnew && outcome == Outcome::Done;
        assert_at(&*store, case, if is_sign_up { Purpose::Register } else { case.purpose }, step, minutes).await;
    }
}

pub async fn no_verb_of_another_purpose_finds_or_changes_a_flow(harness: &impl Harness) {
    let store = harness.store();
    let cases = open_all(&*store).await;
    for case in &cases {
        for other in PURPOSES.into_iter().filter(|other| *other != case.purpose) {
            assert_eq!(apply(&*store, case, other).await, Outcome::Gone, "{:?} as {other:?}", case.purpose);
        }
        assert_at(&*store, case, case.purpose, case.at, if case.at == Step::CodeSent { 5 } else { 15 }).await;
    }
}

pub async fn recording_a_message_does_not_change_the_step(harness: &impl Harness) {
    let store = harness.store();
    for (number, at) in Step::ALL.into_iter().enumerate() {
        let case = open(&*store, number, Purpose::Register, at, Verb::Read).await;
        store.record_sent(&case.key, "console", Some("192.0.2.2")).await.unwrap();
        assert_at(&*store, &case, case.purpose, at, if at == Step::CodeSent { 5 } else { 15 }).await;
    }
}
