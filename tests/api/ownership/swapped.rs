//! Numbers that move between people who have accounts.

use super::DAY;
use crate::server_tests;
use crate::test_server::{PASSWORD, TestServer};
use serde_json::{Value, json};

server_tests!(
    two_people_who_swapped_numbers_end_up_with_their_accounts,
    a_claimed_number_moves_after_a_day,
    a_refused_claim_moves_nothing,
    the_number_of_a_dormant_account_moves_at_once,
);

async fn two_people_who_swapped_numbers_end_up_with_their_accounts(server: TestServer) {
    let users = server.create_owners(2).await;
    let [one, other] = &users[..] else { panic!("two users") };
    server.change_number(&one.access_token, &other.phone, PASSWORD).await.assert_error(409, "act_held");
    assert!(server.pending(&one.access_token).await.is_empty());
    let act = server.pending(&other.access_token).await.remove(0);
    assert_eq!((&act["kind"], &act["phone_number"]), (&json!("number_claim"), &Value::Null));
    server.resolve(&other.access_token, &act, "approve").await.assert_status(204);
    server.advance(DAY / 1_440);
    let moved = server.change_number(&one.access_token, &other.phone, PASSWORD).await;
    moved.assert_status(200);
    assert_eq!(server.me(&other.access_token).await.body["phone_number"], Value::Null);
    let moved = server.change_number(&other.access_token, &one.phone, PASSWORD).await;
    moved.assert_status(200);
    for (user, phone) in [(one, &other.phone), (other, &one.phone)] {
        let signed_in = server.log_in(phone, PASSWORD).await;
        assert_eq!(signed_in.body["user"]["id"], user.profile["id"]);
    }
}

async fn a_claimed_number_moves_after_a_day(server: TestServer) {
    let mut users = server.create_owners(2).await;
    let phone = users[1].phone.clone();
    server.change_number(&users[0].access_token, &phone, PASSWORD).await.assert_error(409, "act_held");
    server.advance(DAY);
    for user in &mut users {
        server.renew(user).await;
    }
    server.change_number(&users[0].access_token, &phone, PASSWORD).await.assert_status(200);
    let other = server.me(&users[1].access_token).await;
    assert_eq!((&other.body["id"], &other.body["phone_number"]), (&users[1].profile["id"], &Value::Null));
}

async fn a_refused_claim_moves_nothing(server: TestServer) {
    let users = server.create_owners(2).await;
    let (thief, owner) = (&users[0], &users[1]);
    server.change_number(&thief.access_token, &owner.phone, PASSWORD).await.assert_error(409, "act_held");
    let act = server.pending(&owner.access_token).await.remove(0);
    server.resolve(&owner.access_token, &act, "refuse").await.assert_status(204);
    server.advance(DAY / 1_440);
    server.change_number(&thief.access_token, &owner.phone, PASSWORD).await.assert_error(409, "act_refused");
    assert_eq!(server.me(&owner.access_token).await.body["phone_number"], json!(owner.phone));
    assert_eq!(server.me(&thief.access_token).await.body["phone_number"], json!(thief.phone));
}

async fn the_number_of_a_dormant_account_moves_at_once(server: TestServer) {
    let dormant = server.dormant_user().await;
    let user = server.create_owner().await;
    server.change_number(&user.access_token, &dormant.phone, PASSWORD).await.assert_status(200);
    assert_eq!(server.log_in(&dormant.phone, PASSWORD).await.body["user"]["id"], user.profile["id"]);
    // Its owner reclaims it.
    let reclaimed = server.reclaim(&dormant.phone, &user.phone).await;
    assert_eq!(reclaimed.body["user"]["id"], dormant.profile["id"], "{reclaimed:?}");
}
