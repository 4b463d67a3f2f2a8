//! `ports::Staging`: in memory, with a clock of the test, and in Redis (one server, Sentinel, Cluster), where a test
//! shortens the TTL of every key.

mod captchas;
mod claims;
mod codes;
mod cooldowns;
mod counters;
mod harness;
mod idempotency;
mod ip_blocks;
mod outage;
mod purposes;
mod questions;
mod sends;
mod shared;
mod sliding;
mod sms_regions;
mod steps;
mod transitions;
mod wire;

use doorstep::domain::flow::{FlowPolicy, Proven, Purpose, Transition};
use doorstep::domain::keys::Keys;
use doorstep::domain::limits::Cooldowns;
use doorstep::domain::limits::{Counter, Limit, Limits, Reached, Refund};
use doorstep::domain::master_key::KeyId;
use doorstep::domain::new_account::NewAccount;
use doorstep::domain::password::PasswordHash;
use doorstep::domain::phone::Phone;
use doorstep::domain::session::SessionId;
use doorstep::domain::ticket::{FlowKey, PhoneHash, Ticket};
use doorstep::domain::user::{AccountVersion, UserId};
use doorstep::ports::{
    Admission, Advance, CancelledSend, Change, CodeAttempt, CodeCheck, Counts, NewFlow, OnRight, Resend, Staging,
    Verified,
};
use harness::{Harness, Memory, Redis};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use uuid::Uuid;

/// Makes a test of every promise for each store. A function cannot make tests.
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
                redis.assert_every_key_expires();
            })+
        }

        mod redis_sentinel {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $promise() {
                let redis = super::Redis::with_sentinels();
                super::$topic::$promise(&redis).await;
                redis.assert_every_key_expires();
            })+
        }

        mod redis_cluster {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $promise() {
                let redis = super::Redis::with_cluster();
                super::$topic::$promise(&redis).await;
                redis.assert_every_key_expires();
            })+
        }
    };
}

