//! A captcha is good for one try.

use super::{Harness, MINUTE, at_once};
use doorstep::domain::captcha::{CaptchaAnswer, CaptchaId};

fn answer(text: &str) -> CaptchaAnswer {
    CaptchaAnswer::parse(text).unwrap()
}

pub async fn of_a_hundred_takers_one_gets_it(harness: &impl Harness) {
    let (store, id) = (harness.store(), CaptchaId::new([1; 16]));
    store.put_captcha(&id, &answer("AC3K"), 5 * MINUTE).await.unwrap();
    let takers = at_once(100, |_| {
        let (store, id) = (store.clone(), id.clone());
        async move { store.take_captcha(&id).await.unwrap() }
    });
    let taken: Vec<_> = takers.await.into_iter().flatten().collect();
    assert_eq!(taken.len(), 1);
    assert!(taken[0].matches(&answer("AC3K")));
    assert!(store.take_captcha(&id).await.unwrap().is_none());
}

pub async fn it_lives_as_long_as_told(harness: &impl Harness) {
    let (store, early, late) = (harness.store(), CaptchaId::new([1; 16]), CaptchaId::new([2; 16]));
    for id in [&early, &late] {
        store.put_captcha(id, &answer("AC3K"), 5 * MINUTE).await.unwrap();
    }
    harness.advance(4 * MINUTE);
    assert!(store.take_captcha(&early).await.unwrap().is_some());
    harness.advance(MINUTE);
    assert!(store.take_captcha(&late).await.unwrap().is_none());
}

pub async fn the_last_answer_counts(harness: &impl Harness) {
    let (store, id) = (harness.store(), CaptchaId::new([1; 16]));
    store.put_captcha(&id, &answer("OLD"), MINUTE).await.unwrap();
    store.put_captcha(&id, &answer("NEW"), 5 * MINUTE).await.unwrap();
    harness.advance(2 * MINUTE);
    assert!(store.take_captcha(&id).await.unwrap().is_some_and(|taken| taken.matches(&answer("NEW"))));
}
