//! Known devices of an account.

use super::super::store::{Store, code_proof, device, now, stores};
use super::{DAY, HOUR, TICK};
use doorstep::domain::device::{DeviceId, KnownDevice};
use doorstep::domain::dpop::Thumbprint;
use doorstep::domain::session::NewSession;
use doorstep::domain::user::NewUser;
use doorstep::ports::Users;

impl Store {
    /// Signs in with a code after `hours`, on a device that the account may know.
    async fn signed_in_after(&self, user: &NewUser, n: u8, hours: i32, known: Option<KnownDevice>) -> NewSession {
        let mut session = device(user, n);
        session.created_at += HOUR * hours;
        session.device.known = known;
        assert!(self.stores_session(&session, &code_proof(user)).await, "{}", self.engine);
        session
    }

    async fn known_devices(&self, user: &NewUser, at: chrono::DateTime<chrono::Utc>) -> Vec<KnownDevice> {
        self.evidence_of(user, at).await.devices
    }
}

fn first_used(session: &NewSession) -> KnownDevice {
    let (id, key) = (DeviceId(session.id.0), session.device.key.clone());
    KnownDevice { id, since: session.created_at, used_at: session.created_at, key }
}

#[tokio::test]
async fn the_last_five_devices_are_known_the_last_used_first() {
    for store in stores() {
        let (user, first) = store.signed_up("+8613800138000", 1).await;
        store.signed_up("+8613800138001", 2).await;
        assert_eq!(store.known_devices(&user, now()).await, [first_used(&first)], "{}", store.engine);
        let mut expected = vec![first_used(&first)];
        for n in 3..9 {
            let session = store.signed_in_after(&user, n, 30 * i32::from(n), None).await;
            expected.insert(0, first_used(&session));
        }
        expected.truncate(5);
        assert_eq!(store.known_devices(&user, now() + DAY * 12).await, expected, "{}", store.engine);
    }
}

#[tokio::test]
async fn a_device_with_several_sessions_is_known_once_since_its_first_sign_in() {
    for store in stores() {
        let (user, first) = store.signed_up("+8613800138000", 1).await;
        let known = store.known_devices(&user, now()).await.remove(0);
        store.signed_in_after(&user, 2, 5, Some(known.clone())).await;
        let expected = KnownDevice { used_at: now() + HOUR * 5, ..known };
        assert_eq!(store.known_devices(&user, now() + DAY).await, [expected], "{}", store.engine);
        assert_eq!(store.known_devices(&user, now() + DAY).await[0].id, DeviceId(first.id.0));
    }
}

#[tokio::test]
async fn the_device_of_an_ended_session_is_known_until_it_is_forgotten() {
    for store in stores() {
        let (user, session) = store.signed_up("+8613800138000", 1).await;
        let by = super::super::store::authority(&session);
        assert!(store.database.end_session(&by, session.id, now()).await.unwrap());
        assert_eq!(store.known_devices(&user, now()).await, [first_used(&session)], "{}", store.engine);
        store.execute("UPDATE sessions SET device_since = NULL, device_id = NULL");
        assert_eq!(store.known_devices(&user, now()).await, [], "{}", store.engine);
    }
}

#[tokio::test]
async fn a_device_is_known_for_180_days_after_its_last_use() {
    for store in stores() {
        let (user, session) = store.signed_up("+8613800138000", 1).await;
        let at = now() + DAY * 180;
        assert_eq!(store.known_devices(&user, at - TICK).await, [first_used(&session)], "{}", store.engine);
        assert_eq!(store.known_devices(&user, at).await, [], "{}", store.engine);
    }
}

#[tokio::test]
async fn a_known_device_has_the_key_of_its_last_session() {
    for store in stores() {
        let (user, _) = store.signed_up("+8613800138000", 1).await;
        let known = store.known_devices(&user, now()).await.remove(0);
        assert_eq!(known.key, None, "{}", store.engine);
        let key = Thumbprint::from_stored("A".repeat(43)).unwrap();
        let mut session = device(&user, 2);
        session.created_at += HOUR;
        session.device.known = Some(known);
        session.device.key = Some(key.clone());
        assert!(store.stores_session(&session, &code_proof(&user)).await);
        let known = store.known_devices(&user, now() + DAY).await;
        assert_eq!((known.len(), &known[0].key), (1, &Some(key)), "{}", store.engine);
    }
}
