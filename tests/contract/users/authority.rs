//! Authority of a signed-in request: no write has an effect after its session or the credentials have changed.

use super::store::{
    Store, another_hash, authority, authority_at, code_proof, device, new_user, now, number_change, password_proof,
    stores,
};
use chrono::{DateTime, TimeDelta, Utc};
use doorstep::domain::consent::{Consent, LegalDocument};
use doorstep::domain::password::PasswordHash;
use doorstep::domain::pending::{ActKind, Decision, NewPending, PendingId};
use doorstep::domain::phone::Phone;
use doorstep::domain::policy::SessionPolicy;
use doorstep::domain::session::{Authority, NewSession};
use doorstep::domain::user::{AccountVersion, NewUser, Nickname, ProfileChange, User};
use doorstep::ports::{AccountOwnership, Detach, NumberChange, PhoneChange, Proof, Users};

/// Write that carries an authority.
#[derive(Debug, Clone, Copy)]
enum Write {
    EndOwnSession,
    EndOtherSession,
    EndSessions,
    ChangeProfile,
    AcceptDocuments,
    ChangePasswordWithPassword,
    ChangePasswordWithCode,
    ChangePhone,
    ConfirmPhone,
    TakeNumber,
    ApproveAct,
    RefuseAct,
    DeleteWithPassword,
    DeleteWithCode,
}

const WRITES: [Write; 14] = [
    Write::EndOwnSession,
    Write::EndOtherSession,
    Write::EndSessions,
    Write::ChangeProfile,
    Write::AcceptDocuments,
    Write::ChangePasswordWithPassword,
    Write::ChangePasswordWithCode,
    Write::ChangePhone,
    Write::ConfirmPhone,
    Write::TakeNumber,
    Write::ApproveAct,
    Write::RefuseAct,
    Write::DeleteWithPassword,
    Write::DeleteWithCode,
];

/// Account with three sessions. The tests end the authority of the first one.
struct Account<'a> {
    store: &'a Store,
    user: NewUser,
    first: NewSession,
    second: NewSession,
    /// Session that is active during each write, and expires later than the first.
    third: NewSession,
    /// Phone that no account has.
    free_phone: Phone,
}

impl<'a> Account<'a> {
    async fn new(store: &'a Store, n: u8) -> Self {
        let (user, first) = store.signed_up(&format!("+8613800138{n:03}"), n).await;
        let (second, mut third) = (device(&user, n + 50), device(&user, n + 100));
        third.expires_at += TimeDelta::days(1);
        for session in [&second, &third] {
            let policy = SessionPolicy::default();
            assert!(store.database.sign_in(session, &code_proof(&user), None, &policy).await.unwrap());
        }
        let free_phone = Phone::from_stored(format!("+8613900138{n:03}")).unwrap();
        Self { store, user, first, second, third, free_phone }
    }

    /// Runs the write with a proof that is valid now. Returns whether the call reports an effect.
    async fn write(&self, write: Write, by: &Authority, at: DateTime<Utc>) -> bool {
        let database = &self.store.database;
        let user = database.by_session(self.third.id, now()).await.unwrap().unwrap();
        let password = Proof::Password(database.password_hash(user.id).await.unwrap().unwrap());
        let code = Proof::of_code(user.phone.clone().unwrap(), AccountVersion::of(&user));
        match write {
            Write::EndOwnSession => database.end_session(by, by.session, at).await.unwrap(),
            Write::EndOtherSession => database.end_session(by, self.third.id, at).await.unwrap(),
            Write::EndSessions => database.end_sessions(by, at).await.unwrap(),
            Write::ChangeProfile => database.change_profile(by, &new_nickname(), at).await.unwrap().is_some(),
            Write::AcceptDocuments => database.accept(by, &new_consent(at)).await.unwrap().is_some(),
            Write::ChangePasswordWithPassword => self.change_password(by, &password, at).await,
            Write::ChangePasswordWithCode => self.change_password(by, &code, at).await,
            Write::ChangePhone => self.change_phone(by, &user.phone.unwrap(), None, at).await,
            Write::ConfirmPhone => database.confirm_phone(by, &user.phone.unwrap(), at).await.unwrap().is_some(),
            Write::TakeNumber => {
                let other = self.other_account().await;
                self.change_phone(by, &user.phone.unwrap(), Some(other), at).await
            }
            Write::ApproveAct => self.resolve(by, &user, Decision::Approve, at).await,
            Write::RefuseAct => self.resolve(by, &user, Decision::Refuse, at).await,
            Write::DeleteWithPassword => database.delete(user.id, &password, Some(by), at).await.unwrap(),
            Write::DeleteWithCode => database.delete(user.id, &code, Some(by), at).await.unwrap(),
        }
    }

