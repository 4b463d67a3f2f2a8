//! The port of ownership: each call as a job on a connection.

use super::rows::{self, AuthorityRow, NewSessionRow};
use super::{Database, detachment, evidence, pending};
use crate::domain::pending::{Decision, NewPending, PendingAct, PendingId};
use crate::domain::phone::Phone;
use crate::domain::policy::SessionPolicy;
use crate::domain::session::{Authority, NewSession};
use crate::domain::user::AccountVersion;
use crate::ports::{AccountEvidence, AccountOwnership, DependencyError, Detach, EvidenceQuery, Reclaimed};
use async_trait::async_trait;
use chrono::{DateTime, Utc};

#[async_trait]
impl AccountOwnership for Database {
    async fn evidence(&self, query: &EvidenceQuery) -> Result<Option<AccountEvidence>, DependencyError> {
        let query = query.clone();
        self.reads.run(move |connection, _| evidence::evidence(connection, &query)).await
    }

    async fn hold(&self, act: &NewPending) -> Result<Option<PendingAct>, DependencyError> {
        let act = act.clone();
        self.writes.run(move |connection, deadline| pending::hold(connection, &act, deadline)).await
    }

    async fn pending(&self, account: AccountVersion, now: DateTime<Utc>) -> Result<Vec<PendingAct>, DependencyError> {
        let now = rows::stored(now);
        self.reads.run(move |connection, _| pending::list(connection, account, now)).await
    }

    async fn resolve(
        &self,
        by: &Authority,
        act: PendingId,
        decision: Decision,
        now: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> Result<bool, DependencyError> {
        let (by, act) = (AuthorityRow::from(by), rows::text(act.0));
        let (now, expires_at) = (rows::stored(now), rows::stored(expires_at));
        self.writes
            .run(move |connection, deadline| {
                pending::resolve(connection, &by, &act, decision, now, expires_at, deadline)
            })
            .await
    }

    async fn detach(&self, detach: &Detach, now: DateTime<Utc>) -> Result<bool, DependencyError> {
        let (detach, now) = (detach.clone(), rows::stored(now));
        self.writes.run(move |connection, deadline| detachment::detach(connection, &detach, now, deadline)).await
    }

    async fn reclaim(
        &self,
        account: AccountVersion,
        phone: &Phone,
        session: &NewSession,
        policy: &SessionPolicy,
    ) -> Result<Reclaimed, DependencyError> {
        let (phone, session, policy) = (phone.e164().to_owned(), NewSessionRow::from(session), policy.clone());
        self.writes
            .run(move |connection, deadline| {
                detachment::reclaim(connection, account, &phone, &session, &policy, deadline)
            })
            .await
    }

    async fn delete_expired(&self, now: DateTime<Utc>, deletes_at: DateTime<Utc>) -> Result<usize, DependencyError> {
        let (now, deletes_at) = (rows::stored(now), rows::stored(deletes_at));
        self.writes.run(move |connection, _| detachment::delete_expired(connection, now, deletes_at)).await
    }
}
