//! Counting before comparing: however many codes come at once, five wrong ones or one right one end it.

use super::{
    DAY, HOUR, Harness, MINUTE, PURPOSE, assert_left, at_once, check, key, new_flow, no_limits, open, policy, right,
};
use doorstep::domain::flow::{State, Step};
use doorstep::domain::policy::{PhoneLimits, Quota};
use doorstep::ports::{CodeCheck, NewFlow, Resend, Reserved, SendDenial};

fn times(answers: &[CodeCheck], answer: &CodeCheck) -> usize {
    answers.iter().filter(|other| *other == answer).count()
}

pub async fn of_many_right_codes_one_advances(harness: &impl Harness) {
    let (store, key) = (harness.store(), key(1, 1));
    open(&*store, &key, 1, &no_limits()).await;
    let answers = at_once(200, |_| {
        let store = store.clone();
        async move { check(&*store, &key, true, &no_limits()).await }
    });
    let answers = answers.await;
    assert_eq!(times(&answers, &right(1)), 1);
    assert_eq!(times(&answers, &CodeCheck::WrongStep(Step::PhoneVerified)), 199);
}

pub async fn of_many_wrong_codes_five_count(harness: &impl Harness) {
    let (store, key) = (harness.store(), key(1, 1));
    open(&*store, &key, 1, &no_limits()).await;
    let answers = at_once(200, |_| {
        let store = store.clone();
        async move { check(&*store, &key, false, &no_limits()).await }
    });
    let answers = answers.await;
    for attempts_left in 1..=4 {
        assert_eq!(times(&answers, &CodeCheck::Wrong { attempts_left }), 1, "{attempts_left} left");
    }
    assert_eq!(times(&answers, &CodeCheck::Exhausted), 1);
    assert_eq!(times(&answers, &CodeCheck::Gone), 195);
}

pub async fn right_and_wrong_codes_at_once_have_one_end(harness: &impl Harness) {
    for number in 0..10 {
        let (store, key) = (harness.store(), key(number, 1));
        open(&*store, &key, number, &no_limits()).await;
        let answers = at_once(40, |n| {
            let store = store.clone();
            async move { check(&*store, &key, n % 10 == 9, &no_limits()).await }
        });
        let answers = answers.await;
        let wrong = answers.iter().filter(|answer| matches!(answer, CodeCheck::Wrong { .. })).count();
        if times(&answers, &right(number)) == 1 {
            assert!(wrong <= 4, "{wrong}");
            assert_eq!(times(&answers, &CodeCheck::WrongStep(Step::PhoneVerified)), 39 - wrong);
        } else {
            assert_eq!((wrong, times(&answers, &CodeCheck::Exhausted), times(&answers, &CodeCheck::Gone)), (4, 1, 35));
        }
    }
}

fn wrong_codes_a_day(max: u32) -> PhoneLimits {
    PhoneLimits { wrong_codes: Quota { max, window: DAY }, ..no_limits() }
}

pub async fn wrong_codes_of_a_day_add_up_over_flows(harness: &impl Harness) {
    let (store, limits, first, second) = (harness.store(), wrong_codes_a_day(7), key(1, 1), key(1, 2));
    let mut policy = policy();
    policy.life = 2 * DAY;
    for key in [first, second] {
        store.open_flow(&key, &new_flow(1), &policy, &limits).await.unwrap();
    }
    for attempts_left in [4, 3, 2, 1] {
        assert_eq!(check(&*store, &first, false, &limits).await, CodeCheck::Wrong { attempts_left });
    }
    harness.advance(HOUR);
    assert_eq!(check(&*store, &first, false, &limits).await, CodeCheck::Exhausted);
    assert_eq!(check(&*store, &second, false, &limits).await, CodeCheck::Wrong { attempts_left: 4 });
    assert_eq!(check(&*store, &second, false, &limits).await, CodeCheck::Wrong { attempts_left: 3 });

    // The seventh is spent: neither right nor wrong is looked at, and no message goes out.
    for right in [false, true] {
        let CodeCheck::LimitReached { retry_after } = check(&*store, &second, right, &limits).await else {
            panic!("compared in spite of the limit");
        };
        assert_left(retry_after, DAY - HOUR);
    }
    let flow = store.read_flow(&second, PURPOSE, &policy).await.unwrap().unwrap();
    assert!(matches!(flow.state, State::CodeSent { attempts_left: 3, .. }));
    let opened = open(&*store, &key(1, 3), 1, &limits).await;
    assert!(matches!(opened, Reserved::No(SendDenial::LimitReached { .. })), "{opened:?}");
    let resent = store.reserve_resend(&second, PURPOSE, &policy, &limits).await.unwrap();
    assert!(matches!(resent, Resend::No(SendDenial::LimitReached { .. })));

    harness.advance(DAY - HOUR);
    assert_eq!(check(&*store, &second, true, &limits).await, right(1));
}

pub async fn a_right_code_costs_nothing(harness: &impl Harness) {
    let (store, limits) = (harness.store(), wrong_codes_a_day(1));
    for n in 0..3 {
        open(&*store, &key(1, n), 1, &limits).await;
        assert_eq!(check(&*store, &key(1, n), true, &limits).await, right(1));
    }
    open(&*store, &key(1, 9), 1, &limits).await;
    assert_eq!(check(&*store, &key(1, 9), false, &limits).await, CodeCheck::Wrong { attempts_left: 4 });
}

pub async fn a_decoy_has_no_right_code(harness: &impl Harness) {
    let (store, key, limits) = (harness.store(), key(1, 1), wrong_codes_a_day(5));
    let decoy = NewFlow { decoy: true, ..new_flow(1) };
    store.open_flow(&key, &decoy, &policy(), &limits).await.unwrap();
    harness.advance(MINUTE);
    let resent = super::resend(&*store, &key, &limits).await;
    assert!(matches!(resent, Resend::Yes(reservation) if reservation.decoy));
    for attempts_left in [4, 3, 2, 1] {
        assert_eq!(check(&*store, &key, true, &limits).await, CodeCheck::Wrong { attempts_left });
    }
    assert_eq!(check(&*store, &key, true, &limits).await, CodeCheck::Exhausted);
    assert_eq!(check(&*store, &key, true, &limits).await, CodeCheck::Gone);
    let spent = open(&*store, &key, 1, &limits).await;
    assert!(matches!(spent, Reserved::No(SendDenial::LimitReached { .. })), "a decoy's codes count too");
}
