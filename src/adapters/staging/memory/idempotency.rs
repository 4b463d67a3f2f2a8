//! Stored responses.

use super::MemoryStaging;
use super::state::Request;
use crate::ports::{Begun, DependencyError, IdempotencyStore};
use async_trait::async_trait;
use std::time::Duration;

#[async_trait]
impl IdempotencyStore for MemoryStaging {
    async fn begin(&self, name: &str, fingerprint: &str, claim_ttl: Duration) -> Result<Begun, DependencyError> {
        let mut state = self.state();
        let now = state.now;
        Ok(match state.requests.get_mut(&name.to_owned(), now) {
            None => {
                let request = Request { fingerprint: fingerprint.to_owned(), response: None };
                state.requests.put(name.to_owned(), request, claim_ttl, now);
                Begun::First
            }
            Some(first) if first.fingerprint != fingerprint => Begun::Mismatch,
            Some(Request { response: Some(response), .. }) => Begun::Completed(response.clone()),
            Some(_) => Begun::InProgress,
        })
    }

    async fn complete(
        &self,
        name: &str,
        fingerprint: &str,
        response: &str,
        ttl: Duration,
    ) -> Result<(), DependencyError> {
        let mut state = self.state();
        let (now, name) = (state.now, name.to_owned());
        let request = state.requests.get_mut(&name, now);
        if let Some(request) = request.filter(|first| first.fingerprint == fingerprint && first.response.is_none()) {
            request.response = Some(response.to_owned());
            state.requests.renew(&name, ttl, now);
        }
        Ok(())
    }

    async fn release(&self, name: &str, fingerprint: &str) -> Result<(), DependencyError> {
        let mut state = self.state();
        let (now, name) = (state.now, name.to_owned());
        let request = state.requests.get_mut(&name, now);
        if request.is_some_and(|first| first.fingerprint == fingerprint && first.response.is_none()) {
            state.requests.take(&name, now);
        }
        Ok(())
    }
}
