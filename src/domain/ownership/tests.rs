//! Tables of the rule, written from its description and not from its code.

use super::AccountState::{Current, Dormant, OldProof};
use super::*;
use crate::domain::pending::ActKind::{Deletion, NumberClaim, PasswordReset, PhoneChange, SignIn};
use uuid::Uuid;

/// Result of the rule, before the pending act is looked at.
#[derive(Debug, Clone, Copy)]
enum Answer {
    Enters,
    IsDormant,
    IsDetached,
    IsHeld,
}

use Answer::{Enters, IsDetached, IsDormant, IsHeld};

/// Answer for a code alone, with the password, with a known device, with both.
const TABLE: [(ActKind, AccountState, [Answer; 4]); 15] = [
    (SignIn, Dormant, [IsDormant, Enters, Enters, Enters]),
    (SignIn, OldProof, [IsHeld, Enters, Enters, Enters]),
    (SignIn, Current, [Enters, Enters, Enters, Enters]),
    (PasswordReset, Dormant, [IsDormant, Enters, Enters, Enters]),
    (PasswordReset, OldProof, [IsHeld, Enters, Enters, Enters]),
    (PasswordReset, Current, [Enters, Enters, Enters, Enters]),
    (Deletion, Dormant, [IsDetached, Enters, Enters, Enters]),
    (Deletion, OldProof, [IsHeld, Enters, Enters, Enters]),
    (Deletion, Current, [IsHeld, Enters, Enters, Enters]),
    (PhoneChange, Dormant, [IsHeld, IsHeld, IsHeld, Enters]),
    (PhoneChange, OldProof, [IsHeld, IsHeld, IsHeld, Enters]),
    (PhoneChange, Current, [IsHeld, IsHeld, IsHeld, Enters]),
    (NumberClaim, Dormant, [IsDetached, IsDetached, IsDetached, IsDetached]),
    (NumberClaim, OldProof, [IsHeld, IsHeld, IsHeld, IsHeld]),
    (NumberClaim, Current, [IsHeld, IsHeld, IsHeld, IsHeld]),
];

const ID: PendingId = PendingId(Uuid::from_u128(7));
const TARGET: &str = "+8613800138009";
const OTHER_TARGET: &str = "+8613800138008";

