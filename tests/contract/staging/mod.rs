//! `ports::Staging`: in memory, where the clock is moved, and in Redis, where the lives of the keys are shortened.

mod idempotency;
mod captchas;
mod claims;
mod codes;
mod counters;
mod ip_blocks;
mod outage;
mod purposes;
mod sends;
mod steps;
mod sms_regions;
mod wire;

use crate::support::redis;
use chrono::{DateTime, Utc};
use doorstep::adapters::staging::memory::MemoryStaging;
use doorstep::adapters::staging::redis::RedisStaging;
use doorstep::domain::flow::{Proven, Purpose};
use doorstep::domain::keys::Keys;
use doorstep::domain::phone::Phone;
use doorstep::domain::policy::{CodePolicy, PhoneLimits, Quota};
use doorstep::domain::ticket::{FlowKey, PhoneHash, Ticket};
use doorstep::domain::user::{AccountVersion, UserId};
use doorstep::ports::{Clock, CodeCheck, NewFlow, Resend, Reserved, Staging, Verified};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use uuid::Uuid;

/// A store, and its time.
trait Harness {
    fn store(&self) -> Arc<dyn Staging>;
    fn advance(&self, by: Duration);
}

struct Memory {
    store: Arc<MemoryStaging>,
    clock: Arc<MovedClock>,
}

struct MovedClock(Mutex<DateTime<Utc>>);

impl Clock for MovedClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

impl Memory {
    fn new() -> Self {
        let clock = Arc::new(MovedClock(Mutex::new("2026-11-20T12:00:00Z".parse().unwrap())));
        Self { store: Arc::new(MemoryStaging::new(clock.clone())), clock }
    }
}

impl Harness for Memory {
    fn store(&self) -> Arc<dyn Staging> {
        self.store.clone()
    }

    fn advance(&self, by: Duration) {
        *self.clock.0.lock().unwrap() += by;
    }
}

struct Redis {
    store: Arc<RedisStaging>,
    url: String,
}

impl Redis {
    fn new() -> Self {
        let url = redis::url();
        Self { store: Arc::new(RedisStaging::connect(&url, THREADS).unwrap()), url }
    }

    fn nothing_lives_for_ever(&self) {
        assert_eq!(redis::without_expiry(&self.url), Vec::<String>::new());
    }
}

impl Harness for Redis {
    fn store(&self) -> Arc<dyn Staging> {
        self.store.clone()
    }

    fn advance(&self, by: Duration) {
        self.nothing_lives_for_ever();
        redis::advance(&self.url, by);
    }
}

const THREADS: usize = 4;

/// Makes a test of every promise for each store. (A function cannot make tests.)
macro_rules! promises {
    ($($topic:ident::$promise:ident),+ $(,)?) => {
        mod memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $promise() {
                super::$topic::$promise(&super::Memory::new()).await;
            })+
        }

        mod redis_server {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $promise() {
                let redis = super::Redis::new();
                super::$topic::$promise(&redis).await;
                redis.nothing_lives_for_ever();
            })+
        }
    };
}

promises!(
    idempotency::of_many_begins_one_is_the_first,
    idempotency::a_kept_answer_is_told_until_its_life_is_over,
    idempotency::an_answer_may_live_for_less_than_its_claim,
    idempotency::another_content_is_told_apart,
    idempotency::a_claim_that_is_given_back_is_free,
    idempotency::an_answer_is_neither_dropped_nor_replaced,
    idempotency::a_claim_that_nobody_keeps_runs_out,
    idempotency::extreme_lives_are_taken,
    claims::of_many_right_codes_one_is_claimed,
    claims::a_released_code_can_be_entered_once_more,
    claims::a_claim_that_nobody_gives_back_runs_out,
    claims::a_claimed_flow_that_ended_is_gone,
    claims::wrong_codes_are_counted_as_elsewhere,
    claims::a_flow_that_went_on_is_not_claimed,
    captchas::of_a_hundred_takers_one_gets_it,
    captchas::it_lives_as_long_as_told,
    captchas::the_last_answer_counts,
    codes::of_many_right_codes_one_advances,
    codes::of_many_wrong_codes_five_count,
    codes::right_and_wrong_codes_at_once_have_one_end,
    codes::wrong_codes_of_a_day_add_up_over_flows,
    codes::a_right_code_costs_nothing,
    codes::a_decoy_has_no_right_code,
    counters::all_or_none_are_counted,
    counters::races_never_pass_the_maximum,
    counters::a_window_begins_with_the_first_one,
    counters::taking_back_frees_a_place,
    counters::taking_back_stops_at_zero,
    counters::forgetting_empties_these_and_no_others,
    counters::a_quota_of_nothing_denies,
    counters::scopes_and_subjects_are_apart,
    counters::counting_tells_how_far_each_is,
    counters::a_member_counts_once,
    counters::a_member_is_taken_back_as_often_as_it_came,
    counters::a_window_of_members_begins_with_the_first,
    counters::members_at_once_never_pass_the_maximum,
    counters::below_is_only_looked_at,
    counters::what_is_raised_is_replaced_and_expires,
    counters::looking_counts_nothing,
    ip_blocks::a_right_code_returns_the_origin_of_every_message,
    ip_blocks::a_further_message_that_was_not_sent_has_no_origin,
    ip_blocks::an_origin_is_given_to_one,
    ip_blocks::what_is_forgotten_is_not_returned,
    ip_blocks::nothing_is_noted_at_a_flow_that_does_not_wait,
    ip_blocks::of_many_who_end_a_flow_one_is_told,
    ip_blocks::the_app_of_a_flow_is_kept,
    purposes::a_flow_is_unknown_to_every_other_purpose_and_person,
    sends::of_a_hundred_at_once_one_is_reserved,
    sends::a_full_hour_holds_under_a_race,
    sends::the_cooldown_grows_and_begins_anew,
    sends::five_an_hour_and_ten_a_day,
    sends::phones_are_apart,
    sends::a_resend_prolongs_nothing,
    sends::a_refused_send_changes_nothing,
    sends::a_cancelled_send_was_never_made,
    sends::a_cancelled_resend_leaves_the_flow,
    sends::without_a_refund_only_the_cooldown_ends,
    sends::cancelling_a_send_that_was_not_reserved_changes_nothing,
    sends::cancelling_stops_at_zero,
    sends::without_cooldowns_nobody_waits,
    steps::an_unknown_flow_is_gone,
    steps::an_expired_flow_is_gone,
    steps::an_ended_flow_is_gone,
    steps::each_step_is_told,
    steps::a_flow_is_read_as_it_stands,
    steps::the_password_may_be_set_again,
    steps::so_many_passwords_are_hashed_for_a_flow,
    steps::an_earlier_flow_lives_beside_a_later_one,
    sms_regions::a_block_is_seen_lifted_and_runs_out,
    sms_regions::all_and_one_are_apart,
    sms_regions::regions_that_are_blocked_or_used_show_up,
);

