//! Known devices: how long an account knows a device, and what forgets it.

use super::store::{Store, another_hash, authority, code_proof, device, now, password_proof, stores};
use chrono::{DateTime, TimeDelta, Utc};
use doorstep::domain::device::{DeviceId, KnownDevice};
use doorstep::domain::dpop::Thumbprint;
use doorstep::domain::policy::SessionPolicy;
use doorstep::domain::session::{NewSession, SessionId};
use doorstep::domain::user::NewUser;
use doorstep::ports::{Proof, Users};

const PHONE: &str = "+8613800138000";

/// Session of the `n`-th device, from the hour `n` on.
fn session_at(user: &NewUser, n: u8) -> NewSession {
    let mut session = device(user, n);
    session.created_at = now() + TimeDelta::hours(i64::from(n));
    session.id = SessionId::new(session.created_at, [n; 10]);
    session.expires_at = session.created_at + SessionPolicy::default().absolute;
    session
}

/// Further session on a device.
fn again(first: &NewSession, n: u8, known: KnownDevice) -> NewSession {
    let mut session = session_at_user(first, n);
    session.device.known = Some(known);
    session
}

fn session_at_user(first: &NewSession, n: u8) -> NewSession {
    let created_at = now() + TimeDelta::hours(i64::from(n));
    NewSession { id: SessionId::new(created_at, [n; 10]), created_at, ..first.clone() }
}

fn device_of(session: &NewSession) -> DeviceId {
    session.device_since().0
}

impl Store {
    async fn sign_in_on(&self, session: &NewSession, proof: &Proof) {
        assert!(self.database.sign_in(session, proof, None, &SessionPolicy::default()).await.unwrap());
    }

    async fn known(&self, user: &NewUser, session: &NewSession, at: DateTime<Utc>) -> Option<KnownDevice> {
        self.database.by_phone_and_device(&user.phone, device_of(session), at).await.unwrap().known
    }

    /// Tells which of the devices the account knows.
    async fn knows(&self, user: &NewUser, sessions: &[&NewSession], at: DateTime<Utc>) -> Vec<bool> {
        let mut known = Vec::new();
        for session in sessions {
            known.push(self.known(user, session, at).await.is_some());
        }
        known
    }
}

fn hours(n: i64) -> DateTime<Utc> {
    now() + TimeDelta::hours(n)
}

#[tokio::test]
async fn a_device_is_known_to_its_account_only() {
    for store in stores() {
        let (user, session) = store.signed_up(PHONE, 1).await;
        let (other, _) = store.signed_up("+8613800138001", 2).await;
        let found = store.database.by_phone_and_device(&user.phone, device_of(&session), now()).await.unwrap();
        assert_eq!(found.account.unwrap().user.id, user.id, "{}", store.engine);
        let known = found.known.unwrap();
        assert_eq!((known.id, known.since, known.used_at), (DeviceId(session.id.0), now(), now()));
        assert!(store.known(&other, &session, now()).await.is_none(), "{}", store.engine);
        let nobody = super::store::new_user("+8613800138002", 3).0;
        let found = store.database.by_phone_and_device(&nobody.phone, device_of(&session), now()).await.unwrap();
        assert!(found.account.is_none() && found.known.is_none());
    }
}

#[tokio::test]
async fn a_sign_in_on_a_known_device_continues_it() {
    for store in stores() {
        let (user, first) = store.signed_up(PHONE, 1).await;
        let known = store.known(&user, &first, now()).await.unwrap();
        let mut second = again(&first, 9, known.clone());
        second.device.key = Some(Thumbprint::from_stored("k".repeat(43)).unwrap());
        store.sign_in_on(&second, &password_proof(&user)).await;
        let later = store.known(&user, &first, hours(9)).await.unwrap();
        assert_eq!((later.id, later.since, later.used_at), (known.id, known.since, hours(9)), "{}", store.engine);
        assert!(!later.accepts(None), "the key of the last session counts");
        assert!(later.accepts(second.device.key.as_ref()));
    }
}

