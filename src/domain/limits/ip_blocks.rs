//! Limits of IP blocks: each is counted for all blocks of a client.

use super::counter::{Counter, Rule};
use super::in_force::Limits;
use super::limit::Limit;
use super::quota::Quota;
use crate::domain::flow::BudgetClass;
use crate::domain::ip_block::IpBlock;

impl Limits {
    /// Counters that count every call of a client.
    #[must_use]
    pub fn ip_counters(&self, limit: Limit, block: &IpBlock) -> Vec<Counter> {
        self.for_each_block(limit, block, Rule::Count)
    }

    /// Counters of a shared limit that count every call of a client for this class.
    #[must_use]
    pub fn ip_class_counters(&self, limit: Limit, class: BudgetClass, block: &IpBlock) -> Vec<Counter> {
        self.for_each_block(limit, block, |quota| self.shared(class, None, quota))
    }

    /// Counters of a shared limit that count the different members of a client for this class.
    #[must_use]
    pub fn ip_distinct(&self, limit: Limit, class: BudgetClass, block: &IpBlock, member: &str) -> Vec<Counter> {
        self.for_each_block(limit, block, |quota| self.shared(class, Some(member.to_owned()), quota))
    }

    /// Half of the unverified codes of an IP block: from there on its captchas need proof of work.
    #[must_use]
    pub fn half_unverified(&self, block: &IpBlock) -> Vec<Counter> {
        let counters = self.for_each_block(Limit::IpUnverified, block, |quota| Rule::Threshold(quota.max.div_ceil(2)));
        counters.into_iter().map(|counter| Counter { limit: Limit::IpUnverifiedFree, ..counter }).collect()
    }

    fn for_each_block(&self, limit: Limit, block: &IpBlock, rule: impl Fn(Quota) -> Rule) -> Vec<Counter> {
        let quota = self.quota(limit);
        let counter = |(name, multiple): (&str, u32)| {
            let quota = Quota { max: quota.max.saturating_mul(multiple), ..quota };
            Counter { limit, key: name.to_owned(), rule: rule(quota) }
        };
        block.names().zip(IpBlock::MULTIPLES).map(counter).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn maxima(block: &str) -> Vec<u32> {
        let mut limits = Limits::default();
        limits.set(Limit::IpSends, 10);
        let counters = limits.ip_counters(Limit::IpSends, &IpBlock::from_stored(block));
        let max = |counter: Counter| match counter.rule {
            Rule::Count(quota) => quota.max,
            rule => panic!("{rule:?}"),
        };
        counters.into_iter().map(max).collect()
    }

    #[test]
    fn a_wider_block_has_a_larger_maximum_that_follows_the_setting() {
        assert_eq!(maxima("a/b/c"), [10, 20, 60]);
        assert_eq!(maxima("an-ipv4-address"), [10]);
    }

    #[test]
    fn one_48_exhausts_no_limit_of_all_clients() {
        let (limits, widest) = (Limits::default(), IpBlock::MULTIPLES[IpBlock::WIDTHS - 1]);
        for (narrow, all) in [
            (Limit::IpUnverified, Limit::RegionUnverified),
            (Limit::IpWrongPasswordsFree, Limit::ServiceWrongPasswordsFree),
        ] {
            let max = limits.quota(narrow).max * widest;
            let of_one_class = if narrow.entry().shared { limits.reserved.most(max) } else { max };
            assert!(of_one_class < limits.quota(all).max, "{narrow:?}");
        }
    }
}
