//! The model decides as the stores do.

use super::rng::Rng;
use super::rule::{Answer, Rule, Session};
use crate::users::store::{Store, block, device, now, stores};
use chrono::TimeDelta;
use doorstep::domain::dpop::Thumbprint;
use doorstep::domain::policy::SessionPolicy;
use doorstep::domain::refresh::Refresh;
use doorstep::domain::session::{Device, Generation, NewSession};
use doorstep::domain::user::NewUser;
use doorstep::ports::{Refreshed, Users};

async fn compare(store: &Store, user: &NewUser, rng: &mut Rng, n: u8) {
    let key = |n: u32| Thumbprint::of_p256(&[u8::try_from(n).unwrap(); 32], &[1; 32]);
    let bound_to = rng.one_in(4).then_some(1);
    let session = NewSession { device: Device { key: bound_to.map(key), ..Device::default() }, ..device(user, n) };
    let proof = crate::users::store::password_proof(user);
    assert!(store.database.sign_in(&session, &proof, None, &SessionPolicy::default()).await.unwrap());
    let (mut model, mut time) = (Session::new(Rule::WithBlocks, bound_to), 0);
    for step in 0..40 {
        time += if rng.one_in(2) { rng.between(0, 119) } else { rng.between(120, 900) };
        let presented = model.generation.saturating_sub(if rng.one_in(40) { 2 } else { u32::from(rng.one_in(2)) });
        let from = u32::from(rng.one_in(3)) + 1;
        let given = if rng.one_in(20) { Some(2) } else { bound_to };
        let request = Refresh {
            presented: Generation { session: session.id, number: presented },
            key: given.map(key),
            from: block(session.id, &format!("192.0.2.{from}")),
        };
        let at = now() + TimeDelta::seconds(time);
        let result = store.database.refresh(&request, at, &SessionPolicy::default()).await.unwrap();
        let result = match result {
            Refreshed::Yes { number, .. } => Answer::Token(number),
            Refreshed::Reused { .. } => Answer::Reused,
            Refreshed::Ended => Answer::Ended,
            Refreshed::KeyMismatch | Refreshed::NotBound => Answer::KeyMismatch,
        };
        let expected = model.refresh(presented, given, from, time);
        assert_eq!(result, expected, "{} session {n} step {step}: {model:?}", store.engine);
    }
}

#[tokio::test]
async fn the_model_decides_as_the_stores_do() {
    for store in stores() {
        let (user, _) = store.signed_up("+8613800138000", 255).await;
        let mut rng = Rng(7);
        for n in 0..60 {
            compare(&store, &user, &mut rng, n).await;
        }
    }
}
