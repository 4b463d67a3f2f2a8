//! A send is reserved before the message is sent: the limits on messages to one phone.

use super::{
    DAY, HOUR, Harness, MINUTE, PURPOSE, allowed, assert_left, assert_limited, assert_reached, at_once, cancel_first,
    cancel_resend, key, limits, new_id, open, refundable, resend, unlimited, verify,
};
use doorstep::domain::flow::State;
use doorstep::domain::limits::Cooldowns;
use doorstep::domain::limits::{Counter, Denial, Limit, Limits, Quota, Refund, Rule};
use doorstep::ports::{Admission, CancelledSend, CodeCheck, Counts, Resend, ReservedResend, Staging};
use std::time::Duration;

/// Cooldown that follows a send.
fn cooldown(limits: &Limits, counts: &Counts) -> Duration {
    limits.cooldowns.after(counts.get(Limit::PhoneCooldown))
}

/// Opens the `n`-th flow of phone 1 with the default limits, and returns the cooldown that follows.
async fn send(store: &dyn Staging, n: u8) -> Duration {
    cooldown(&limits(), &allowed(open(store, &key(1, n), 1, &limits()).await))
}

/// Reserves a resend with the default limits, and returns it with the cooldown that follows.
async fn reserved_resend(store: &dyn Staging, n: u8) -> (ReservedResend, Duration) {
    match resend(store, &key(1, n), &limits()).await {
        Resend::Reserved(reserved) => {
            let cooldown = cooldown(&limits(), &reserved.counts);
            (reserved, cooldown)
        }
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn assert_denied(admission: &Admission, denial: Denial) {
    match admission {
        Admission::Limited(reached) => assert_eq!(reached.denial(), denial),
        Admission::Allowed(counts) => panic!("{denial:?} is missing: {counts:?}"),
    }
}

#[track_caller]
fn assert_cooling(admission: &Admission, left: Duration) {
    assert_denied(admission, Denial::ResendCooldown);
    assert_limited(admission, Limit::PhoneCooldown, left);
}

#[track_caller]
fn assert_exhausted(admission: &Admission, limit: Limit, left: Duration) {
    assert_denied(admission, Denial::PhoneLimitReached);
    assert_limited(admission, limit, left);
}

pub async fn one_of_100_concurrent_sends_is_reserved(harness: &impl Harness) {
    let store = harness.store();
    let sends = at_once(100, |n| {
        let store = store.clone();
        async move { (n, open(&*store, &key(1, n), 1, &limits()).await) }
    });
    let mut reserved = Vec::new();
    for (n, admission) in sends.await {
        match admission {
            Admission::Allowed(counts) => reserved.push((n, cooldown(&limits(), &counts))),
            limited => assert_cooling(&limited, MINUTE),
        }
    }
    assert_eq!(reserved.len(), 1);
    assert_eq!(reserved[0].1, MINUTE);
    for n in 0..100 {
        let stored = store.read_flow(&key(1, n), PURPOSE).await.unwrap().is_some();
        assert_eq!(stored, n == reserved[0].0, "the send is counted and the flow stored, or neither");
    }
}

pub async fn concurrent_sends_never_exceed_the_hourly_limit(harness: &impl Harness) {
    let (store, mut limits) = (harness.store(), limits());
    limits.cooldowns = Cooldowns(Vec::new());
    open(&*store, &key(1, 0), 1, &limits).await;
    let sends = at_once(100, |n| {
        let (store, limits) = (store.clone(), limits.clone());
        async move {
            match n % 2 {
                0 => matches!(open(&*store, &key(1, n + 1), 1, &limits).await, Admission::Allowed(_)),
                _ => matches!(resend(&*store, &key(1, 0), &limits).await, Resend::Reserved(_)),
            }
        }
    });
    assert_eq!(sends.await.into_iter().filter(|reserved| *reserved).count(), 4);
}

pub async fn the_cooldown_grows_and_starts_again_after_an_hour(harness: &impl Harness) {
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

pub async fn a_phone_gets_five_sends_an_hour_and_ten_a_day(harness: &impl Harness) {
    let store = harness.store();
    for hour in 0..2 {
        for n in 0..5 {
            send(&*store, 5 * hour + n).await;
            harness.advance(5 * MINUTE);
        }
        let left = if hour == 0 { HOUR - 25 * MINUTE } else { DAY - HOUR - 25 * MINUTE };
        assert_exhausted(&open(&*store, &key(1, 99), 1, &limits()).await, Limit::PhoneHour, left);
        harness.advance(HOUR - 25 * MINUTE);
    }
    assert_exhausted(&open(&*store, &key(1, 99), 1, &limits()).await, Limit::PhoneDay, DAY - 2 * HOUR);
    harness.advance(DAY - 2 * HOUR);
    assert_eq!(send(&*store, 11).await, MINUTE);
}

pub async fn phones_have_separate_limits(harness: &impl Harness) {
    let store = harness.store();
    for number in 1..20 {
        let counts = allowed(open(&*store, &key(number, 1), number, &limits()).await);
        assert_eq!(cooldown(&limits(), &counts), MINUTE);
        assert_eq!([Limit::PhoneHour, Limit::PhoneDay].map(|limit| counts.get(limit)), [1, 1]);
    }
}

pub async fn a_resend_keeps_the_lifetime_and_the_attempts(harness: &impl Harness) {
    let (store, key) = (harness.store(), key(1, 1));
    send(&*store, 1).await;
    assert_eq!(verify(&*store, &key, false, &limits()).await, CodeCheck::Wrong { attempts_left: 4 });
    let denied = resend(&*store, &key, &limits()).await;
    let Resend::Limited(reached) = denied else { panic!("{denied:?}") };
    assert_eq!(reached.denial(), Denial::ResendCooldown);

    harness.advance(MINUTE);
    let (second, cooldown) = reserved_resend(&*store, 1).await;
    assert_eq!((second.phone, second.decoy), (super::phone(1), false));
    assert_eq!((second.send, second.attempts_left, cooldown), (2, 4, 2 * MINUTE));
    assert_left(second.expires_in, 4 * MINUTE);

    harness.advance(2 * MINUTE);
    let (third, cooldown) = reserved_resend(&*store, 1).await;
    assert_eq!((third.send, third.attempts_left, cooldown), (3, 4, 5 * MINUTE));
    assert_left(third.expires_in, 2 * MINUTE);
    assert_eq!(verify(&*store, &key, false, &limits()).await, CodeCheck::Wrong { attempts_left: 3 });

    harness.advance(2 * MINUTE);
    assert!(matches!(resend(&*store, &key, &limits()).await, Resend::Gone));
}

pub async fn a_denied_send_changes_nothing(harness: &impl Harness) {
    let (store, flow) = (harness.store(), key(1, 1));
    send(&*store, 1).await;
    for _ in 0..20 {
        assert!(matches!(resend(&*store, &flow, &limits()).await, Resend::Limited(_)));
        assert!(matches!(open(&*store, &key(1, 2), 1, &limits()).await, Admission::Limited(_)));
    }
    harness.advance(MINUTE);
    let (second, cooldown) = reserved_resend(&*store, 1).await;
    assert_eq!((second.send, cooldown), (2, 2 * MINUTE));
}

pub async fn a_send_that_reaches_several_limits_waits_for_the_longest(harness: &impl Harness) {
    let (store, flow) = (harness.store(), key(1, 1));
    let mut limits = limits();
    limits.set(Limit::PhoneHour, 1);
    limits.set(Limit::PhoneDay, 1);
    open(&*store, &flow, 1, &limits).await;
    // The cooldown is named first: its denial decides, and the waits of other denials do not count.
    let denials = [
        (Limit::PhoneCooldown, Denial::ResendCooldown, MINUTE),
        (Limit::PhoneHour, Denial::PhoneLimitReached, DAY - MINUTE),
    ];
    for (limit, denial, left) in denials {
        let opened = open(&*store, &key(1, 2), 1, &limits).await;
        assert_denied(&opened, denial);
        assert_limited(&opened, limit, left);
        let resent = resend(&*store, &flow, &limits).await;
        let Resend::Limited(reached) = resent else { panic!("{resent:?}") };
        assert_eq!(reached.denial(), denial);
        assert_reached(&reached, limit, left);
        harness.advance(MINUTE);
    }
}

pub async fn cancelling_a_send_refunds_everything(harness: &impl Harness) {
    let (store, flow) = (harness.store(), key(1, 1));
    let refund = refundable(&flow, Refund::NothingDone);
    for _ in 0..20 {
        assert_eq!(send(&*store, 1).await, MINUTE);
        cancel_first(&*store, &flow, &refund).await;
        assert!(store.read_flow(&flow, PURPOSE).await.unwrap().is_none());
    }
    // No window has begun with the cancelled sends.
    harness.advance(30 * MINUTE);
    for n in 0..4 {
        send(&*store, n).await;
        harness.advance(5 * MINUTE);
    }
    send(&*store, 4).await;
    cancel_first(&*store, &key(1, 4), &refund).await;
    assert_eq!(send(&*store, 5).await, 5 * MINUTE, "it is again the fifth of the hour");
}

pub async fn a_cancelled_resend_keeps_the_flow(harness: &impl Harness) {
    let (store, flow) = (harness.store(), key(1, 1));
    send(&*store, 1).await;
    harness.advance(MINUTE);
    for _ in 0..3 {
        assert_eq!(reserved_resend(&*store, 1).await.1, 2 * MINUTE);
        cancel_resend(&*store, &flow, &refundable(&flow, Refund::NothingDone)).await;
    }
    let open = store.read_flow(&flow, PURPOSE).await.unwrap().unwrap();
    assert!(matches!(open.state, State::CodeSent { resend_in: Duration::ZERO, .. }));
}

/// The caller may not know whether the resend was reserved, or already cancelled.
pub async fn only_a_reserved_resend_is_cancelled_and_only_once(harness: &impl Harness) {
    let (store, flow) = (harness.store(), key(1, 1));
    let refund = refundable(&flow, Refund::NothingDone);
    send(&*store, 1).await;
    cancel_resend(&*store, &flow, &refund).await;
    assert_cooling(&open(&*store, &key(1, 2), 1, &limits()).await, MINUTE);
    harness.advance(MINUTE);
    assert_eq!(reserved_resend(&*store, 1).await.1, 2 * MINUTE);
    let other = CancelledSend::Resend(new_id());
    store.cancel_send(&flow, other, &refund).await.unwrap();
    assert_cooling(&open(&*store, &key(1, 2), 1, &limits()).await, 2 * MINUTE);
    for _ in 0..5 {
        cancel_resend(&*store, &flow, &refund).await;
    }
    // The first message is still counted: this is the second again.
    assert_eq!(reserved_resend(&*store, 1).await.1, 2 * MINUTE);
}

pub async fn an_unknown_outcome_ends_only_the_cooldown(harness: &impl Harness) {
    let store = harness.store();
    for n in 0..5 {
        send(&*store, n).await;
        cancel_first(&*store, &key(1, n), &refundable(&key(1, n), Refund::UnknownOutcome)).await;
    }
    assert_exhausted(&open(&*store, &key(1, 9), 1, &limits()).await, Limit::PhoneHour, HOUR);
}

/// The caller may not know whether the send was reserved.
pub async fn cancelling_a_send_of_an_unknown_flow_does_nothing(harness: &impl Harness) {
    let (store, refund) = (harness.store(), refundable(&key(1, 2), Refund::NothingDone));
    cancel_first(&*store, &key(1, 2), &refund).await;
    send(&*store, 1).await;
    cancel_first(&*store, &key(1, 2), &refund).await;
    assert_cooling(&open(&*store, &key(1, 3), 1, &limits()).await, MINUTE);
    assert!(store.read_flow(&key(1, 1), PURPOSE).await.unwrap().is_some());
}

pub async fn cancelling_stops_at_zero(harness: &impl Harness) {
    let (store, flow) = (harness.store(), key(1, 1));
    let rule = Rule::Count(Quota { max: 2, window: MINUTE });
    let counters = [Counter { limit: Limit::PhoneHour, key: flow.phone_hash.encoded(), rule }];
    let send = async |n| store.open_flow(&key(1, n), &super::new_flow(1), &counters).await.unwrap();
    allowed(send(1).await);
    // The window of the counter ends before the flow expires.
    harness.advance(2 * MINUTE);
    cancel_first(&*store, &flow, &counters).await;
    for n in 0..2 {
        allowed(send(n).await);
    }
    assert_exhausted(&send(3).await, Limit::PhoneHour, MINUTE);
}

pub async fn sends_without_cooldowns_do_not_wait(harness: &impl Harness) {
    let store = harness.store();
    for cooldowns in [Vec::new(), vec![Duration::ZERO]] {
        let mut limits = unlimited();
        limits.cooldowns = Cooldowns(cooldowns);
        for n in 0..3 {
            let counts = allowed(open(&*store, &key(1, n), 1, &limits).await);
            assert_eq!(cooldown(&limits, &counts), Duration::ZERO);
        }
    }
}