promises!(
    captchas::one_of_100_concurrent_answers_is_accepted,
    captchas::a_wrong_answer_uses_up_the_captcha_and_counts_nothing,
    captchas::a_right_answer_counts_or_is_denied,
    captchas::every_answer_can_be_accepted,
    captchas::a_captcha_expires_after_its_ttl,
    captchas::a_second_put_replaces_the_answer_and_its_ttl,
    captchas::a_captcha_beyond_a_limit_is_not_stored,
    claims::one_of_many_concurrent_right_codes_is_claimed,
    claims::a_released_code_can_be_claimed_again,
    claims::a_claim_that_is_not_released_expires,
    claims::only_the_owner_renews_and_releases_a_claim,
    claims::a_claimed_flow_is_gone_after_its_deletion,
    claims::wrong_codes_of_a_claim_cost_attempts_until_the_flow_is_deleted,
    claims::a_verified_flow_cannot_be_claimed,
    codes::one_of_many_concurrent_right_codes_advances_the_flow,
    codes::a_right_code_says_whether_the_password_was_proven,
    codes::five_of_many_concurrent_wrong_codes_count,
    codes::concurrent_right_and_wrong_codes_have_one_outcome,
    codes::wrong_codes_of_a_day_add_up_over_flows,
    codes::a_right_code_is_not_counted_as_wrong,
    codes::a_decoy_has_no_right_code,
    cooldowns::a_cooldown_grows_with_the_counter_that_it_names,
    cooldowns::a_denied_call_starts_no_cooldown,
    cooldowns::a_refunded_or_reset_cooldown_is_over,
    cooldowns::one_of_many_concurrent_calls_passes_a_cooldown,
    cooldowns::a_cooldown_without_waits_never_denies,
    counters::a_call_counts_on_all_counters_or_on_none,
    counters::concurrent_calls_never_exceed_the_maximum,
    counters::a_window_begins_with_the_first_call,
    counters::a_refund_makes_room_for_one_call,
    counters::refunds_stop_at_zero,
    counters::a_repeated_refund_is_made_once,
    counters::a_reset_changes_only_the_named_counters,
    counters::a_quota_of_zero_denies_every_call,
    counters::limits_and_keys_have_separate_counters,
    counters::every_reached_limit_is_reported_and_the_first_decides,
    counters::a_call_returns_the_value_of_each_counter,
    counters::a_member_counts_once,
    counters::a_member_is_refunded_once_for_each_call,
    counters::a_window_of_members_begins_with_the_first,
    counters::concurrent_members_never_exceed_the_maximum,
    counters::a_threshold_counts_nothing,
    counters::a_threshold_reads_the_counter_of_another_limit,
    counters::a_set_counter_is_replaced_and_expires,
    counters::reading_the_usage_counts_nothing,
    idempotency::one_of_many_concurrent_requests_is_the_first,
    idempotency::a_stored_response_is_returned_until_it_expires,
    idempotency::a_response_can_expire_earlier_than_its_claim,
    idempotency::a_request_with_another_fingerprint_is_a_mismatch,
    idempotency::a_released_request_can_begin_again,
    idempotency::a_stored_response_is_neither_released_nor_replaced,
    idempotency::a_request_without_a_response_expires,
    idempotency::a_claim_that_is_renewed_lasts,
    idempotency::only_the_owner_renews_and_releases_its_request,
    idempotency::a_response_without_a_claim_is_stored_unless_the_name_is_taken,
    idempotency::extreme_ttls_are_accepted,
    ip_blocks::a_right_code_returns_the_ip_block_of_every_message,
    ip_blocks::a_flow_has_the_provider_of_its_first_message_from_the_beginning,
    ip_blocks::a_cancelled_resend_stores_no_ip_block,
    ip_blocks::one_of_many_concurrent_right_codes_gets_the_ip_blocks,
    ip_blocks::nothing_is_recorded_unless_a_code_can_be_entered,
    ip_blocks::one_of_many_concurrent_deletions_returns_true,
    ip_blocks::the_client_app_of_a_flow_is_kept,
    purposes::a_flow_is_unknown_to_every_other_purpose_and_user,
    questions::a_flow_keeps_its_last_question,
    questions::only_wrong_codes_cost_attempts_of_an_account_in_question,
    questions::wrong_codes_for_an_account_in_question_count_for_the_phone,
    questions::one_of_many_concurrent_right_codes_for_an_account_in_question_is_claimed,
    questions::an_account_in_question_restarts_the_lifetime_once,
    questions::the_ip_blocks_of_a_refunded_flow_are_not_returned_again,
    questions::a_completion_is_stored_until_another_one_replaces_it,
    questions::a_second_question_keeps_the_completion_and_a_second_answer_replaces_it,
    questions::a_flow_that_starts_anew_is_a_sign_up,
    questions::a_flow_that_starts_anew_without_consent_has_none,
    questions::one_of_many_concurrent_calls_starts_anew,
    sends::one_of_100_concurrent_sends_is_reserved,
    sends::concurrent_sends_never_exceed_the_hourly_limit,
    sends::the_cooldown_grows_and_starts_again_after_an_hour,
    sends::a_phone_gets_five_sends_an_hour_and_ten_a_day,
    sends::phones_have_separate_limits,
    sends::a_resend_keeps_the_lifetime_and_the_attempts,
    sends::a_denied_send_changes_nothing,
    sends::a_send_that_reaches_several_limits_waits_for_the_longest,
    sends::cancelling_a_send_refunds_everything,
    sends::a_cancelled_resend_keeps_the_flow,
    sends::only_a_reserved_resend_is_cancelled_and_only_once,
    sends::an_unknown_outcome_ends_only_the_cooldown,
    sends::cancelling_a_send_of_an_unknown_flow_does_nothing,
    sends::cancelling_stops_at_zero,
    sends::sends_without_cooldowns_do_not_wait,
    shared::every_class_keeps_its_share,
    shared::members_of_every_class_keep_their_share,
    shared::a_refund_makes_room_for_its_class,
    shared::a_threshold_reads_the_calls_of_all_classes,
    shared::concurrent_calls_of_all_classes_never_exceed_the_maximum,
    sliding::no_window_has_more_than_the_maximum,
    sliding::a_steady_caller_gets_the_maximum_in_each_window,
    sliding::each_call_leaves_the_window_by_itself,
    sliding::a_refund_removes_the_newest_call,
    sliding::a_reset_forgets_every_call,
    sliding::a_threshold_reads_a_sliding_window,
    sliding::a_sliding_quota_of_zero_denies_every_call,
    sliding::concurrent_calls_never_exceed_the_maximum_of_a_sliding_window,
    sms_regions::a_block_is_reported_until_it_is_lifted_or_expires,
    sms_regions::the_blocks_of_all_regions_and_of_one_are_independent,
    sms_regions::blocked_and_used_regions_are_listed,
    steps::an_unknown_flow_is_gone,
    steps::an_expired_flow_is_gone,
    steps::a_deleted_flow_is_gone,
    steps::an_action_at_the_wrong_step_names_the_step,
    steps::a_flow_is_read_with_the_data_of_its_step,
    steps::a_consent_is_read_at_every_step,
    steps::the_ids_of_the_new_account_are_read_at_every_step,
    steps::setting_the_password_again_does_not_extend_the_lifetime,
    steps::a_flow_has_a_maximum_of_password_hashes,
    steps::password_refunds_stop_at_the_maximum,
    steps::an_earlier_flow_stays_valid_beside_a_later_one,
    transitions::every_verb_has_the_outcome_of_the_table,
    transitions::no_verb_of_another_purpose_finds_or_changes_a_flow,
    transitions::recording_a_message_does_not_change_the_step,
);

