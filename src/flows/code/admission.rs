//! Leave to send one code: out of the limits and the budgets, or, for a test number, for nothing.

use super::expected::used;
use crate::domain::phone::Phone;
use crate::domain::policy::PhoneLimits;
use crate::flows::limits::Grant;
use crate::flows::{Client, Failure, Refusal, Service};
use std::borrow::Cow;

/// None for a test number: nothing is counted, and nothing is sent.
pub(in crate::flows) struct Admission(Option<Grant>);

impl Admission {
    /// Reserves one message, or refuses and reserves nothing. A test number is looked for first.
    pub(in crate::flows) async fn reserve(service: &Service, client: Client, phone: &Phone) -> Result<Self, Refusal> {
        if let Some(test) = service.test_phone(phone) {
            used(test, "send");
            return Ok(Self(None));
        }
        Grant::reserve(service, client, phone).await.map(|grant| Self(Some(grant)))
    }

    pub(super) const fn is_test(&self) -> bool {
        self.0.is_none()
    }

    /// What the phone itself is held to.
    pub(super) fn phone_limits<'a>(&self, service: &'a Service) -> Cow<'a, PhoneLimits> {
        let limits = &service.policy.phone;
        if self.is_test() { Cow::Owned(limits.of_test_phone()) } else { Cow::Borrowed(limits) }
    }

    /// What the address of the client is counted by; empty when it is not counted.
    pub(super) fn origin(&self) -> &str {
        self.0.as_ref().map_or("", Grant::origin)
    }

    /// What the database says, or, if it fails, everything back.
    pub(super) async fn or_give_back<T>(&self, service: &Service, answer: Result<T, Failure>) -> Result<T, Refusal> {
        match &self.0 {
            Some(grant) => grant.or_give_back(service, answer).await,
            None => Ok(answer?),
        }
    }

    /// Nothing was sent: gives all back.
    pub(super) async fn give_back(&self, service: &Service) {
        if let Some(grant) = &self.0 {
            grant.give_back(service).await;
        }
    }

    /// Nothing was sent, but something was learnt.
    pub(super) async fn give_back_budgets(&self, service: &Service) {
        if let Some(grant) = &self.0 {
            grant.give_back_budgets(service).await;
        }
    }

    /// Nothing was sent, and the flow that it was for goes on.
    pub(super) async fn give_back_spent(&self, service: &Service) {
        if let Some(grant) = &self.0 {
            grant.give_back_spent(service).await;
        }
    }
}
