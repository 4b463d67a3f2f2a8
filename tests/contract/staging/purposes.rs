//! A ticket is valid for one purpose. A ticket of a signed-in user is valid for that user only.

use super::{Harness, RESEND, claim_attempt, code_attempt, key, new_flow, set_password, spend_password, unlimited};
use doorstep::domain::flow::{Purpose, Step};
use doorstep::domain::ticket::FlowKey;
use doorstep::domain::user::UserId;
use doorstep::ports::{Advance, CodeAttempt, CodeCheck, NewFlow, Resend, Staging};
use uuid::Uuid;

const FIRST_USER: UserId = UserId(Uuid::from_u128(1));
const SECOND_USER: UserId = UserId(Uuid::from_u128(2));

const ALL: [Purpose; 13] = [
    Purpose::Register,
    Purpose::Login,
    Purpose::ResetPassword,
    Purpose::DeleteAccount,
    Purpose::ChangePhone(FIRST_USER),
    Purpose::ChangePhone(SECOND_USER),
    Purpose::Reclaim,
    Purpose::DeleteSelf(FIRST_USER),
    Purpose::DeleteSelf(SECOND_USER),
    Purpose::SetPassword(FIRST_USER),
    Purpose::SetPassword(SECOND_USER),
    Purpose::ConfirmPhone(FIRST_USER),
    Purpose::ConfirmPhone(SECOND_USER),
];

/// Asserts that every method answers this purpose as if there were no flow.
async fn assert_unknown(store: &dyn Staging, key: &FlowKey, purpose: Purpose) {
    let limits = unlimited();
    assert!(store.read_flow(key, purpose).await.unwrap().is_none(), "{purpose:?}");
    let resent = store.reserve_resend(key, purpose, RESEND, &limits.phone(key.phone_hash)).await.unwrap();
    assert!(matches!(resent, Resend::Gone), "{purpose:?}: {resent:?}");
    for right in [true, false] {
        for attempt in [code_attempt(key, right, &limits), claim_attempt(key, right, &limits)] {
            let check = store.verify_code(key, &CodeAttempt { purpose, ..attempt }).await.unwrap();
            assert_eq!(check, CodeCheck::Gone, "{purpose:?}");
        }
    }
    assert_eq!(spend_password(store, key, purpose).await, Advance::Gone, "{purpose:?}");
    assert_eq!(set_password(store, key, purpose, "hash").await, Advance::Gone, "{purpose:?}");
}

pub async fn a_flow_is_unknown_to_every_other_purpose_and_user(harness: &impl Harness) {
    let (store, limits) = (harness.store(), unlimited());
    for (n, own) in (0..).zip(ALL) {
        let (key, flow) = (key(1, n), NewFlow { purpose: own, ..new_flow(1) });
        store.open_flow(&key, &flow, &limits.phone(key.phone_hash)).await.unwrap();
        let step = async || store.read_flow(&key, own).await.unwrap().unwrap().state.step();
        for expected in [Step::CodeSent, Step::PhoneVerified] {
            for other in ALL.into_iter().filter(|other| *other != own) {
                assert_unknown(&*store, &key, other).await;
            }
            assert_eq!(step().await, expected, "{own:?}");
            let attempt = CodeAttempt { purpose: own, ..code_attempt(&key, true, &limits) };
            store.verify_code(&key, &attempt).await.unwrap();
        }
    }
}