const PURPOSE: Purpose = Purpose::Register;
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// Caller that claims codes and requests.
const OWNER: Uuid = Uuid::from_u128(1);
/// Name of every resend.
const RESEND: Uuid = Uuid::from_u128(2);

fn phone(number: u32) -> Phone {
    Phone::from_stored(format!("+861380013{number:04}")).unwrap()
}

/// Key of the `n`-th flow of this phone.
fn key(number: u32, n: u8) -> FlowKey {
    let phone_hash = PhoneHash::of(&phone(number), &Keys::derive(&[1; 32]).phone_hash);
    Ticket::new(phone_hash, KeyId([0; 4]), [n; 28]).flow_key()
}

/// Account that the code of the phone is for.
fn account(number: u32) -> AccountVersion {
    AccountVersion { user: UserId(Uuid::from_u128(number.into())), credentials: number.into() }
}

fn proven(number: u32) -> Proven {
    Proven { phone: phone(number), account: Some(account(number)), password_proven: false }
}

/// Result of a right code for the phone, after one message.
fn right(number: u32) -> CodeCheck {
    CodeCheck::Right(Verified { proven: proven(number), ip_blocks: vec![IP_BLOCK.to_owned()], provider: None })
}

const IP_BLOCK: &str = "192.0.2.1";
/// Account that a sign-up of a test will create.
const NEW_ACCOUNT: NewAccount = NewAccount { user: UserId(Uuid::from_u128(1)), session: SessionId(Uuid::from_u128(2)) };

fn new_flow(number: u32) -> NewFlow {
    NewFlow {
        account: Some(account(number)),
        ip_block: IP_BLOCK.to_owned(),
        ..NewFlow::new(PURPOSE, phone(number), &policy())
    }
}

fn policy() -> FlowPolicy {
    FlowPolicy::default()
}

fn limits() -> Limits {
    Limits::default()
}

/// Limits that no test reaches.
fn unlimited() -> Limits {
    let mut limits = limits();
    limits.cooldowns = Cooldowns(Vec::new());
    for limit in [Limit::PhoneHour, Limit::PhoneDay, Limit::WrongCodes] {
        limits.set(limit, 1_000_000);
    }
    limits
}

/// Counters of the phone that are refunded on this outcome of a send.
fn refundable(key: &FlowKey, outcome: Refund) -> Vec<Counter> {
    let mut counters = limits().phone(key.phone_hash);
    counters.retain(|counter| counter.limit.is_refunded_on(outcome));
    counters
}

/// Opens a flow for the phone with the default policy.
async fn open(store: &dyn Staging, key: &FlowKey, number: u32, limits: &Limits) -> Admission {
    store.open_flow(key, &new_flow(number), &limits.phone(key.phone_hash)).await.unwrap()
}

async fn resend(store: &dyn Staging, key: &FlowKey, limits: &Limits) -> Resend {
    store.reserve_resend(key, PURPOSE, RESEND, &limits.phone(key.phone_hash)).await.unwrap()
}

