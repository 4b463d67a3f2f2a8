//! Writes that wait until they are on the disk, and the one that need not.

use super::store::{
    Store, another_hash, authority, authority_at, code_proof, device, now, number_change, password_proof,
    postgres_store, refresh_with,
};
use chrono::TimeDelta;
use doorstep::domain::dpop::Thumbprint;
use doorstep::domain::phone::Phone;
use doorstep::domain::policy::SessionPolicy;
use doorstep::domain::refresh::Refresh;
use doorstep::domain::session::{Device, Generation, NewSession};
use doorstep::domain::user::ProfileChange;
use doorstep::ports::{Refreshed, Users};

/// A deferred trigger runs at COMMIT, and so sees what decides about the wait.
const NOTE_EACH_COMMIT: &str = "
    CREATE TABLE commits (id SERIAL, waits text);
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO commits (waits) VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER note AFTER INSERT OR UPDATE OR DELETE ON sessions
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note();
    CREATE CONSTRAINT TRIGGER note AFTER INSERT OR UPDATE OR DELETE ON users
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note()";

fn store() -> Store {
    let store = postgres_store();
    store.execute(NOTE_EACH_COMMIT);
    store
}

/// Returns the settings of the commits since the last call, each once.
fn commits(store: &Store) -> String {
    let waits = store.text("SELECT coalesce(string_agg(DISTINCT waits, ' '), 'none') AS value FROM commits");
    store.execute("DELETE FROM commits");
    waits
}

#[tokio::test]
async fn a_refresh_does_not_wait_and_what_ends_a_session_does() {
    let (store, policy) = (store(), SessionPolicy::default());
    let (user, session) = store.signed_up("+8613800138000", 1).await;
    assert_eq!(commits(&store), "on", "a sign-up");
    let refresh = async |number, at| {
        let presented = Generation { session: session.id, number };
        store.database.refresh(&refresh_with(presented), at, &policy).await.unwrap()
    };
    for number in [0, 1, 1] {
        assert!(matches!(refresh(number, now()).await, Refreshed::Yes { .. }));
        assert_eq!(commits(&store), "off", "a refresh, and a replay");
    }
    assert!(matches!(refresh(0, now()).await, Refreshed::Reused { .. }));
    assert_eq!(commits(&store), "on", "the revocation of a copied token");

    let others: Vec<_> = (2..5).map(|n| device(&user, n)).collect();
    for other in &others {
        assert!(store.database.sign_in(other, &code_proof(&user), None, &policy).await.unwrap());
        assert_eq!(commits(&store), "on", "a sign-in");
    }
    let (by, other) = (authority(&others[0]), others[1].id);
    assert!(store.database.end_session(&by, other, now()).await.unwrap());
    assert_eq!(commits(&store), "on", "a sign-out");
    assert!(store.database.end_device(&by, others[2].id, now()).await.unwrap());
    assert_eq!(commits(&store), "on", "the sign-out of a device");
    store.database.change_profile(&by, &ProfileChange::default(), now()).await.unwrap().unwrap();
    assert_eq!(commits(&store), "on", "a change of the profile");
    let phone = Phone::from_stored("+8613800138009".to_owned()).unwrap();
    store.database.change_phone(&by, &number_change(&user.phone, &phone), now()).await.unwrap();
    assert_eq!(commits(&store), "on", "a change of the number");
    let by = authority_at(&others[0], 1);
    let changed = store.database.change_password(&by, &password_proof(&user), &another_hash(), now()).await.unwrap();
    assert_eq!(
        (changed.unwrap().number, commits(&store).as_str()),
        (Generation::RENEWAL, "on"),
        "a change of the password"
    );
    assert!(store.database.end_sessions(&authority_at(&others[0], 2), now()).await.unwrap());
    assert_eq!(commits(&store), "on", "the sign-out everywhere");
}

#[tokio::test]
async fn the_refresh_of_a_bound_session_does_not_wait() {
    let (store, policy) = (store(), SessionPolicy::default());
    let (user, _) = store.signed_up("+8613800138000", 1).await;
    let key = Thumbprint::of_p256(&[1; 32], &[1; 32]);
    let bound = device(&user, 2);
    let bound = NewSession { device: Device { key: Some(key.clone()), ..bound.device }, ..bound };
    assert!(store.database.sign_in(&bound, &code_proof(&user), None, &policy).await.unwrap());
    commits(&store);
    let request = refresh_with(Generation { session: bound.id, number: 0 });
    let refreshed = store.database.refresh(&Refresh { key: Some(key), ..request }, now(), &policy).await.unwrap();
    assert!(matches!(refreshed, Refreshed::Yes { .. }));
    assert_eq!(commits(&store), "off");
}

/// The connection is used again: the setting must end with the statement.
#[tokio::test]
async fn the_setting_ends_with_the_refresh() {
    let (store, policy) = (store(), SessionPolicy::default());
    let (user, session) = store.signed_up("+8613800138000", 1).await;
    for number in 0..4 {
        let presented = Generation { session: session.id, number };
        store.database.refresh(&refresh_with(presented), now(), &policy).await.unwrap();
    }
    commits(&store);
    for n in 2..6 {
        assert!(store.database.sign_in(&device(&user, n), &code_proof(&user), None, &policy).await.unwrap());
    }
    assert_eq!(commits(&store), "on");
}

/// A crash of the server loses the refreshes of the last moments. The device has the later token and goes on with it,
/// and a copy of the earlier one ends the session.
#[tokio::test]
async fn a_refresh_that_a_crash_has_lost_signs_nobody_out() {
    let (store, policy) = (store(), SessionPolicy::default());
    let (_, session) = store.signed_up("+8613800138000", 1).await;
    let refresh = async |number, minutes| {
        let presented = Generation { session: session.id, number };
        let at = now() + TimeDelta::minutes(minutes);
        store.database.refresh(&refresh_with(presented), at, &policy).await.unwrap()
    };
    refresh(0, 0).await;
    let columns = "generation, replays, rotated_at, last_used_at, refreshed_from";
    store.execute("CREATE TABLE disk AS SELECT * FROM sessions");
    refresh(1, 15).await;
    store.execute(&format!("UPDATE sessions SET ({columns}) = (SELECT {columns} FROM disk)"));
    assert!(matches!(refresh(2, 30).await, Refreshed::Yes { number: 3, again: false, .. }));
    assert!(matches!(refresh(1, 45).await, Refreshed::Reused { .. }));
}
