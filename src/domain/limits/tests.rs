//! The catalogue is complete and consistent.

use super::Limit;
use super::entry::MOST_SLIDING;
use std::collections::HashSet;

#[test]
fn the_catalogue_lists_every_limit_once() {
    assert!(Limit::ALL.is_sorted());
    assert_eq!(Limit::ALL.iter().collect::<HashSet<_>>().len(), Limit::ALL.len());
    let shared = Limit::IpUnverifiedFree;
    assert_eq!(shared.name(), Limit::IpUnverified.name(), "it reads the same counter");
    let names: HashSet<_> = Limit::ALL.iter().filter(|limit| **limit != shared).map(|limit| limit.name()).collect();
    assert_eq!(names.len(), Limit::ALL.len() - 1);
}

#[test]
fn a_limit_within_another_has_a_lower_default() {
    for entry in Limit::ALL.map(Limit::entry) {
        assert!(entry.default.max <= entry.highest || entry.setting.is_none(), "{}", entry.name);
        assert!(!entry.sliding || (entry.highest <= MOST_SLIDING && entry.default.max <= MOST_SLIDING));
        assert!(entry.within.is_none_or(|other| entry.default.max <= other.entry().default.max), "{}", entry.name);
    }
}