/// A device stays known for 180 days after its last use, whether its session has ended or not.
#[tokio::test]
async fn a_device_whose_session_has_ended_stays_known() {
    for store in stores() {
        let (user, first) = store.signed_up(PHONE, 1).await;
        assert!(store.database.end_session(&authority(&first), first.id, now()).await.unwrap());
        let second = session_at(&user, 2);
        store.sign_in_on(&second, &password_proof(&user)).await;
        let last = now() + KnownDevice::LIFE - TimeDelta::seconds(1);
        assert_eq!(store.knows(&user, &[&first, &second], last).await, [true, true], "{}", store.engine);
        let after = now() + KnownDevice::LIFE;
        assert_eq!(store.knows(&user, &[&first, &second], after).await, [false, true], "{}", store.engine);
        // The sign-in deletes what nobody needs.
        let mut third = session_at(&user, 3);
        third.created_at = after;
        store.sign_in_on(&third, &password_proof(&user)).await;
        assert_eq!(store.count(&format!("sessions WHERE id = '{}'", first.id.0)), 0, "{}", store.engine);
    }
}

#[tokio::test]
async fn an_account_knows_the_five_devices_that_were_used_last() {
    for store in stores() {
        let (user, first) = store.signed_up(PHONE, 0).await;
        let devices: Vec<_> = (1..=7).map(|n| session_at(&user, 30 * n)).collect();
        for session in &devices {
            store.sign_in_on(session, &password_proof(&user)).await;
            store.execute("UPDATE sessions SET revoked_at = created_at");
        }
        let all: Vec<_> = [&first].into_iter().chain(&devices).collect();
        let expected = [false, false, false, true, true, true, true, true];
        assert_eq!(store.knows(&user, &all, hours(234)).await, expected, "{}", store.engine);
        assert_eq!(store.count("sessions"), 5, "{}: one ended session for each known device", store.engine);
        // A device that is used again takes the place of the least recently used one.
        let known = store.known(&user, &devices[2], hours(240)).await.unwrap();
        store.sign_in_on(&again(&devices[2], 240, known), &password_proof(&user)).await;
        store.sign_in_on(&session_at(&user, 245), &password_proof(&user)).await;
        let expected = [false, false, false, true, false, true, true, true];
        assert_eq!(store.knows(&user, &all, hours(245)).await, expected, "{}", store.engine);
        assert_eq!(store.count("sessions"), 5, "{}", store.engine);
    }
}

/// Otherwise a thief who has the password signs in five times, and the owner's devices are unknown.
#[tokio::test]
async fn devices_of_the_last_day_take_no_place_of_older_ones() {
    for store in stores() {
        let (user, first) = store.signed_up(PHONE, 0).await;
        let devices: Vec<_> = (100..=107).map(|n| session_at(&user, n)).collect();
        for session in &devices {
            store.sign_in_on(session, &password_proof(&user)).await;
            store.execute("UPDATE sessions SET revoked_at = created_at");
        }
        let all: Vec<_> = [&first].into_iter().chain(&devices).collect();
        let expected = [true, false, false, false, false, true, true, true, true];
        assert_eq!(store.knows(&user, &all, hours(107)).await, expected, "{}", store.engine);
        assert_eq!(store.count("sessions"), 5, "{}", store.engine);
    }
}

#[tokio::test]
async fn ending_the_session_of_a_device_forgets_it() {
    for store in stores() {
        let (user, first) = store.signed_up(PHONE, 1).await;
        let (second, third) = (session_at(&user, 2), session_at(&user, 3));
        for session in [&second, &third] {
            store.sign_in_on(session, &password_proof(&user)).await;
        }
        let by = authority(&third);
        assert!(store.database.end_device(&by, first.id, hours(4)).await.unwrap());
        assert!(!store.database.end_device(&by, first.id, hours(4)).await.unwrap(), "it has ended");
        let all = [&first, &second, &third];
        assert_eq!(store.knows(&user, &all, hours(4)).await, [false, true, true], "{}", store.engine);
        // The own one, at a sign-out.
        assert!(store.database.end_device(&by, third.id, hours(4)).await.unwrap());
        assert_eq!(store.knows(&user, &all, hours(4)).await, [false, true, false], "{}", store.engine);
        assert!(!store.database.end_device(&by, second.id, hours(4)).await.unwrap(), "the authority has ended");
        assert_eq!(store.knows(&user, &all, hours(4)).await, [false, true, false], "{}", store.engine);
    }
}

