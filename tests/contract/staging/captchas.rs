//! A captcha can be answered once.

use super::{Harness, MINUTE, at_once};
use doorstep::domain::captcha::{CaptchaAnswer, CaptchaId};

fn answer(text: &str) -> CaptchaAnswer {
    CaptchaAnswer::parse(text).unwrap()
}

pub async fn one_of_100_concurrent_takes_gets_the_answer(harness: &impl Harness) {
    let (store, id) = (harness.store(), CaptchaId::new([1; 16]));
    store.put_captcha(&id, &answer("AC3K"), 5 * MINUTE).await.unwrap();
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
        store.put_captcha(id, &answer("AC3K"), 5 * MINUTE).await.unwrap();
    }
    harness.advance(4 * MINUTE);
    assert!(store.take_captcha(&early).await.unwrap().is_some());
    harness.advance(MINUTE);
    assert!(store.take_captcha(&late).await.unwrap().is_none());
}

pub async fn a_second_put_replaces_the_answer_and_its_ttl(harness: &impl Harness) {
    let (store, id) = (harness.store(), CaptchaId::new([1; 16]));
    store.put_captcha(&id, &answer("OLD"), MINUTE).await.unwrap();
    store.put_captcha(&id, &answer("NEW"), 5 * MINUTE).await.unwrap();
    harness.advance(2 * MINUTE);
    assert!(store.take_captcha(&id).await.unwrap().is_some_and(|taken| taken.matches(&answer("NEW"))));
}
