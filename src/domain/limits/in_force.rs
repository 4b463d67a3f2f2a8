//! The limits in force.

use super::cooldowns::Cooldowns;
use super::counter::{Counter, Rule};
use super::limit::Limit;
use super::quota::Quota;
use super::share::ReservedShare;
use crate::domain::device::DeviceId;
use crate::domain::flow::BudgetClass;
use crate::domain::phone::Region;
use crate::domain::ticket::{PhoneHash, Subject};
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

    /// Limits on the messages of a flow's phone or device. The operation that opens a flow or reserves a resend counts
    /// on them.
    #[must_use]
    pub fn phone(&self, flow: PhoneHash) -> Vec<Counter> {
        let messages: &[Limit] = match flow.subject() {
            Subject::Phone => &[Limit::PhoneHour, Limit::PhoneDay],
            Subject::KnownDevice => &[Limit::DeviceCodes],
            Subject::NewDevice => &[Limit::NewDeviceCodes],
        };
        let cooldown = Rule::Cooldown { waits: self.cooldowns.clone(), grows_with: messages[0] };
        let mut counters = vec![Counter { limit: Limit::PhoneCooldown, key: flow.encoded(), rule: cooldown }];
        counters.extend(messages.iter().map(|limit| self.counter(*limit, flow.encoded())));
        counters.push(self.wrong_codes_reached(flow));
        if flow.subject() == Subject::KnownDevice {
            // A device without messages goes on with a captcha at once: that denial comes before the cooldown.
            counters.rotate_left(1);
        }
        counters
    }

    /// Limits of a test number, which gets no message: only its wrong codes are limited.
    #[must_use]
    pub fn test_number(&self, phone: PhoneHash) -> Vec<Counter> {
        vec![self.wrong_codes_reached(phone)]
    }

    /// Counter of the wrong codes of a flow's phone or device.
    #[must_use]
    pub fn wrong_codes(&self, flow: PhoneHash) -> Counter {
        let limit = match flow.subject() {
            Subject::Phone => Limit::WrongCodes,
            Subject::KnownDevice | Subject::NewDevice => Limit::DeviceWrongCodes,
        };
        self.counter(limit, flow.encoded())
    }

    /// Limits of a device token, with a threshold: a token of which too many accounts know nothing is worth nothing.
    #[must_use]
    pub fn device(&self, device: DeviceId, limits: &[Limit]) -> Vec<Counter> {
        let limit = Limit::DeviceOtherNumbers;
        let rule = Rule::Threshold(self.quota(limit).max);
        let counted = limits.iter().map(|limit| self.counter(*limit, device.0.to_string()));
        [Counter { limit, key: device.0.to_string(), rule }].into_iter().chain(counted).collect()
    }

    /// No message is sent while the wrong codes of the day are used up.
    fn wrong_codes_reached(&self, flow: PhoneHash) -> Counter {
        let counter = self.wrong_codes(flow);
        Counter { rule: Rule::Threshold(self.quota(counter.limit).max), ..counter }
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