/// All sessions of the device forget it. The device of the authority is never forgotten for another session.
#[tokio::test]
async fn all_sessions_of_a_device_forget_it() {
    for store in stores() {
        let (user, first) = store.signed_up(PHONE, 1).await;
        let own = session_at(&user, 2);
        store.sign_in_on(&own, &password_proof(&user)).await;
        for (session, n) in [(&first, 3), (&own, 4)] {
            let known = store.known(&user, session, hours(2)).await.unwrap();
            store.sign_in_on(&again(session, n, known), &password_proof(&user)).await;
        }
        let by = authority(&own);
        assert!(store.database.end_device(&by, session_at_user(&first, 3).id, hours(5)).await.unwrap());
        assert!(store.database.end_device(&by, session_at_user(&own, 4).id, hours(5)).await.unwrap());
        assert_eq!(store.knows(&user, &[&first, &own], hours(5)).await, [false, true], "{}", store.engine);
        let of_first = format!("sessions WHERE device_id = '{}'", device_of(&first).0);
        assert_eq!(store.count(&of_first), 0, "{}", store.engine);
    }
}

#[tokio::test]
async fn a_new_password_forgets_all_other_devices() {
    for store in stores() {
        let (user, first) = store.signed_up(PHONE, 1).await;
        let (other, theirs) = store.signed_up("+8613800138001", 7).await;
        let own = session_at(&user, 2);
        store.sign_in_on(&own, &password_proof(&user)).await;
        let (by, proof) = (authority(&own), password_proof(&user));
        store.database.change_password(&by, &proof, &another_hash(), hours(3)).await.unwrap().unwrap();
        assert_eq!(store.knows(&user, &[&first, &own], hours(3)).await, [false, true], "{}", store.engine);
        // A sign-out everywhere, from the renewed authority.
        let by = super::store::authority_at(&own, 1);
        assert!(store.database.end_sessions(&by, hours(3)).await.unwrap());
        assert_eq!(store.knows(&user, &[&first, &own], hours(3)).await, [false, false], "{}", store.engine);
        assert!(store.known(&other, &theirs, hours(3)).await.is_some(), "{}", store.engine);
    }
}

#[tokio::test]
async fn a_password_reset_forgets_every_device() {
    for store in stores() {
        let (user, first) = store.signed_up(PHONE, 1).await;
        let second = session_at(&user, 2);
        store.sign_in_on(&second, &password_proof(&user)).await;
        assert!(store.database.end_session(&authority(&second), first.id, hours(3)).await.unwrap());
        let proof = code_proof(&user);
        assert!(store.database.reset_password(user.id, &proof, &another_hash(), hours(3)).await.unwrap());
        assert_eq!(store.knows(&user, &[&first, &second], hours(3)).await, [false, false], "{}", store.engine);
    }
}

#[tokio::test]
async fn a_session_in_the_list_names_its_known_device() {
    for store in stores() {
        let (user, first) = store.signed_up(PHONE, 0).await;
        let devices: Vec<_> = (1..=5).map(|n| session_at(&user, n)).collect();
        for session in &devices {
            store.sign_in_on(session, &password_proof(&user)).await;
        }
        // An ended session takes the place of its device, and is not listed.
        assert!(store.database.end_session(&authority(&first), devices[0].id, hours(6)).await.unwrap());
        let listed = store.database.sessions(user.id, hours(6), &SessionPolicy::default()).await.unwrap();
        let known: Vec<_> = listed.iter().map(|session| (session.id, session.known_since)).collect();
        let since = |n: usize| (devices[n].id, Some(devices[n].created_at));
        assert_eq!(known, [since(4), since(3), since(2), since(1), (first.id, None)], "{}", store.engine);
    }
}
