//! Counter that several classes share.

use crate::domain::flow::BudgetClass;
use std::collections::HashMap;

/// Calls of each class, by their members; a call without a member has an empty one.
#[derive(Default)]
pub(super) struct Shared(HashMap<(&'static str, String), u32>);

impl Shared {
    /// Calls of a class, or its different members.
    pub(super) fn used(&self, class: BudgetClass, distinct: bool) -> u32 {
        let calls = self.0.iter().filter(|((name, _), _)| *name == class.name()).map(|(_, calls)| *calls);
        if distinct { u32::try_from(calls.count()).unwrap_or(u32::MAX) } else { calls.sum() }
    }

    /// Calls of all classes.
    pub(super) fn total(&self) -> u32 {
        self.0.values().sum()
    }

    /// Tells whether the other classes leave room for a call: of each, what it has used, and at least what it keeps.
    pub(super) fn has_room(&self, class: BudgetClass, member: Option<&str>, max: u32, reserved: u32) -> bool {
        if member.is_some() && self.0.contains_key(&key(class, member)) {
            return true;
        }
        let taken = BudgetClass::ALL.into_iter().map(|other| {
            let used = self.used(other, member.is_some());
            u64::from(if other == class { used } else { used.max(reserved) })
        });
        taken.sum::<u64>() < max.into()
    }

    pub(super) fn add(&mut self, class: BudgetClass, member: Option<&str>) {
        *self.0.entry(key(class, member)).or_default() += 1;
    }

    pub(super) fn subtract(&mut self, class: BudgetClass, member: Option<&str>) {
        if let Some(calls) = self.0.get_mut(&key(class, member)) {
            *calls -= 1;
            self.0.retain(|_, calls| *calls > 0);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn key(class: BudgetClass, member: Option<&str>) -> (&'static str, String) {
    (class.name(), member.unwrap_or_default().to_owned())
}
