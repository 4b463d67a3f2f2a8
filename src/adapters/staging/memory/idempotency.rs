//! Answers that are kept.

use super::MemoryStaging;
use super::state::Answer;
use crate::ports::{Begun, DependencyError, IdempotencyStore};
use async_trait::async_trait;
use std::time::Duration;

#[async_trait]
impl IdempotencyStore for MemoryStaging {
    async fn begin(&self, name: &str, fingerprint: &str, claim: Duration) -> Result<Begun, DependencyError> {
        let mut state = self.state();
        let now = state.now;
        Ok(match state.answers.get_mut(&name.to_owned(), now) {
            None => {
                let claimed = Answer { fingerprint: fingerprint.to_owned(), text: None };
                state.answers.put(name.to_owned(), claimed, claim, now);
                Begun::First
            }
            Some(answer) if answer.fingerprint != fingerprint => Begun::Mismatch,
            Some(Answer { text: Some(text), .. }) => Begun::Answered(text.clone()),
            Some(_) => Begun::InProgress,
        })
    }

    async fn complete(
        &self,
        name: &str,
        fingerprint: &str,
        answer: &str,
        life: Duration,
    ) -> Result<(), DependencyError> {
        let mut state = self.state();
        let (now, name) = (state.now, name.to_owned());
        let claimed = state.answers.get_mut(&name, now);
        if let Some(claimed) = claimed.filter(|claimed| claimed.fingerprint == fingerprint && claimed.text.is_none()) {
            claimed.text = Some(answer.to_owned());
            state.answers.renew(&name, life, now);
        }
        Ok(())
    }

    async fn release(&self, name: &str, fingerprint: &str) -> Result<(), DependencyError> {
        let mut state = self.state();
        let (now, name) = (state.now, name.to_owned());
        let claimed = state.answers.get_mut(&name, now);
        if claimed.is_some_and(|claimed| claimed.fingerprint == fingerprint && claimed.text.is_none()) {
            state.answers.take(&name, now);
        }
        Ok(())
    }
}