fn now() -> DateTime<Utc> {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn days(days: i64) -> TimeDelta {
    TimeDelta::days(days)
}

/// Act asked for at this time; it is ready a day later, and expires a week after that.
fn asked(kind: ActKind, at: DateTime<Utc>, target: Option<&str>) -> PendingAct {
    PendingAct {
        id: ID,
        kind,
        target: target.map(str::to_owned),
        session: None,
        device_name: None,
        asked_at: at,
        ready_at: at + days(1),
        expires_at: at + days(8),
        approved_at: None,
        refused_at: None,
    }
}

/// Every state of a pending act of this kind, and the outcome of an act that is held.
fn held_table(kind: ActKind, target: Option<&str>) -> Vec<(&'static str, Option<PendingAct>, Outcome)> {
    let hour = TimeDelta::hours(1);
    let waiting = |target| asked(kind, now() - hour, target);
    let ready = |target| asked(kind, now() - days(1), target);
    let approved = |target| PendingAct { approved_at: Some(now() - hour), ..waiting(target) };
    let refused = |target| PendingAct { refused_at: Some(now() - hour), ..waiting(target) };
    let late = |target| PendingAct { refused_at: Some(now() - hour), ..ready(target) };
    let (in_a_day, in_a_week) = (now() - hour + days(1), now() - hour + days(8));
    let done = Outcome::Enter { uses: Some(ID) };
    let mut table = vec![
        ("none", None, Outcome::Hold),
        ("waiting", Some(waiting(target)), Outcome::Held { until: in_a_day }),
        ("ready", Some(ready(target)), done),
        ("approved", Some(approved(target)), done),
        ("refused", Some(refused(target)), Outcome::Refused { until: in_a_week }),
        ("refused, and ready otherwise", Some(late(target)), Outcome::Refused { until: now() + days(7) }),
    ];
    for other in [Some(OTHER_TARGET), None].into_iter().filter(|other| *other != target) {
        table.extend([
            ("waiting, other target", Some(waiting(other)), Outcome::Held { until: in_a_day }),
            ("ready, other target", Some(ready(other)), Outcome::Held { until: now() + days(7) }),
            ("approved, other target", Some(approved(other)), Outcome::Held { until: in_a_week }),
            ("refused, other target", Some(refused(other)), Outcome::Refused { until: in_a_week }),
        ]);
    }
    table
}

/// Held act that a person with more evidence removes: every one that was not refused.
fn removed(pending: Option<&PendingAct>) -> Option<PendingId> {
    pending.filter(|act| act.refused_at.is_none()).map(|act| act.id)
}

#[test]
fn every_act_state_evidence_and_pending_act_has_the_outcome_of_the_table() {
    let evidence = [(false, false), (true, false), (false, true), (true, true)];
    let mut cases = 0;
    for (act, state, answers) in TABLE {
        for ((password, device), answer) in evidence.into_iter().zip(answers) {
            for target in [None, Some(TARGET)] {
                for (name, pending, held) in held_table(act, target) {
                    let expected = match answer {
                        Enters if password || device => Outcome::Enter { uses: removed(pending.as_ref()) },
                        Enters => Outcome::Enter { uses: None },
                        IsDormant => Outcome::Dormant,
                        IsDetached => Outcome::Detach,
                        IsHeld => held,
                    };
                    let evidence = Evidence { password, device };
                    let outcome = decide(act, state, evidence, pending.as_ref(), target, now());
                    assert_eq!(outcome, expected, "{act:?} {state:?} {evidence:?} {name} {target:?}");
                    cases += 1;
                }
            }
        }
    }
    assert_eq!(cases, ActKind::ALL.len() * 3 * 4 * (10 + 14));
}

#[test]
fn the_table_names_every_act_and_state_once() {
    for act in ActKind::ALL {
        for state in [Dormant, OldProof, Current] {
            let rows = TABLE.iter().filter(|(kind, at, _)| (*kind, *at) == (act, state)).count();
            assert_eq!(rows, 1, "{act:?} {state:?}");
        }
    }
}

#[test]
fn an_act_is_ready_from_its_time_on() {
    let act = asked(SignIn, now(), None);
    let outcome = |at| decide(SignIn, OldProof, Evidence::default(), Some(&act), None, at);
    let tick = TimeDelta::microseconds(1);
    assert_eq!(outcome(act.ready_at - tick), Outcome::Held { until: act.ready_at });
    assert_eq!(outcome(act.ready_at), Outcome::Enter { uses: Some(ID) });
}

/// Ages of the last proof and the last use in days, and the state.
const AGES: [(i64, i64, AccountState); 13] = [
    (0, 0, Current),
    (0, 400, Current),
    (89, 0, Current),
    (89, 90, Current),
    (89, 400, Current),
    // Neither proven nor used for 90 days.
    (90, 90, Dormant),
    (90, 400, Dormant),
    (400, 90, Dormant),
    (400, 400, Dormant),
    // Used lately, and not proven for 90 days: the carrier may have given the number to another person.
    (90, 0, OldProof),
    (90, 31, OldProof),
    (90, 89, OldProof),
    (400, 89, OldProof),
];

fn state(policy: &OwnershipPolicy, proven: i64, used: i64) -> AccountState {
    Facts { proven_at: now() - days(proven), used_at: now() - days(used) }.state(policy, now())
}

#[test]
fn the_state_follows_from_the_ages_of_proof_and_use() {
    for (proven, used, expected) in AGES {
        assert_eq!(state(&OwnershipPolicy::default(), proven, used), expected, "{proven} {used}");
    }
}

#[test]
fn a_span_ends_at_its_last_microsecond() {
    let tick = TimeDelta::microseconds(1);
    let at = |proven_at, used_at| Facts { proven_at, used_at }.state(&OwnershipPolicy::default(), now());
    let stale = now() - days(90);
    assert_eq!((at(stale, stale), at(stale + tick, stale), at(stale, stale + tick)), (Dormant, Current, OldProof));
}

#[test]
fn no_account_is_dormant_and_no_proof_is_old_if_the_operator_turns_it_off() {
    let no_stale = OwnershipPolicy { stale: None, ..OwnershipPolicy::default() };
    let no_confirm = OwnershipPolicy { confirm: None, ..OwnershipPolicy::default() };
    let neither = OwnershipPolicy { stale: None, confirm: None, ..OwnershipPolicy::default() };
    for (proven, used, expected) in AGES {
        let stale_only = if expected == OldProof { Current } else { expected };
        assert_eq!(state(&no_confirm, proven, used), stale_only, "{proven} {used}");
        let confirm_only = if proven >= 180 { OldProof } else { Current };
        assert_eq!(state(&no_stale, proven, used), confirm_only, "{proven} {used}");
        assert_eq!(state(&neither, proven, used), Current, "{proven} {used}");
    }
}

/// A clock that is behind, and a time in the future, do not make an account dormant.
#[test]
fn a_time_in_the_future_is_not_old() {
    assert_eq!(state(&OwnershipPolicy::default(), -1, 400), Current);
    assert_eq!(state(&OwnershipPolicy::default(), 400, -1), OldProof);
}

/// Longer use without a proof never makes a code worth more.
#[test]
fn a_proof_becomes_old_after_the_shorter_span() {
    for (stale, confirm, due) in [(90, 180, 90), (180, 90, 90), (365, 180, 180)] {
        let policy = OwnershipPolicy { stale: span_of(stale), confirm: span_of(confirm), ..OwnershipPolicy::default() };
        assert!(policy.is_confirm_due(now() - days(due), now()), "{stale} {confirm}");
        assert!(!policy.is_confirm_due(now() - days(due) + TimeDelta::microseconds(1), now()), "{stale} {confirm}");
    }
    let off = OwnershipPolicy { confirm: None, ..OwnershipPolicy::default() };
    assert!(!off.is_confirm_due(now() - days(999), now()));
}

fn span_of(days: u32) -> Option<Duration> {
    Some(DAY * days)
}

#[test]
fn a_password_counts_a_day_after_it_was_set_with_a_code() {
    let policy = OwnershipPolicy::default();
    assert!(policy.is_settled(None, now()));
    assert!(policy.is_settled(Some(now() - days(1)), now()));
    assert!(!policy.is_settled(Some(now() - days(1) + TimeDelta::microseconds(1)), now()));
}

#[test]
fn a_password_that_was_set_with_a_code_settles_after_the_time_of_a_held_act() {
    let (policy, now) = (OwnershipPolicy::default(), "2026-11-20T12:00:00Z".parse().unwrap());
    let second = Duration::from_secs(1);
    let left = |age: Duration| policy.settles_in(Some(now - TimeDelta::from_std(age).unwrap()), now);
    assert_eq!(policy.settles_in(None, now), None);
    assert_eq!([left(Duration::ZERO), left(DAY - second), left(DAY)], [Some(DAY), Some(second), None]);
    assert!(policy.is_settled(None, now) && !policy.is_settled(Some(now), now));
    // The clock of another process is ahead.
    assert_eq!(policy.settles_in(Some(now + TimeDelta::seconds(1)), now), Some(DAY));
}
