//! A captcha can be answered once.

use super::{Harness, MINUTE, allowed, assert_limited, at_once, values};
use doorstep::domain::captcha::{CaptchaAnswer, CaptchaAttempt, CaptchaId};
use doorstep::domain::limits::{Counter, Limit, Quota, Rule};
use doorstep::ports::{CaptchaCheck, Staging};
use std::time::Duration;

fn answer(text: &str) -> CaptchaAnswer {
    CaptchaAnswer::parse(text).unwrap()
}

async fn put(store: &dyn Staging, id: &CaptchaId, text: &str, ttl: Duration) {
    allowed(store.put_captcha(id, &answer(text), ttl, &[]).await.unwrap());
}

async fn redeem(store: &dyn Staging, id: &CaptchaId, text: &str, limits: &[Counter]) -> CaptchaCheck {
    let attempt = CaptchaAttempt { id: id.clone(), accepted: Some([answer("OTHER"), answer(text)]) };
    store.redeem_captcha(&attempt, limits).await.unwrap()
}

async fn is_right(store: &dyn Staging, id: &CaptchaId, text: &str) -> bool {
    matches!(redeem(store, id, text, &[]).await, CaptchaCheck::Right(_))
}

fn limit() -> Counter {
    let rule = Rule::Count(Quota { max: 2, window: MINUTE });
    Counter { limit: Limit::IpCaptchas, key: "192.0.2.1".to_owned(), rule }
}

pub async fn one_of_100_concurrent_answers_is_accepted(harness: &impl Harness) {
    let (store, id) = (harness.store(), CaptchaId::new([1; 16]));
    put(&*store, &id, "AC3K", 5 * MINUTE).await;
    let attempts = at_once(100, |_| {
        let (store, id) = (store.clone(), id.clone());
        async move { is_right(&*store, &id, "AC3K").await }
    });
    assert_eq!(attempts.await.into_iter().filter(|is_right| *is_right).count(), 1);
    assert_eq!(redeem(&*store, &id, "AC3K", &[]).await, CaptchaCheck::Gone);
}

pub async fn a_wrong_answer_uses_up_the_captcha_and_counts_nothing(harness: &impl Harness) {
    let (store, id) = (harness.store(), CaptchaId::new([1; 16]));
    for expected in [CaptchaCheck::Wrong, CaptchaCheck::Gone] {
        if expected == CaptchaCheck::Wrong {
            put(&*store, &id, "AC3K", MINUTE).await;
        }
        assert_eq!(redeem(&*store, &id, "AC3L", &[limit()]).await, expected);
    }
    assert_eq!(values(&*store, &[limit()]).await, [1]);
}

pub async fn a_right_answer_counts_or_is_denied(harness: &impl Harness) {
    let (store, id) = (harness.store(), CaptchaId::new([1; 16]));
    for count in 1..=3 {
        put(&*store, &id, "AC3K", MINUTE).await;
        match redeem(&*store, &id, "AC3K", &[limit()]).await {
            CaptchaCheck::Right(admission) if count == 3 => assert_limited(&admission, Limit::IpCaptchas, MINUTE),
            CaptchaCheck::Right(admission) => assert_eq!(allowed(admission).get(Limit::IpCaptchas), count),
            other => panic!("{other:?}"),
        }
        assert_eq!(redeem(&*store, &id, "AC3K", &[]).await, CaptchaCheck::Gone);
    }
}

pub async fn every_answer_can_be_accepted(harness: &impl Harness) {
    let (store, id) = (harness.store(), CaptchaId::new([1; 16]));
    let attempt = CaptchaAttempt { id: id.clone(), accepted: None };
    assert_eq!(store.redeem_captcha(&attempt, &[]).await.unwrap(), CaptchaCheck::Gone);
    put(&*store, &id, "AC3K", MINUTE).await;
    assert!(matches!(store.redeem_captcha(&attempt, &[]).await.unwrap(), CaptchaCheck::Right(_)));
    put(&*store, &id, "AC3K", MINUTE).await;
    store.delete_captcha(&id).await.unwrap();
    assert_eq!(store.redeem_captcha(&attempt, &[]).await.unwrap(), CaptchaCheck::Gone);
}

pub async fn a_captcha_expires_after_its_ttl(harness: &impl Harness) {
    let (store, early, late) = (harness.store(), CaptchaId::new([1; 16]), CaptchaId::new([2; 16]));
    for id in [&early, &late] {
        put(&*store, id, "AC3K", 5 * MINUTE).await;
    }
    harness.advance(4 * MINUTE);
    assert!(is_right(&*store, &early, "AC3K").await);
    harness.advance(MINUTE);
    assert_eq!(redeem(&*store, &late, "AC3K", &[]).await, CaptchaCheck::Gone);
}

pub async fn a_second_put_replaces_the_answer_and_its_ttl(harness: &impl Harness) {
    let (store, id) = (harness.store(), CaptchaId::new([1; 16]));
    put(&*store, &id, "OLD", MINUTE).await;
    put(&*store, &id, "NEW", 5 * MINUTE).await;
    harness.advance(2 * MINUTE);
    assert!(is_right(&*store, &id, "NEW").await);
}

pub async fn a_captcha_beyond_a_limit_is_not_stored(harness: &impl Harness) {
    let (store, ids) = (harness.store(), [1, 2, 3].map(|n| CaptchaId::new([n; 16])));
    for (id, count) in ids.iter().zip([1, 2]) {
        let admission = store.put_captcha(id, &answer("AC3K"), MINUTE, &[limit()]).await.unwrap();
        assert_eq!(allowed(admission).get(Limit::IpCaptchas), count);
    }
    let denied = store.put_captcha(&ids[2], &answer("AC3K"), MINUTE, &[limit()]).await.unwrap();
    assert_limited(&denied, Limit::IpCaptchas, MINUTE);
    for (id, is_stored) in ids.iter().zip([true, true, false]) {
        assert_eq!(is_right(&*store, id, "AC3K").await, is_stored);
    }
    harness.advance(MINUTE);
    assert_eq!(values(&*store, &[limit()]).await, [1]);
}