    async fn change_password(&self, by: &Authority, proof: &Proof, at: DateTime<Utc>) -> bool {
        let hash = PasswordHash::new("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$written".to_owned());
        self.store.database.change_password(by, proof, &hash, at).await.unwrap().is_some()
    }

    /// Changes the number to the free one, or to the one of this other account.
    async fn change_phone(&self, by: &Authority, from: &Phone, other: Option<Detach>, at: DateTime<Utc>) -> bool {
        let to = other.as_ref().map_or(&self.free_phone, |other| &other.phone).clone();
        let change = NumberChange { detach: other, ..number_change(from, &to) };
        match self.store.database.change_phone(by, &change, at).await.unwrap() {
            PhoneChange::Done(_) => true,
            PhoneChange::Gone | PhoneChange::Changed => false,
            PhoneChange::Taken => panic!("{} is taken", to.e164()),
        }
    }

    /// Returns the account whose number [`Write::TakeNumber`] takes. The first call stores it.
    async fn other_account(&self) -> Detach {
        let n = self.user.id.0.as_bytes()[15];
        let (user, session) = new_user(&format!("+8613600138{n:03}"), n.wrapping_add(128));
        if self.store.database.account_of(&user.phone).await.unwrap().is_none() {
            self.store.database.create(&user, &session).await.unwrap();
        }
        Detach {
            account: authority(&session).account,
            phone: user.phone,
            as_of: now(),
            in_use_since: now() - TimeDelta::days(30),
            deletes_at: now() + TimeDelta::days(180),
            uses: None,
        }
    }

    /// Decides about an act that nobody has decided about. It is in force for the current credentials.
    async fn resolve(&self, by: &Authority, user: &User, decision: Decision, at: DateTime<Utc>) -> bool {
        let act = NewPending {
            id: PendingId(user.id.0),
            account: AccountVersion::of(user),
            kind: ActKind::SignIn,
            target: None,
            session: None,
            device_name: None,
            asked_at: at,
            ready_at: at,
            expires_at: at + TimeDelta::days(1),
        };
        let act = self.store.database.hold(&act).await.unwrap().unwrap();
        self.store.database.resolve(by, act.id, decision, at, act.expires_at).await.unwrap()
    }

    /// Returns the user and the three sessions as they are stored.
    fn rows(&self) -> [String; 4] {
        let session = |session: &NewSession| {
            self.store.text(&format!(
                "SELECT coalesce(max(generation || ' ' || first_generation || ' ' || last_used_at || ' ' || \
                coalesce('' || revoked_at, 'active')), 'deleted') AS value FROM sessions WHERE id = '{}'",
                session.id.0
            ))
        };
        let user = format!(
            "SELECT coalesce(max(phone || ' ' || password_hash || ' ' || nickname || ' ' || credentials_version || ' ' \
            || updated_at || ' ' || password_changed_at || ' ' || phone_proven_at || accepted_documents || \
            (SELECT count(*) FROM consents WHERE user_id = '{0}') || (SELECT count(*) FROM pending_acts WHERE \
            approved_at IS NOT NULL OR refused_at IS NOT NULL) || (SELECT count(*) FROM users WHERE phone IS NULL)), \
            'deleted') AS value FROM users WHERE id = '{0}'",
            self.user.id.0
        );
        [self.store.text(&user), session(&self.first), session(&self.second), session(&self.third)]
    }

    /// Asserts that the write with this authority changes no row.
    async fn assert_no_effect(&self, write: Write, by: &Authority, at: DateTime<Utc>) {
        let rows = self.rows();
        assert!(!self.write(write, by, at).await, "{} {write:?} {by:?}", self.store.engine);
        assert_eq!(self.rows(), rows, "{} {write:?} {by:?}", self.store.engine);
    }

    /// Asserts that the write has an effect with the current authority of this session.
    async fn assert_effect(&self, write: Write, session: &NewSession, at: DateTime<Utc>) {
        let rows = self.rows();
        let by = authority_at(session, self.store.credentials(&self.user));
        assert!(self.write(write, &by, at).await, "{} {write:?}", self.store.engine);
        assert_ne!(self.rows(), rows, "{} {write:?}", self.store.engine);
    }
}

fn new_consent(at: DateTime<Utc>) -> Consent {
    Consent { documents: vec![LegalDocument::parse("terms@1").unwrap()], at, ip_block: "block".to_owned() }
}

fn new_nickname() -> ProfileChange {
    ProfileChange { nickname: Some(Nickname::parse("Grace").unwrap()), ..ProfileChange::default() }
}

