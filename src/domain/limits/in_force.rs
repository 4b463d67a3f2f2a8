//! The limits in force.

use super::counter::{Counter, Rule};
use super::limit::Limit;
use super::quota::Quota;
use super::share::ReservedShare;
use crate::domain::flow::{BudgetClass, Cooldowns};
use crate::domain::phone::Region;
use crate::domain::ticket::PhoneHash;
use std::collections::BTreeMap;
use std::fmt;

/// The limits in force: the defaults of the catalogue, changed by settings.
#[derive(Clone, Default)]
pub struct Limits {
    maxima: BTreeMap<Limit, u32>,
    regions: BTreeMap<(Limit, Region), u32>,
    pub cooldowns: Cooldowns,
    /// Share of every maximum that several classes use.
    pub reserved: ReservedShare,
}

impl Limits {
    #[must_use]
    pub fn quota(&self, limit: Limit) -> Quota {
        let default = limit.entry().default;
        Quota { max: self.maxima.get(&limit).copied().unwrap_or(default.max), ..default }
    }

    /// Quota of a region, which may have a maximum of its own.
    #[must_use]
    pub fn region_quota(&self, limit: Limit, region: Region) -> Quota {
        let quota = self.quota(limit);
        Quota { max: self.regions.get(&(limit, region)).copied().unwrap_or(quota.max), ..quota }
    }

    pub fn set(&mut self, limit: Limit, max: u32) {
        self.maxima.insert(limit, max);
    }

    pub fn set_region(&mut self, limit: Limit, region: Region, max: u32) {
        self.regions.insert((limit, region), max);
    }

    /// Counter that counts every call, in a fixed or a sliding window.
    #[must_use]
    pub fn counter(&self, limit: Limit, key: impl Into<String>) -> Counter {
        let quota = self.quota(limit);
        let rule = if limit.entry().sliding { Rule::Sliding(quota) } else { Rule::Count(quota) };
        Counter { limit, key: key.into(), rule }
    }

    /// Counter that counts every call of a region: for a shared limit, the calls of this class.
    #[must_use]
    pub fn region_counter(&self, limit: Limit, class: BudgetClass, region: Region) -> Counter {
        let quota = self.region_quota(limit, region);
        let rule = if limit.entry().shared { self.shared(class, None, quota) } else { Rule::Count(quota) };
        Counter { limit, key: region.to_string(), rule }
    }

    /// Counter of a shared limit that counts every call of this class.
    #[must_use]
    pub fn class_counter(&self, limit: Limit, class: BudgetClass, key: impl Into<String>) -> Counter {
        Counter { limit, key: key.into(), rule: self.shared(class, None, self.quota(limit)) }
    }

    /// Rule of a shared limit with this quota.
    pub(super) fn shared(&self, class: BudgetClass, member: Option<String>, quota: Quota) -> Rule {
        Rule::Shared { class, member, quota, reserved: self.reserved.of(quota.max) }
    }

    /// Limits on the messages to a phone. The operation that opens a flow or reserves a resend counts on them.
    #[must_use]
    pub fn phone(&self, phone: PhoneHash) -> Vec<Counter> {
        let cooldown = Rule::Cooldown { waits: self.cooldowns.clone(), grows_with: Limit::PhoneHour };
        vec![
            Counter { limit: Limit::PhoneCooldown, key: phone.encoded(), rule: cooldown },
            self.counter(Limit::PhoneHour, phone.encoded()),
            self.counter(Limit::PhoneDay, phone.encoded()),
            self.wrong_codes_reached(phone),
        ]
    }

    /// Limits of a test number, which gets no message: only its wrong codes are limited.
    #[must_use]
    pub fn test_number(&self, phone: PhoneHash) -> Vec<Counter> {
        vec![self.wrong_codes_reached(phone)]
    }

    /// No message is sent while the wrong codes of the day are used up.
    fn wrong_codes_reached(&self, phone: PhoneHash) -> Counter {
        let limit = Limit::WrongCodes;
        Counter { limit, key: phone.encoded(), rule: Rule::Threshold(self.quota(limit).max) }
    }
}

/// Prints the limits that have a setting, with their quotas in force.
impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        map.entry(&"cooldowns", &self.cooldowns.0).entry(&"reserved", &self.reserved);
        for limit in Limit::ALL.into_iter().filter(|limit| limit.entry().setting.is_some()) {
            map.entry(&limit.name(), &self.quota(limit));
        }
        for ((limit, region), max) in &self.regions {
            map.entry(&format_args!("{} {region}", limit.name()), max);
        }
        map.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_may_have_a_maximum_of_its_own() {
        let mut limits = Limits::default();
        limits.set(Limit::RegionHour, 900);
        limits.set_region(Limit::RegionHour, Region::GB, 20);
        let max = |region| limits.region_quota(Limit::RegionHour, region).max;
        assert_eq!((max(Region::GB), max(Region::CN)), (20, 900));
    }
}
