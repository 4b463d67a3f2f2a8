//! A COMMIT that the server executes and whose answer is lost: the call finds out on another connection.

use super::store::{
    Store, another_hash, authority, authority_at, code_proof, device, new_user, now, number_change, open,
    password_hash, password_proof, postgres_store,
};
use crate::support::tcp_proxy::TcpProxy;
use doorstep::adapters::database::Database;
use doorstep::domain::phone::Phone;
use doorstep::domain::policy::SessionPolicy;
use doorstep::domain::session::Generation;
use doorstep::ports::{Created, DependencyError, PhoneChange, Proof, Users};
use std::sync::Arc;
use url::Url;

/// Database behind a proxy. The store itself reaches the server without it.
fn behind_proxy() -> (Store, TcpProxy, Arc<Database>) {
    let store = postgres_store();
    let mut url = Url::parse(&store.url).unwrap();
    let proxy = TcpProxy::start(url.port().unwrap());
    url.set_port(Some(proxy.port())).unwrap();
    let database = open(url.as_str());
    (store, proxy, database)
}

#[tokio::test]
async fn a_sign_up_whose_commit_had_no_answer_succeeds() {
    let (store, proxy, database) = behind_proxy();
    let (user, session) = new_user("+8613800138000", 1);
    proxy.lose_answer_to("COMMIT");
    assert_eq!(database.create(&user, &session).await.unwrap(), Created::Yes);
    assert_eq!((store.count("users"), store.count("sessions")), (1, 1));
}

#[tokio::test]
async fn a_change_whose_commit_had_no_answer_succeeds_once() {
    let (store, proxy, database) = behind_proxy();
    let (user, first) = store.signed_up("+8613800138000", 1).await;
    let (policy, proof, hash) = (SessionPolicy::default(), password_proof(&user), another_hash());

    proxy.lose_answer_to("COMMIT");
    assert!(database.sign_in(&device(&user, 2), &proof, None, &policy).await.unwrap());
    assert_eq!(store.count("sessions"), 2);

    proxy.lose_answer_to("COMMIT");
    let renewed = database.change_password(&authority(&first), &proof, &hash, now()).await.unwrap();
    assert_eq!((renewed.unwrap().number, store.credentials(&user)), (Generation::RENEWAL, 1));

    let phone = Phone::from_stored("+8613800138009".to_owned()).unwrap();
    proxy.lose_answer_to("COMMIT");
    let changed = database.change_phone(&authority_at(&first, 1), &number_change(&user.phone, &phone), now()).await;
    assert!(matches!(changed.unwrap(), PhoneChange::Done(user) if user.phone.as_ref() == Some(&phone)));
    assert_eq!(store.credentials(&user), 2);

    let proof = Proof::Code { phone: phone.clone(), credentials: 2, uses: None };
    proxy.lose_answer_to("COMMIT");
    assert!(database.reset_password(user.id, &proof, password_hash(&user), now()).await.unwrap());
    assert_eq!(store.credentials(&user), 3);

    let proof = Proof::Code { phone, credentials: 3, uses: None };
    proxy.lose_answer_to("COMMIT");
    assert!(database.delete(user.id, &proof, None, now()).await.unwrap());
    assert_eq!(store.count("users"), 0);
}

/// Without a look, nobody knows the outcome. The retry of the client gets a true answer.
#[tokio::test]
async fn a_sign_up_that_cannot_look_is_unavailable() {
    let (_store, proxy, database) = behind_proxy();
    let (user, session) = new_user("+8613800138000", 1);
    database.ping().await.unwrap();
    proxy.lose_answer_to("COMMIT");
    proxy.refuse_connections(true);
    let result = database.create(&user, &session).await;
    assert!(matches!(&result, Err(DependencyError::Unavailable { may_be_done: true, .. })), "{result:?}");
    proxy.refuse_connections(false);
    let (again, session) = new_user("+8613800138000", 2);
    assert_eq!(database.create(&again, &session).await.unwrap(), Created::PhoneTaken);
    assert!(database.delete(user.id, &code_proof(&user), None, now()).await.unwrap());
}
