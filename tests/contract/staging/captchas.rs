//! A captcha can be answered once.

use super::{Harness, MINUTE, allowed, assert_limited, at_once, values};
use doorstep::domain::captcha::{CaptchaAnswer, CaptchaId};
use doorstep::domain::limits::{Counter, Limit, Quota, Rule};
use doorstep::ports::Staging;
use std::slice;
use std::time::Duration;

fn answer(text: &str) -> CaptchaAnswer {
    CaptchaAnswer::parse(text).unwrap()
}

async fn put(store: &dyn Staging, id: &CaptchaId, text: &str, ttl: Duration) {
    allowed(store.put_captcha(id, &answer(text), ttl, &[]).await.unwrap());
}

pub async fn one_of_100_concurrent_takes_gets_the_answer(harness: &impl Harness) {
    let (store, id) = (harness.store(), CaptchaId::new([1; 16]));
    put(&*store, &id, "AC3K", 5 * MINUTE).await;
    let takes = at_once(100, |_| {
        let (store, id) = (store.clone(), id.clone());
        async move { store.take_captcha(&id).await.unwrap() }
    });
    let taken: Vec<_> = takes.await.into_iter().flatten().collect();
    assert_eq!(taken.len(), 1);
    assert!(taken[0].matches(&answer("AC3K")));
    assert!(store.take_captcha(&id).await.unwrap().is_none());
}

pub async fn a_captcha_expires_after_its_ttl(harness: &impl Harness) {
    let (store, early, late) = (harness.store(), CaptchaId::new([1; 16]), CaptchaId::new([2; 16]));
    for id in [&early, &late] {
        put(&*store, id, "AC3K", 5 * MINUTE).await;
    }
    harness.advance(4 * MINUTE);
    assert!(store.take_captcha(&early).await.unwrap().is_some());
    harness.advance(MINUTE);
    assert!(store.take_captcha(&late).await.unwrap().is_none());
}

pub async fn a_second_put_replaces_the_answer_and_its_ttl(harness: &impl Harness) {
    let (store, id) = (harness.store(), CaptchaId::new([1; 16]));
    put(&*store, &id, "OLD", MINUTE).await;
    put(&*store, &id, "NEW", 5 * MINUTE).await;
    harness.advance(2 * MINUTE);
    assert!(store.take_captcha(&id).await.unwrap().is_some_and(|taken| taken.matches(&answer("NEW"))));
}

pub async fn a_captcha_beyond_a_limit_is_not_stored(harness: &impl Harness) {
    let (store, ids) = (harness.store(), [1, 2, 3].map(|n| CaptchaId::new([n; 16])));
    let rule = Rule::Count(Quota { max: 2, window: MINUTE });
    let limit = Counter { limit: Limit::IpCaptchas, key: "192.0.2.1".to_owned(), rule };
    for (id, count) in ids.iter().zip([1, 2]) {
        let admission = store.put_captcha(id, &answer("AC3K"), MINUTE, slice::from_ref(&limit)).await.unwrap();
        assert_eq!(allowed(admission).get(limit.limit), count);
    }
    let denied = store.put_captcha(&ids[2], &answer("AC3K"), MINUTE, slice::from_ref(&limit)).await.unwrap();
    assert_limited(&denied, limit.limit, MINUTE);
    for (id, is_stored) in ids.iter().zip([true, true, false]) {
        assert_eq!(store.take_captcha(id).await.unwrap().is_some(), is_stored);
    }
    harness.advance(MINUTE);
    assert_eq!(values(&*store, &[limit]).await, [1]);
}
