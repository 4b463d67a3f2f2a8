//! `ports::AccountOwnership`, and the writes of `ports::Users` that depend on ownership.

mod change_phone;
mod create_anew;
mod detach;
mod devices;
mod evidence;
mod expiry;
mod hold;
mod listing;
mod proofs;
mod reclaim;
mod resolve;
mod retries;
mod use_up;

use super::store::{Store, code_proof, device, now};
use chrono::{DateTime, TimeDelta, Utc};
use doorstep::domain::pending::{ActKind, NewPending, PendingAct, PendingId};
use doorstep::domain::phone::Phone;
use doorstep::domain::policy::SessionPolicy;
use doorstep::domain::session::NewSession;
use doorstep::domain::user::{AccountVersion, NewUser};
use doorstep::ports::{AccountEvidence, AccountOwnership, Detach, EvidenceQuery, Proof, Users, Whose};
use uuid::Uuid;

const HOUR: TimeDelta = TimeDelta::hours(1);
const DAY: TimeDelta = TimeDelta::days(1);
/// Shortest difference of two stored times.
const TICK: TimeDelta = TimeDelta::microseconds(1);

fn phone(text: &str) -> Phone {
    Phone::from_stored(text.to_owned()).unwrap()
}

/// Account before any change of its credentials.
fn version(user: &NewUser) -> AccountVersion {
    version_at(user, 0)
}

fn version_at(user: &NewUser, credentials: i64) -> AccountVersion {
    AccountVersion { user: user.id, credentials }
}

/// Time at which an account that was never used after its sign-up is not in use any more.
fn later() -> DateTime<Utc> {
    now() + DAY * 91
}

impl Store {
    /// Deletes what has expired at this time. An account that lost its last session is deleted 180 days later.
    async fn sweep(&self, at: DateTime<Utc>) -> usize {
        self.database.delete_expired(at, at + DAY * 180).await.unwrap()
    }
}

fn policy() -> SessionPolicy {
    SessionPolicy { per_user: 100, ..SessionPolicy::default() }
}

/// Act that nobody signed in asks for: held for a day, and then possible for a week.
fn new_act(user: &NewUser, kind: ActKind, n: u128) -> NewPending {
    NewPending {
        id: PendingId(Uuid::from_u128(n)),
        account: version(user),
        kind,
        target: None,
        session: None,
        device_name: None,
        asked_at: now(),
        ready_at: now() + DAY,
        expires_at: now() + DAY * 8,
    }
}

/// Change of the number to this target, asked for by a session.
fn asked_by(user: &NewUser, session: &NewSession, target: &str, n: u128) -> NewPending {
    let target = Some(target.to_owned());
    NewPending { session: Some(session.id), target, ..new_act(user, ActKind::PhoneChange, n) }
}

/// Act as it is read before anybody has decided about it.
fn waiting(act: &NewPending) -> PendingAct {
    PendingAct {
        id: act.id,
        kind: act.kind,
        target: act.target.clone(),
        session: act.session,
        device_name: act.device_name.as_ref().map(|name| name.as_str().to_owned()),
        asked_at: act.asked_at,
        ready_at: act.ready_at,
        expires_at: act.expires_at,
        approved_at: None,
        refused_at: None,
    }
}

/// Detachment of an account that has not changed since its sign-up.
fn detachment(user: &NewUser) -> Detach {
    Detach {
        account: version(user),
        phone: user.phone.clone(),
        as_of: user.created_at,
        in_use_since: later() - DAY * 30,
        deletes_at: later() + DAY * 180,
        uses: None,
    }
}

/// Detachment of the same account while it is in use.
fn detachment_in_use(user: &NewUser) -> Detach {
    Detach { in_use_since: now() - DAY, ..detachment(user) }
}

impl Store {
    async fn evidence(&self, whose: Whose, act: ActKind, at: DateTime<Utc>) -> Option<AccountEvidence> {
        let query = EvidenceQuery { whose, act, now: at };
        self.database.evidence(&query).await.unwrap()
    }

    async fn evidence_of(&self, user: &NewUser, at: DateTime<Utc>) -> AccountEvidence {
        self.evidence(Whose::User(user.id), ActKind::SignIn, at).await.unwrap()
    }

    /// Returns the pending act of this kind that is in force.
    async fn in_force(&self, user: &NewUser, kind: ActKind, at: DateTime<Utc>) -> Option<PendingAct> {
        self.evidence(Whose::User(user.id), kind, at).await.unwrap().pending
    }

    async fn listed(&self, account: AccountVersion, at: DateTime<Utc>) -> Vec<PendingAct> {
        AccountOwnership::pending(&*self.database, account, at).await.unwrap()
    }

    async fn held(&self, act: &NewPending) -> PendingAct {
        self.database.hold(act).await.unwrap().unwrap()
    }

    /// Stores an act that was not in force before.
    async fn hold_new(&self, act: &NewPending) {
        assert_eq!(self.held(act).await, waiting(act), "{}", self.engine);
    }

    /// Signs in on another device.
    async fn signed_in(&self, user: &NewUser, n: u8) -> NewSession {
        let session = device(user, n);
        assert!(self.stores_session(&session, &code_proof(user)).await, "{}", self.engine);
        session
    }

    async fn stores_session(&self, session: &NewSession, proof: &Proof) -> bool {
        self.database.sign_in(session, proof, None, &policy()).await.unwrap()
    }

    /// Returns everything that is stored about accounts.
    pub(super) fn everything(&self) -> [String; 3] {
        let user = "id || ' ' || coalesce(phone, 'none') || ' ' || coalesce(former_phone, 'none') || ' ' || \
            coalesce('' || detached_at, 'none') || ' ' || coalesce('' || deletes_at, 'never') || ' ' || \
            credentials_version || ' ' || phone_proven_at || ' ' || coalesce(password_hash, 'none') || ' ' || \
            updated_at || ' ' || coalesce('' || last_login_at, 'never')";
        let session = "id || ' ' || user_id || ' ' || generation || ' ' || coalesce('' || revoked_at, 'active')";
        let act = "id || ' ' || kind || ' ' || coalesce(target, '') || ' ' || coalesce('' || approved_at, '-') || ' ' \
            || coalesce('' || refused_at, '-') || ' ' || expires_at";
        [(user, "users"), (session, "sessions"), (act, "pending_acts")].map(|(row, table)| self.rows(row, table))
    }

    fn rows(&self, row: &str, table: &str) -> String {
        let aggregate = if self.engine == "sqlite" { "group_concat(r, ';')" } else { "string_agg(r, ';')" };
        self.text(&format!(
            "SELECT coalesce({aggregate}, '') AS value FROM (SELECT {row} AS r FROM {table} ORDER BY id) AS rows"
        ))
    }

    /// Returns one column of the user's row as text, `none` for NULL.
    fn column(&self, user: &NewUser, column: &str) -> String {
        self.text(&format!("SELECT coalesce('' || {column}, 'none') AS value FROM users WHERE id = '{}'", user.id.0))
    }

    fn active_sessions(&self, user: &NewUser) -> i64 {
        self.count(&format!("sessions WHERE user_id = '{}' AND revoked_at IS NULL", user.id.0))
    }

    pub(super) async fn is_active_at(&self, session: &NewSession, at: DateTime<Utc>) -> bool {
        self.database.by_session(session.id, at).await.unwrap().is_some()
    }

    async fn detached(&self, detach: &Detach, at: DateTime<Utc>) {
        assert!(self.database.detach(detach, at).await.unwrap(), "{}", self.engine);
    }
}