const PURPOSE: Purpose = Purpose::Register;
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

fn phone(number: u32) -> Phone {
    Phone::from_stored(format!("+861380013{number:04}")).unwrap()
}

/// Where the `n`-th flow of this phone is filed.
fn key(number: u32, n: u8) -> FlowKey {
    let subject = PhoneHash::of(&phone(number), &Keys::derive(&[1; 32]).subject);
    Ticket::new(subject, [n; 32]).flow_key()
}

/// Whose code it is: every flow here has an account of its own.
fn account(number: u32) -> AccountVersion {
    let password_changed_at = DateTime::from_timestamp_micros(1_795_000_000_123_456).unwrap();
    AccountVersion { user: UserId(Uuid::from_u128(number.into())), password_changed_at }
}

fn proven(number: u32) -> Proven {
    Proven { phone: phone(number), account: Some(account(number)) }
}

/// What a right code says of the phone of this number.
fn right(number: u32) -> CodeCheck {
    CodeCheck::Right(Verified { proven: proven(number), ip_blocks: vec![ORIGIN.to_owned()], provider: None })
}

/// What the client is counted by.
const ORIGIN: &str = "192.0.2.1";

fn new_flow(number: u32) -> NewFlow {
    NewFlow {
        purpose: PURPOSE,
        phone: phone(number),
        account: Some(account(number)),
        decoy: false,
        client: None,
        origin: ORIGIN.to_owned(),
    }
}

fn policy() -> CodePolicy {
    CodePolicy::default()
}

fn limits() -> PhoneLimits {
    PhoneLimits::default()
}

/// Limits that stop nobody, for what is not about them.
fn no_limits() -> PhoneLimits {
    let plenty = Quota { max: 1_000_000, window: DAY };
    PhoneLimits { cooldowns: Vec::new(), hourly: plenty, daily: plenty, wrong_codes: plenty }
}

/// Opens a flow for the phone of this number, by the default policy.
async fn open(store: &dyn Staging, key: &FlowKey, number: u32, limits: &PhoneLimits) -> Reserved {
    store.open_flow(key, &new_flow(number), &policy(), limits).await.unwrap()
}

async fn resend(store: &dyn Staging, key: &FlowKey, limits: &PhoneLimits) -> Resend {
    store.reserve_resend(key, PURPOSE, &policy(), limits).await.unwrap()
}

async fn check(store: &dyn Staging, key: &FlowKey, right: bool, limits: &PhoneLimits) -> CodeCheck {
    store.check_code(key, PURPOSE, right, &policy(), limits).await.unwrap()
}

/// Asks that often, from many threads and all together.
async fn at_once<T, F>(times: u8, ask: impl Fn(u8) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let start = Arc::new(Barrier::new(times.into()));
    let mut tasks = JoinSet::new();
    for n in 0..times {
        let (start, asked) = (start.clone(), ask(n));
        tasks.spawn(async move {
            start.wait().await;
            asked.await
        });
    }
    tasks.join_all().await
}

/// Redis' time goes on by itself: up to so much may be missing.
const SLACK: Duration = Duration::from_secs(20);

#[track_caller]
fn assert_left(left: Duration, of: Duration) {
    assert!(left <= of && left + SLACK > of, "{left:?} of {of:?}");
}
