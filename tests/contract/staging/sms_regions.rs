//! Region blocks and SMS budgets as an operator sees them (`doorstep::flows::sms_regions`): counters, and nothing else.

use super::{HOUR, Harness, MINUTE, assert_left};
use doorstep::domain::flow::BudgetClass;
use doorstep::domain::limits::{Counter, Limit, Quota, Rule};
use doorstep::domain::phone::{Region, Regions};
use doorstep::domain::policy::Policy;
use doorstep::flows::sms_regions::{self, RegionStatus, Status};
use doorstep::ports::{Admission, Staging};
use std::time::Duration;

async fn status(store: &dyn Staging) -> Status {
    let mut policy = Policy::new(Regions::parse(["CN", "SG"]).unwrap());
    policy.limits.set_region(Limit::RegionHour, Region::US, 50);
    sms_regions::status(store, &policy).await.unwrap()
}

fn regions(status: &Status) -> Vec<Region> {
    status.regions.iter().map(|status| status.region).collect()
}

#[track_caller]
fn region(status: &Status, region: Region) -> &RegionStatus {
    status.regions.iter().find(|status| status.region == region).unwrap()
}

async fn spend(store: &dyn Staging, limit: Limit, key: &str) {
    let quota = Quota { max: 9, window: HOUR };
    let shared = Rule::Shared { class: BudgetClass::NewNumbers, member: None, quota, reserved: 0 };
    let rule = if limit.entry().shared { shared } else { Rule::Count(quota) };
    let counter = Counter { limit, key: key.to_owned(), rule };
    assert!(matches!(store.count(&[counter]).await.unwrap(), Admission::Allowed(_)));
}

pub async fn a_block_is_reported_until_it_is_lifted_or_expires(harness: &impl Harness) {
    let store = harness.store();
    assert_eq!(region(&status(&*store).await, Region::CN).blocked, None);
    sms_regions::block(&*store, Some(Region::CN), HOUR).await.unwrap();
    sms_regions::block(&*store, Some(Region::CN), 2 * HOUR).await.unwrap();
    let blocked = status(&*store).await;
    assert_left(region(&blocked, Region::CN).blocked.unwrap(), 2 * HOUR);
    assert_eq!((region(&blocked, Region::SG).blocked, blocked.all_blocked), (None, None));
    assert!(sms_regions::allow(&*store, Some(Region::CN)).await.unwrap());
    assert!(!sms_regions::allow(&*store, Some(Region::CN)).await.unwrap());
    assert_eq!(region(&status(&*store).await, Region::CN).blocked, None);
    sms_regions::block(&*store, Some(Region::SG), MINUTE).await.unwrap();
    harness.advance(MINUTE);
    assert_eq!(region(&status(&*store).await, Region::SG).blocked, None);
}

pub async fn the_blocks_of_all_regions_and_of_one_are_independent(harness: &impl Harness) {
    let store = harness.store();
    sms_regions::block(&*store, None, HOUR).await.unwrap();
    sms_regions::block(&*store, Some(Region::SG), HOUR).await.unwrap();
    assert!(sms_regions::allow(&*store, None).await.unwrap());
    let status = status(&*store).await;
    assert_eq!((status.all_blocked, region(&status, Region::CN).blocked), (None, None));
    assert!(region(&status, Region::SG).blocked.is_some());
}

/// Regions that may sign up are always listed.
pub async fn blocked_and_used_regions_are_listed(harness: &impl Harness) {
    let store = harness.store();
    assert_eq!(regions(&status(&*store).await), [Region::CN, Region::SG]);
    sms_regions::block(&*store, Some(Region::DE), HOUR).await.unwrap();
    spend(&*store, Limit::RegionHour, "US").await;
    spend(&*store, Limit::RegionHour, "US").await;
    spend(&*store, Limit::RegionUnverified, "GB").await;
    spend(&*store, Limit::RegionUnverified, "001").await;
    spend(&*store, Limit::RegionUnverifiedAccounts, "FR").await;
    for limit in [Limit::ServiceHour, Limit::ServiceDay] {
        spend(&*store, limit, "").await;
    }
    let status = status(&*store).await;
    let listed = [Region::World, Region::CN, Region::DE, Region::FR, Region::GB, Region::SG, Region::US];
    assert_eq!(regions(&status), listed);
    let american = region(&status, Region::US);
    assert_eq!((american.hour.count, american.hour.max, american.new_numbers.count), (2, 50, 0));
    assert_left(american.hour.expires_in, HOUR);
    let british = region(&status, Region::GB);
    assert_eq!((british.hour.count, british.hour.max), (0, 1_000));
    assert_eq!((british.new_numbers.count, british.new_numbers.max, british.accounts.count), (1, 120, 0));
    assert_eq!(region(&status, Region::FR).accounts.count, 1);
    assert_eq!(region(&status, Region::CN).hour.expires_in, Duration::ZERO);
    assert_eq!((status.hour.count, status.hour.max, status.day.count, status.day.max), (1, 1_000, 1, 5_000));
}
