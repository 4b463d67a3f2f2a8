//! Reserve before you send: how often a code may go to one phone.

use super::{
    DAY, HOUR, Harness, MINUTE, PURPOSE, assert_left, at_once, check, key, limits, no_limits, open, policy, resend,
};
use doorstep::domain::flow::State;
use doorstep::domain::policy::{PhoneLimits, Quota};
use doorstep::ports::{Cancel, CodeCheck, Resend, Reservation, Reserved, SendDenial, Staging};
use std::time::Duration;

/// Opens the `n`-th flow of phone 1 by the default limits; the cooldown that follows.
async fn send(store: &dyn Staging, n: u8) -> Duration {
    match open(store, &key(1, n), 1, &limits()).await {
        Reserved::Yes { resend_in } => resend_in,
        Reserved::No(refusal) => panic!("send {n}: {refusal:?}"),
    }
}

fn granted(resend: Resend) -> Reservation {
    match resend {
        Resend::Yes(reservation) => reservation,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn assert_cooling(reserved: &Reserved, left: Duration) {
    let Reserved::No(SendDenial::Cooldown { retry_after }) = *reserved else { panic!("{reserved:?}") };
    assert_left(retry_after, left);
}

#[track_caller]
fn assert_limited(reserved: &Reserved, left: Duration) {
    let Reserved::No(SendDenial::LimitReached { retry_after }) = *reserved else { panic!("{reserved:?}") };
    assert_left(retry_after, left);
}

pub async fn of_a_hundred_at_once_one_is_reserved(harness: &impl Harness) {
    let store = harness.store();
    let answers = at_once(100, |n| {
        let store = store.clone();
        async move { (n, open(&*store, &key(1, n), 1, &limits()).await) }
    });
    let mut winners = Vec::new();
    for (n, answer) in answers.await {
        match answer {
            Reserved::Yes { resend_in } => winners.push((n, resend_in)),
            refused => assert_cooling(&refused, MINUTE),
        }
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(winners[0].1, MINUTE);
    for n in 0..100 {
        let stored = store.read_flow(&key(1, n), PURPOSE, &policy()).await.unwrap().is_some();
        assert_eq!(stored, n == winners[0].0, "both the send and the flow, or neither");
    }
}

pub async fn a_full_hour_holds_under_a_race(harness: &impl Harness) {
    let (store, limits) = (harness.store(), PhoneLimits { cooldowns: Vec::new(), ..limits() });
    open(&*store, &key(1, 0), 1, &limits).await;
    let answers = at_once(100, |n| {
        let (store, limits) = (store.clone(), limits.clone());
        async move {
            match n % 2 {
                0 => matches!(open(&*store, &key(1, n + 1), 1, &limits).await, Reserved::Yes { .. }),
                _ => matches!(resend(&*store, &key(1, 0), &limits).await, Resend::Yes(_)),
            }
        }
    });
    assert_eq!(answers.await.into_iter().filter(|granted| *granted).count(), 4);
}

pub async fn the_cooldown_grows_and_begins_anew(harness: &impl Harness) {
    let store = harness.store();
    for (n, minutes) in [1, 2, 5, 5, 5].into_iter().enumerate() {
        let n = u8::try_from(n).unwrap();
        assert_eq!(send(&*store, n).await, minutes * MINUTE, "send {n}");
        assert_cooling(&open(&*store, &key(1, 99), 1, &limits()).await, minutes * MINUTE);
        harness.advance(minutes * MINUTE - MINUTE / 2);
        assert_cooling(&open(&*store, &key(1, 99), 1, &limits()).await, MINUTE / 2);
        harness.advance(MINUTE / 2);
    }
    harness.advance(HOUR);
    assert_eq!(send(&*store, 6).await, MINUTE);
}

pub async fn five_an_hour_and_ten_a_day(harness: &impl Harness) {
    let store = harness.store();
    for hour in 0..2 {
        for n in 0..5 {
            send(&*store, 5 * hour + n).await;
            harness.advance(5 * MINUTE);
        }
        let left = if hour == 0 { HOUR - 25 * MINUTE } else { DAY - HOUR - 25 * MINUTE };
        assert_limited(&open(&*store, &key(1, 99), 1, &limits()).await, left);
        harness.advance(HOUR - 25 * MINUTE);
    }
    assert_limited(&open(&*store, &key(1, 99), 1, &limits()).await, DAY - 2 * HOUR);
    harness.advance(DAY - 2 * HOUR);
    assert_eq!(send(&*store, 11).await, MINUTE);
}

pub async fn phones_are_apart(harness: &impl Harness) {
    let store = harness.store();
    for number in 1..20 {
        assert_eq!(open(&*store, &key(number, 1), number, &limits()).await, Reserved::Yes { resend_in: MINUTE });
    }
}

pub async fn a_resend_prolongs_nothing(harness: &impl Harness) {
    let (store, key) = (harness.store(), key(1, 1));
    send(&*store, 1).await;
    assert_eq!(check(&*store, &key, false, &limits()).await, CodeCheck::Wrong { attempts_left: 4 });
    let refused = resend(&*store, &key, &limits()).await;
    assert!(matches!(refused, Resend::No(SendDenial::Cooldown { .. })), "{refused:?}");

    harness.advance(MINUTE);
    let second = granted(resend(&*store, &key, &limits()).await);
    assert_eq!((second.phone, second.decoy), (super::phone(1), false));
    assert_eq!((second.send, second.attempts_left, second.resend_in), (2, 4, 2 * MINUTE));
    assert_left(second.expires_in, 4 * MINUTE);

    harness.advance(2 * MINUTE);
    let third = granted(resend(&*store, &key, &limits()).await);
    assert_eq!((third.send, third.attempts_left, third.resend_in), (3, 4, 5 * MINUTE));
    assert_left(third.expires_in, 2 * MINUTE);
    assert_eq!(check(&*store, &key, false, &limits()).await, CodeCheck::Wrong { attempts_left: 3 });

    harness.advance(2 * MINUTE);
    assert!(matches!(resend(&*store, &key, &limits()).await, Resend::Gone));
}

pub async fn a_refused_send_changes_nothing(harness: &impl Harness) {
    let (store, key) = (harness.store(), key(1, 1));
    send(&*store, 1).await;
    for _ in 0..20 {
        assert!(matches!(resend(&*store, &key, &limits()).await, Resend::No(_)));
        assert!(matches!(open(&*store, &super::key(1, 2), 1, &limits()).await, Reserved::No(_)));
    }
    harness.advance(MINUTE);
    let second = granted(resend(&*store, &key, &limits()).await);
    assert_eq!((second.send, second.resend_in), (2, 2 * MINUTE));
}

const NEVER_WENT_OUT: Cancel = Cancel { refund: true, end: true };

pub async fn a_cancelled_send_was_never_made(harness: &impl Harness) {
    let (store, flow) = (harness.store(), key(1, 1));
    for _ in 0..20 {
        assert_eq!(send(&*store, 1).await, MINUTE);
        store.cancel_send(&flow, NEVER_WENT_OUT).await.unwrap();
        assert!(store.read_flow(&flow, PURPOSE, &policy()).await.unwrap().is_none());
    }
    // Not even the window of the first one has begun.
    harness.advance(30 * MINUTE);
    for n in 0..4 {
        send(&*store, n).await;
        harness.advance(5 * MINUTE);
    }
    send(&*store, 4).await;
    store.cancel_send(&key(1, 4), NEVER_WENT_OUT).await.unwrap();
    assert_eq!(send(&*store, 5).await, 5 * MINUTE, "the fifth of the hour again");
}

pub async fn a_cancelled_resend_leaves_the_flow(harness: &impl Harness) {
    let (store, flow) = (harness.store(), key(1, 1));
    send(&*store, 1).await;
    harness.advance(MINUTE);
    for _ in 0..3 {
        assert_eq!(granted(resend(&*store, &flow, &limits()).await).resend_in, 2 * MINUTE);
        store.cancel_send(&flow, Cancel { refund: true, end: false }).await.unwrap();
    }
    let open = store.read_flow(&flow, PURPOSE, &policy()).await.unwrap().unwrap();
    assert!(matches!(open.state, State::CodeSent { resend_in: Duration::ZERO, .. }));
}

pub async fn without_a_refund_only_the_cooldown_ends(harness: &impl Harness) {
    let store = harness.store();
    for n in 0..5 {
        send(&*store, n).await;
        store.cancel_send(&key(1, n), Cancel { refund: false, end: true }).await.unwrap();
    }
    assert_limited(&open(&*store, &key(1, 9), 1, &limits()).await, HOUR);
}

/// So that it can be called when nobody knows whether the send was reserved.
pub async fn cancelling_a_send_that_was_not_reserved_changes_nothing(harness: &impl Harness) {
    let store = harness.store();
    store.cancel_send(&key(1, 2), NEVER_WENT_OUT).await.unwrap();
    send(&*store, 1).await;
    store.cancel_send(&key(1, 2), NEVER_WENT_OUT).await.unwrap();
    assert!(matches!(open(&*store, &key(1, 3), 1, &limits()).await, Reserved::No(SendDenial::Cooldown { .. })));
    assert!(store.read_flow(&key(1, 1), PURPOSE, &policy()).await.unwrap().is_some());
}

pub async fn cancelling_stops_at_zero(harness: &impl Harness) {
    let (store, flow) = (harness.store(), key(1, 1));
    let hour = Quota { max: 2, window: MINUTE };
    let limits = PhoneLimits { hourly: hour, cooldowns: Vec::new(), ..no_limits() };
    open(&*store, &flow, 1, &limits).await;
    // The counter's window ends before the flow does.
    harness.advance(2 * MINUTE);
    store.cancel_send(&flow, Cancel { refund: true, end: false }).await.unwrap();
    for n in 0..2 {
        assert!(matches!(open(&*store, &key(1, n), 1, &limits).await, Reserved::Yes { .. }));
    }
    assert_limited(&open(&*store, &key(1, 3), 1, &limits).await, MINUTE);
}

pub async fn without_cooldowns_nobody_waits(harness: &impl Harness) {
    let store = harness.store();
    for cooldowns in [Vec::new(), vec![Duration::ZERO]] {
        let limits = PhoneLimits { cooldowns, ..no_limits() };
        for n in 0..3 {
            assert_eq!(open(&*store, &key(1, n), 1, &limits).await, Reserved::Yes { resend_in: Duration::ZERO });
        }
    }
}
