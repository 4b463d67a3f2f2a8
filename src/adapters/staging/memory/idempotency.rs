//! Stored responses.

use super::MemoryStaging;
use super::state::{Request, State};
use crate::ports::{Begun, DependencyError, IdempotencyStore, RequestClaim};
use async_trait::async_trait;
use std::time::Duration;

#[async_trait]
impl IdempotencyStore for MemoryStaging {
    async fn begin(&self, claim: RequestClaim<'_>, ttl: Duration) -> Result<Begun, DependencyError> {
        let mut state = self.state();
        let now = state.now;
        Ok(match state.requests.get_mut(&claim.name.to_owned(), now) {
            None => {
                state.requests.put(claim.name.to_owned(), Request::new(claim), ttl, now);
                Begun::First
            }
            Some(first) if first.fingerprint != claim.fingerprint => Begun::Mismatch,
            Some(Request { response: Some(response), .. }) => Begun::Completed(response.clone()),
            Some(_) => Begun::InProgress,
        })
    }

    async fn renew(&self, claim: RequestClaim<'_>, ttl: Duration) -> Result<bool, DependencyError> {
        let mut state = self.state();
        let (now, held) = (state.now, state.holds(claim));
        if held {
            state.requests.renew(&claim.name.to_owned(), ttl, now);
        }
        Ok(held)
    }

    async fn complete(&self, claim: RequestClaim<'_>, response: &str, ttl: Duration) -> Result<(), DependencyError> {
        let mut state = self.state();
        let now = state.now;
        if state.holds(claim) || state.requests.get_mut(&claim.name.to_owned(), now).is_none() {
            let completed = Request { response: Some(response.to_owned()), ..Request::new(claim) };
            state.requests.put(claim.name.to_owned(), completed, ttl, now);
        }
        Ok(())
    }

    async fn release(&self, claim: RequestClaim<'_>) -> Result<(), DependencyError> {
        let mut state = self.state();
        let now = state.now;
        if state.holds(claim) {
            state.requests.take(&claim.name.to_owned(), now);
        }
        Ok(())
    }
}

impl State {
    /// Tells whether this owner has the name, and has stored no response.
    fn holds(&mut self, claim: RequestClaim<'_>) -> bool {
        let request = self.requests.get_mut(&claim.name.to_owned(), self.now);
        request.is_some_and(|request| request.owner == claim.owner && request.response.is_none())
    }
}

impl Request {
    fn new(claim: RequestClaim<'_>) -> Self {
        Self { fingerprint: claim.fingerprint.to_owned(), owner: claim.owner, response: None }
    }
}