/// Asserts for each engine that no write has an effect with the authority that the first session had before `end`. The
/// closure returns the time of the write.
///
/// Everything else about the write is valid: the proof is current, and the third session is active again. The same
/// write with the current authority of the third session therefore has an effect.
async fn assert_no_effect_after(end: impl AsyncFn(&Account<'_>) -> DateTime<Utc>) {
    for store in stores() {
        for (n, write) in (0..).zip(WRITES) {
            let account = Account::new(&store, n).await;
            let at = end(&account).await;
            store.execute(&format!("UPDATE sessions SET revoked_at = NULL WHERE id = '{}'", account.third.id.0));
            account.assert_no_effect(write, &authority(&account.first), at).await;
            account.assert_effect(write, &account.third, at).await;
        }
    }
}

fn later() -> DateTime<Utc> {
    now() + TimeDelta::hours(1)
}

#[tokio::test]
async fn no_write_has_an_effect_after_its_session_was_revoked() {
    assert_no_effect_after(async |account| {
        let by = authority(&account.second);
        assert!(account.store.database.end_session(&by, account.first.id, now()).await.unwrap());
        later()
    })
    .await;
}

#[tokio::test]
async fn no_write_has_an_effect_after_its_session_was_deleted() {
    assert_no_effect_after(async |account| {
        account.store.execute(&format!("DELETE FROM sessions WHERE id = '{}'", account.first.id.0));
        later()
    })
    .await;
}

#[tokio::test]
async fn no_write_has_an_effect_after_its_session_expired() {
    assert_no_effect_after(async |account| account.first.expires_at).await;
}

#[tokio::test]
async fn a_write_has_an_effect_until_its_session_expires() {
    for store in stores() {
        for (n, write) in (0..).zip(WRITES) {
            let account = Account::new(&store, n).await;
            let at = account.first.expires_at - TimeDelta::microseconds(1);
            account.assert_effect(write, &account.first, at).await;
        }
    }
}

#[tokio::test]
async fn no_write_has_an_effect_after_its_session_changed_the_password() {
    assert_no_effect_after(async |account| {
        let (by, proof) = (authority(&account.first), password_proof(&account.user));
        let changed = account.store.database.change_password(&by, &proof, &another_hash(), now()).await.unwrap();
        assert!(changed.is_some());
        later()
    })
    .await;
}

#[tokio::test]
async fn no_write_has_an_effect_after_another_session_changed_the_password() {
    assert_no_effect_after(async |account| {
        let (by, proof) = (authority(&account.second), password_proof(&account.user));
        let changed = account.store.database.change_password(&by, &proof, &another_hash(), now()).await.unwrap();
        assert!(changed.is_some());
        later()
    })
    .await;
}

#[tokio::test]
async fn no_write_has_an_effect_after_the_password_was_reset() {
    assert_no_effect_after(async |account| {
        let (user, proof) = (account.user.id, code_proof(&account.user));
        assert!(account.store.database.reset_password(user, &proof, &another_hash(), now()).await.unwrap());
        later()
    })
    .await;
}

#[tokio::test]
async fn no_write_has_an_effect_after_the_phone_was_changed() {
    assert_no_effect_after(async |account| {
        let (by, new) = (authority(&account.first), format!("+8613700138{:03}", account.user.id.0.as_bytes()[15]));
        let new = Phone::from_stored(new).unwrap();
        let changed =
            account.store.database.change_phone(&by, &number_change(&account.user.phone, &new), now()).await.unwrap();
        assert!(matches!(changed, PhoneChange::Done(_)), "{changed:?}");
        later()
    })
    .await;
}

#[tokio::test]
async fn no_write_has_an_effect_after_a_sign_out_everywhere() {
    assert_no_effect_after(async |account| {
        assert!(account.store.database.end_sessions(&authority(&account.second), now()).await.unwrap());
        later()
    })
    .await;
}

#[tokio::test]
async fn no_write_has_an_effect_with_an_authority_that_the_account_never_had() {
    for store in stores() {
        let (_, theirs) = store.signed_up("+8613800138200", 200).await;
        let unknown = new_user("+8613800138201", 201).1;
        for (n, write) in (0..).zip(WRITES) {
            let account = Account::new(&store, n).await;
            let own = authority(&account.first);
            for by in [
                Authority { session: theirs.id, ..own },
                Authority { session: unknown.id, ..own },
                Authority { session: own.session, ..authority(&theirs) },
                authority(&unknown),
                authority_at(&account.first, 1),
                authority_at(&account.first, -1),
            ] {
                account.assert_no_effect(write, &by, later()).await;
            }
            account.assert_effect(write, &account.first, later()).await;
        }
        assert_eq!(store.count(&format!("sessions WHERE id = '{}' AND revoked_at IS NULL", theirs.id.0)), 1);
        assert_eq!(store.count("users WHERE phone = '+8613800138200' AND updated_at = created_at"), 1);
    }
}
