//! Budgets that contradict each other: an attack that one of them should stop uses up another one first.

use super::in_force::Limits;
use super::limit::Limit;
use crate::domain::phone::{Region, Regions};
use std::collections::BTreeSet;

const UNVERIFIED: &str = "SMS_BUDGET_REGION_UNVERIFIED_HOUR";

impl Limits {
    /// Contradictions of the budgets while these regions are open: the setting, and what it contradicts.
    #[must_use]
    pub fn contradictions(&self, regions: &Regions) -> Vec<(&'static str, String)> {
        let regions: BTreeSet<_> = regions.iter().collect();
        let unverified = |region: &Region| u64::from(self.region_quota(Limit::RegionUnverified, *region).max);
        let all: u64 = regions.iter().map(unverified).sum();
        let day = regions.iter().map(unverified).max().unwrap_or_default() * 24;
        let region_hour = |region: &Region| self.most(self.region_quota(Limit::RegionHour, *region).max);
        let one = regions.iter().map(region_hour).max().unwrap_or_default();
        let max = |limit| self.quota(limit).max;
        let (hour, day_total) = (self.most(max(Limit::ServiceHour)), self.most(max(Limit::ServiceDay)));
        let found = [
            (all > hour).then(|| {
                let of = "unverified codes an hour to all regions together exceed the";
                (UNVERIFIED, format!("{all} {of} {hour} of SMS_BUDGET_HOUR for new numbers"))
            }),
            (day > day_total).then(|| {
                let of = "unverified codes a day to one region exceed the";
                (UNVERIFIED, format!("{day} {of} {day_total} of SMS_BUDGET_DAY for new numbers"))
            }),
            (regions.len() > 1 && one >= hour).then(|| {
                let of = "messages an hour to new numbers of one region leave nothing to other regions, of the";
                ("SMS_BUDGET_REGION_HOUR", format!("{one} {of} {hour} of SMS_BUDGET_HOUR"))
            }),
            (max(Limit::ServiceHour) > max(Limit::ServiceDay))
                .then(|| ("SMS_BUDGET_HOUR", "is more than SMS_BUDGET_DAY".to_owned())),
        ];
        found
            .into_iter()
            .flatten()
            .chain(Limit::ALL.into_iter().filter_map(|limit| self.without_share(limit)))
            .collect()
    }

    /// Messages that new numbers can get of a maximum.
    fn most(&self, max: u32) -> u64 {
        self.reserved.most(max).into()
    }

    /// A shared limit too low for a reserved share.
    fn without_share(&self, limit: Limit) -> Option<(&'static str, String)> {
        let (entry, max) = (limit.entry(), self.quota(limit).max);
        let (setting, _) = entry.setting.filter(|_| entry.shared && self.reserved.of(max) == 0)?;
        let what = format!("reserves nothing of {setting} ({max}) for existing accounts");
        Some(("SMS_BUDGET_RESERVED_PERCENT", what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::limits::ReservedShare;

    /// Settings that the contradictions name.
    fn found(codes: &[&str], change: impl FnOnce(&mut Limits)) -> Vec<&'static str> {
        let mut limits = Limits::default();
        change(&mut limits);
        let lines = limits.contradictions(&Regions::parse(codes.iter().copied()).unwrap());
        lines.iter().map(|(setting, _)| *setting).collect()
    }

    #[test]
    fn contradictions_of_budgets_are_found() {
        assert_eq!(found(&["CN"], |_| ()), [""; 0], "the defaults agree");
        let four = ["CN", "US", "GB", "DE"];
        let fitting = |limits: &mut Limits| limits.set(Limit::RegionHour, 250);
        assert_eq!(found(&four, fitting), [""; 0]);
        assert_eq!(found(&four, |_| ()), ["SMS_BUDGET_REGION_HOUR"]);
        assert_eq!(found(&["CN", "CN"], |limits| limits.set(Limit::RegionUnverified, 125)), [""; 0]);
        assert_eq!(found(&["CN"], |limits| limits.set(Limit::RegionUnverified, 126)), [UNVERIFIED]);
        let beyond_the_hour = |limits: &mut Limits| {
            fitting(limits);
            limits.set(Limit::ServiceDay, 1_000_000);
            limits.set_region(Limit::RegionUnverified, Region::GB, 300);
        };
        assert_eq!(found(&four, beyond_the_hour), [UNVERIFIED]);
        assert_eq!(found(&["CN"], |limits| limits.set(Limit::ServiceHour, 5_001)), ["SMS_BUDGET_HOUR"]);
        let percent = "SMS_BUDGET_RESERVED_PERCENT";
        assert_eq!(found(&["CN"], |limits| limits.set(Limit::IpSends, 3)), [percent]);
        let none = found(&["CN"], |limits| limits.reserved = ReservedShare::percent(0));
        assert!(none.iter().all(|setting| *setting == percent) && none.len() == 6, "{none:?}");
    }
}
