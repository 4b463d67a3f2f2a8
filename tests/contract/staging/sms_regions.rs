//! The operator's switch (`doorstep::flows::sms_regions`), which is nothing but counters.

use super::{HOUR, Harness, MINUTE, assert_left};
use doorstep::domain::phone::{Region, Regions};
use doorstep::domain::policy::{Policy, Quota};
use doorstep::flows::sms_regions::{self, RegionStatus, Status};
use doorstep::ports::{Admission, Counter, Staging};
use std::time::Duration;

async fn status(store: &dyn Staging) -> Status {
    let mut policy = Policy::new(Regions::parse(["CN", "SG"]).unwrap());
    policy.sms.per_region.own.insert(Region::US, 50);
    sms_regions::status(store, &policy).await.unwrap()
}

fn regions(status: &Status) -> Vec<Region> {
    status.regions.iter().map(|status| status.region).collect()
}

#[track_caller]
fn of(status: &Status, region: Region) -> &RegionStatus {
    status.regions.iter().find(|status| status.region == region).unwrap()
}

async fn spend(store: &dyn Staging, scope: &'static str, subject: &str) {
    let counted = store.count(&[Counter::count(scope, subject, Quota { max: 9, window: HOUR })]).await.unwrap();
    assert!(matches!(counted, Admission::Allowed(_)));
}

pub async fn a_block_is_seen_lifted_and_runs_out(harness: &impl Harness) {
    let store = harness.store();
    assert_eq!(of(&status(&*store).await, Region::CN).blocked, None);
    sms_regions::block(&*store, Some(Region::CN), HOUR).await.unwrap();
    sms_regions::block(&*store, Some(Region::CN), 2 * HOUR).await.unwrap();
    let seen = status(&*store).await;
    assert_left(of(&seen, Region::CN).blocked.unwrap(), 2 * HOUR);
    assert_eq!((of(&seen, Region::SG).blocked, seen.all_blocked), (None, None));
    assert!(sms_regions::allow(&*store, Some(Region::CN)).await.unwrap());
    assert!(!sms_regions::allow(&*store, Some(Region::CN)).await.unwrap());
    assert_eq!(of(&status(&*store).await, Region::CN).blocked, None);
    sms_regions::block(&*store, Some(Region::SG), MINUTE).await.unwrap();
    harness.advance(MINUTE);
    assert_eq!(of(&status(&*store).await, Region::SG).blocked, None);
}

pub async fn all_and_one_are_apart(harness: &impl Harness) {
    let store = harness.store();
    sms_regions::block(&*store, None, HOUR).await.unwrap();
    sms_regions::block(&*store, Some(Region::SG), HOUR).await.unwrap();
    assert!(sms_regions::allow(&*store, None).await.unwrap());
    let seen = status(&*store).await;
    assert_eq!((seen.all_blocked, of(&seen, Region::CN).blocked), (None, None));
    assert!(of(&seen, Region::SG).blocked.is_some());
}

/// Whoever may sign up is always there; the others when there is something to see.
pub async fn regions_that_are_blocked_or_used_show_up(harness: &impl Harness) {
    let store = harness.store();
    assert_eq!(regions(&status(&*store).await), [Region::CN, Region::SG]);
    sms_regions::block(&*store, Some(Region::DE), HOUR).await.unwrap();
    spend(&*store, "sms-region-hour", "US").await;
    spend(&*store, "sms-region-hour", "US").await;
    spend(&*store, "sms-unverified-region", "GB").await;
    spend(&*store, "sms-unverified-region", "001").await;
    spend(&*store, "sms-unverified-accounts", "FR").await;
    for scope in ["sms-hour", "sms-day"] {
        spend(&*store, scope, "").await;
    }
    let seen = status(&*store).await;
    assert_eq!(regions(&seen), [Region::World, Region::CN, Region::DE, Region::FR, Region::GB, Region::SG, Region::US]);
    let american = of(&seen, Region::US);
    assert_eq!((american.hour.count, american.hour.max, american.newcomers.count), (2, 50, 0));
    assert_left(american.hour.expires_in, HOUR);
    let british = of(&seen, Region::GB);
    assert_eq!((british.hour.count, british.hour.max), (0, 1_000));
    assert_eq!((british.newcomers.count, british.newcomers.max, british.accounts.count), (1, 300, 0));
    assert_eq!(of(&seen, Region::FR).accounts.count, 1);
    assert_eq!(of(&seen, Region::CN).hour.expires_in, Duration::ZERO);
    assert_eq!((seen.hour.count, seen.hour.max, seen.day.count, seen.day.max), (1, 1_000, 1, 5_000));
}