async fn cancel_first(store: &dyn Staging, key: &FlowKey, limits: &[Counter]) {
    store.cancel_send(key, CancelledSend::First, limits).await.unwrap();
}

async fn cancel_resend(store: &dyn Staging, key: &FlowKey, limits: &[Counter]) {
    store.cancel_send(key, CancelledSend::Resend(RESEND), limits).await.unwrap();
}

/// Id of another refund.
fn new_id() -> Uuid {
    static LAST: AtomicU64 = AtomicU64::new(0);
    Uuid::from_u64_pair(1, LAST.fetch_add(1, Ordering::Relaxed))
}

/// Attempt of a code that leads to the next step.
fn code_attempt(key: &FlowKey, right: bool, limits: &Limits) -> CodeAttempt {
    let wrong_codes = limits.counter(Limit::WrongCodes, key.phone_hash.encoded());
    let on_right = OnRight::Advance { transition: Transition::VERIFY_CODE, ttl: policy().verified_ttl };
    CodeAttempt { purpose: PURPOSE, right, wrong_codes, on_right }
}

/// Attempt of a code that is redeemed at once.
fn claim_attempt(key: &FlowKey, right: bool, limits: &Limits) -> CodeAttempt {
    let on_right = OnRight::Claim { transition: Transition::REDEEM_CODE, owner: OWNER, ttl: policy().claim_ttl };
    CodeAttempt { on_right, ..code_attempt(key, right, limits) }
}

async fn verify(store: &dyn Staging, key: &FlowKey, right: bool, limits: &Limits) -> CodeCheck {
    store.verify_code(key, &code_attempt(key, right, limits)).await.unwrap()
}

async fn claim(store: &dyn Staging, key: &FlowKey, right: bool, limits: &Limits) -> CodeCheck {
    store.verify_code(key, &claim_attempt(key, right, limits)).await.unwrap()
}

async fn spend_password(store: &dyn Staging, key: &FlowKey, purpose: Purpose) -> Advance {
    let ttl = policy().verified_ttl;
    store.advance(key, purpose, &Transition::HASH_PASSWORD, &Change::SpendPassword, ttl).await.unwrap()
}

async fn set_password(store: &dyn Staging, key: &FlowKey, purpose: Purpose, hash: &str) -> Advance {
    let change = Change::StorePasswordHash(PasswordHash::new(hash.to_owned()));
    store.advance(key, purpose, &Transition::SET_PASSWORD, &change, policy().verified_ttl).await.unwrap()
}

/// Counts, and returns the value of each counter.
async fn values(store: &dyn Staging, counters: &[Counter]) -> Vec<u32> {
    let counts = allowed(store.count(counters).await.unwrap());
    counters.iter().map(|counter| counts.get(counter.limit)).collect()
}

#[track_caller]
fn allowed(admission: Admission) -> Counts {
    match admission {
        Admission::Allowed(counts) => counts,
        Admission::Limited(reached) => panic!("{reached:?}"),
    }
}

/// Asserts that this limit denies, and that the wait is `left`.
#[track_caller]
fn assert_limited(admission: &Admission, limit: Limit, left: Duration) {
    match admission {
        Admission::Limited(reached) => assert_reached(reached, limit, left),
        Admission::Allowed(counts) => panic!("{limit:?} does not deny: {counts:?}"),
    }
}

#[track_caller]
fn assert_reached(reached: &Reached, limit: Limit, left: Duration) {
    assert_eq!(reached.limit, limit);
    assert_left(reached.retry_after(), left);
}

/// Makes the calls `0..times` at the same time, from several threads.
async fn at_once<T, F>(times: u8, call: impl Fn(u8) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let start = Arc::new(Barrier::new(times.into()));
    let mut tasks = JoinSet::new();
    for n in 0..times {
        let (start, call) = (start.clone(), call(n));
        tasks.spawn(async move {
            start.wait().await;
            call.await
        });
    }
    tasks.join_all().await
}

/// Time that may pass in Redis by itself during a test.
const SLACK: Duration = Duration::from_secs(20);

#[track_caller]
fn assert_left(left: Duration, expected: Duration) {
    assert!(left <= expected && left + SLACK > expected, "{left:?} instead of {expected:?}");
}
