//! A ticket is good for one purpose, and one that was made for a signed-in user for nobody else.

use super::{Harness, key, new_flow, no_limits, policy};
use doorstep::domain::flow::{Purpose, Step};
use doorstep::domain::password::PasswordHash;
use doorstep::domain::ticket::FlowKey;
use doorstep::domain::user::UserId;
use doorstep::ports::{Advance, CodeCheck, NewFlow, PasswordTurn, Resend, Staging};
use uuid::Uuid;

const ANN: UserId = UserId(Uuid::from_u128(1));
const BEA: UserId = UserId(Uuid::from_u128(2));

const ALL: [Purpose; 8] = [
    Purpose::Register,
    Purpose::Login,
    Purpose::ResetPassword,
    Purpose::DeleteAccount,
    Purpose::ChangePhone(ANN),
    Purpose::ChangePhone(BEA),
    Purpose::DeleteSelf(ANN),
    Purpose::DeleteSelf(BEA),
];

/// To this purpose there is no such flow, whichever way it asks.
async fn assert_unknown(store: &dyn Staging, key: &FlowKey, purpose: Purpose) {
    let (policy, limits, hash) = (policy(), no_limits(), PasswordHash::new("hash".to_owned()));
    assert!(store.read_flow(key, purpose, &policy).await.unwrap().is_none(), "{purpose:?}");
    let resent = store.reserve_resend(key, purpose, &policy, &limits).await.unwrap();
    assert!(matches!(resent, Resend::Gone), "{purpose:?}: {resent:?}");
    for right in [true, false] {
        let checked = store.check_code(key, purpose, right, &policy, &limits).await.unwrap();
        assert_eq!(checked, CodeCheck::Gone, "{purpose:?}");
        let claimed = store.claim_code(key, purpose, right, &policy, &limits).await.unwrap();
        assert_eq!(claimed, CodeCheck::Gone, "{purpose:?}");
    }
    assert_eq!(store.begin_password(key, purpose, &policy).await.unwrap(), PasswordTurn::Gone, "{purpose:?}");
    assert_eq!(store.set_password(key, purpose, &hash, &policy).await.unwrap(), Advance::Gone, "{purpose:?}");
}

pub async fn a_flow_is_unknown_to_every_other_purpose_and_person(harness: &impl Harness) {
    let store = harness.store();
    for (n, own) in (0..).zip(ALL) {
        let (key, flow) = (key(1, n), NewFlow { purpose: own, ..new_flow(1) });
        store.open_flow(&key, &flow, &policy(), &no_limits()).await.unwrap();
        let step = async || store.read_flow(&key, own, &policy()).await.unwrap().unwrap().state.step();
        for stands_at in [Step::CodeSent, Step::PhoneVerified] {
            for other in ALL.into_iter().filter(|other| *other != own) {
                assert_unknown(&*store, &key, other).await;
            }
            assert_eq!(step().await, stands_at, "{own:?}");
            store.check_code(&key, own, true, &policy(), &no_limits()).await.unwrap();
        }
    }
}
