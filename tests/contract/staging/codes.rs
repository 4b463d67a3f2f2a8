//! Codes are counted in the operation that checks them: five wrong codes or one right code end the check, however many
//! arrive at once.

use super::{
    DAY, HOUR, Harness, MINUTE, PURPOSE, allowed, assert_limited, assert_reached, at_once, key, new_flow, open, resend,
    right, spend_password, unlimited, verify,
};
use doorstep::domain::flow::{State, Step};
use doorstep::domain::limits::{Limit, Limits};
use doorstep::ports::{Advance, CodeCheck, NewFlow, Resend};

fn times(checks: &[CodeCheck], expected: &CodeCheck) -> usize {
    checks.iter().filter(|check| *check == expected).count()
}

pub async fn one_of_many_concurrent_right_codes_advances_the_flow(harness: &impl Harness) {
    let (store, key) = (harness.store(), key(1, 1));
    open(&*store, &key, 1, &unlimited()).await;
    let checks = at_once(200, |_| {
        let store = store.clone();
        async move { verify(&*store, &key, true, &unlimited()).await }
    });
    let checks = checks.await;
    assert_eq!(times(&checks, &right(1)), 1);
    assert_eq!(times(&checks, &CodeCheck::WrongStep(Step::PhoneVerified)), 199);
}

/// A flow remembers that the password was right before its code was sent.
pub async fn a_right_code_says_whether_the_password_was_proven(harness: &impl Harness) {
    let store = harness.store();
    for (n, password_proven) in [(1, false), (2, true)] {
        let key = key(1, n);
        let flow = NewFlow { password_proven, ..new_flow(1) };
        allowed(store.open_flow(&key, &flow, &[]).await.unwrap());
        let CodeCheck::Right(verified) = verify(&*store, &key, true, &unlimited()).await else { panic!("not right") };
        assert_eq!(verified.proven.password_proven, password_proven);
        let Advance::Done { proven, .. } = spend_password(&*store, &key, PURPOSE).await else { panic!("not done") };
        assert_eq!(proven, verified.proven);
    }
}

pub async fn five_of_many_concurrent_wrong_codes_count(harness: &impl Harness) {
    let (store, key) = (harness.store(), key(1, 1));
    open(&*store, &key, 1, &unlimited()).await;
    let checks = at_once(200, |_| {
        let store = store.clone();
        async move { verify(&*store, &key, false, &unlimited()).await }
    });
    let checks = checks.await;
    for attempts_left in 1..=4 {
        assert_eq!(times(&checks, &CodeCheck::Wrong { attempts_left }), 1, "{attempts_left} left");
    }
    assert_eq!(times(&checks, &CodeCheck::Exhausted), 1);
    assert_eq!(times(&checks, &CodeCheck::Gone), 195);
}

pub async fn concurrent_right_and_wrong_codes_have_one_outcome(harness: &impl Harness) {
    for number in 0..10 {
        let (store, key) = (harness.store(), key(number, 1));
        open(&*store, &key, number, &unlimited()).await;
        let checks = at_once(40, |n| {
            let store = store.clone();
            async move { verify(&*store, &key, n % 10 == 9, &unlimited()).await }
        });
        let checks = checks.await;
        let wrong = checks.iter().filter(|check| matches!(check, CodeCheck::Wrong { .. })).count();
        if times(&checks, &right(number)) == 1 {
            assert!(wrong <= 4, "{wrong}");
            assert_eq!(times(&checks, &CodeCheck::WrongStep(Step::PhoneVerified)), 39 - wrong);
        } else {
            assert_eq!((wrong, times(&checks, &CodeCheck::Exhausted), times(&checks, &CodeCheck::Gone)), (4, 1, 35));
        }
    }
}

/// Limits with this maximum of wrong codes in a day.
fn wrong_codes_limited(max: u32) -> Limits {
    let mut limits = unlimited();
    limits.set(Limit::WrongCodes, max);
    limits
}

pub async fn wrong_codes_of_a_day_add_up_over_flows(harness: &impl Harness) {
    let (store, limits, first, second) = (harness.store(), wrong_codes_limited(7), key(1, 1), key(1, 2));
    for key in [first, second] {
        let flow = NewFlow { ttl: 2 * DAY, ..new_flow(1) };
        store.open_flow(&key, &flow, &limits.phone(key.phone_hash)).await.unwrap();
    }
    for attempts_left in [4, 3, 2, 1] {
        assert_eq!(verify(&*store, &first, false, &limits).await, CodeCheck::Wrong { attempts_left });
    }
    harness.advance(HOUR);
    assert_eq!(verify(&*store, &first, false, &limits).await, CodeCheck::Exhausted);
    assert_eq!(verify(&*store, &second, false, &limits).await, CodeCheck::Wrong { attempts_left: 4 });
    assert_eq!(verify(&*store, &second, false, &limits).await, CodeCheck::Wrong { attempts_left: 3 });

    // All seven are used: no code is compared, right or wrong, and no message is reserved.
    for right in [false, true] {
        let CodeCheck::Limited(reached) = verify(&*store, &second, right, &limits).await else {
            panic!("compared in spite of the limit");
        };
        assert_reached(&reached, Limit::WrongCodes, DAY - HOUR);
    }
    let flow = store.read_flow(&second, PURPOSE).await.unwrap().unwrap();
    assert!(matches!(flow.state, State::CodeSent { attempts_left: 3, .. }));
    assert_limited(&open(&*store, &key(1, 3), 1, &limits).await, Limit::WrongCodes, DAY - HOUR);
    let resent = resend(&*store, &second, &limits).await;
    let Resend::Limited(reached) = resent else { panic!("{resent:?}") };
    assert_reached(&reached, Limit::WrongCodes, DAY - HOUR);

    harness.advance(DAY - HOUR);
    assert_eq!(verify(&*store, &second, true, &limits).await, right(1));
}

pub async fn a_right_code_is_not_counted_as_wrong(harness: &impl Harness) {
    let (store, limits) = (harness.store(), wrong_codes_limited(1));
    for n in 0..3 {
        open(&*store, &key(1, n), 1, &limits).await;
        assert_eq!(verify(&*store, &key(1, n), true, &limits).await, right(1));
    }
    open(&*store, &key(1, 9), 1, &limits).await;
    assert_eq!(verify(&*store, &key(1, 9), false, &limits).await, CodeCheck::Wrong { attempts_left: 4 });
}

pub async fn a_decoy_has_no_right_code(harness: &impl Harness) {
    let (store, key, limits) = (harness.store(), key(1, 1), wrong_codes_limited(5));
    let decoy = NewFlow { decoy: true, ..new_flow(1) };
    store.open_flow(&key, &decoy, &limits.phone(key.phone_hash)).await.unwrap();
    harness.advance(MINUTE);
    let resent = resend(&*store, &key, &limits).await;
    assert!(matches!(resent, Resend::Reserved(reserved) if reserved.decoy));
    for attempts_left in [4, 3, 2, 1] {
        assert_eq!(verify(&*store, &key, true, &limits).await, CodeCheck::Wrong { attempts_left });
    }
    assert_eq!(verify(&*store, &key, true, &limits).await, CodeCheck::Exhausted);
    assert_eq!(verify(&*store, &key, true, &limits).await, CodeCheck::Gone);
    // Codes entered for a decoy count as wrong codes of the phone.
    assert_limited(&open(&*store, &key, 1, &limits).await, Limit::WrongCodes, DAY);
}
