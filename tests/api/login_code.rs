//! Signing in with a code.

use crate::house::{Answer, House, fresh_phone, other_than};
use crate::over_both_back_ends;
use crate::people::at_once;
use serde_json::json;
use std::time::Duration;

over_both_back_ends!(
    a_code_signs_in,
    a_code_works_once,
    of_many_at_once_one_signs_in,
    an_unknown_number_is_answered_alike_and_sent_nothing,
    an_account_that_went_away_is_not_signed_in,
);

async fn verify(house: &House, ticket: &str, code: &str) -> Answer {
    house.post("/v1/login/verify-code", json!({"ticket": ticket, "code": code, "device_name": "Mate 70"})).await
}

async fn a_code_signs_in(house: House) {
    let person = house.person().await;
    let (ticket, code) = house.ticket_for("login", &person.phone).await;
    let wrong = verify(&house, &ticket, &other_than(&code)).await;
    wrong.assert_refused(422, "code_wrong");
    assert_eq!(wrong.number("attempts_left"), 4);
    house.advance(Duration::from_secs(60));
    house.post("/v1/login/resend-code", json!({"ticket": ticket})).await.assert_done(200);
    assert_eq!(house.next_code(&person.phone, 2).await, code);
    let signed_in = verify(&house, &ticket, &code).await;
    signed_in.assert_done(200);
    assert_eq!(signed_in.body["user"], person.user);
    house.me(&signed_in.text("access_token")).await.assert_done(200);
    house.refresh(&signed_in.text("refresh_token")).await.assert_done(200);
}

async fn a_code_works_once(house: House) {
    let person = house.person().await;
    let (ticket, code) = house.ticket_for("login", &person.phone).await;
    verify(&house, &ticket, &code).await.assert_done(200);
    verify(&house, &ticket, &code).await.assert_refused(410, "ticket_expired");
}

async fn of_many_at_once_one_signs_in(house: House) {
    let person = house.person().await;
    let (ticket, code) = house.ticket_for("login", &person.phone).await;
    let answers = at_once((0..16).map(|_| verify(&house, &ticket, &code))).await;
    let signed_in = answers.iter().filter(|answer| answer.status.is_success()).count();
    // While the first is at it the others are told to come again, and afterwards that the ticket is finished.
    let refused = answers.iter().filter(|answer| ["overloaded", "ticket_expired"].contains(&answer.code())).count();
    assert_eq!((signed_in, refused), (1, 15));
    verify(&house, &ticket, &code).await.assert_refused(410, "ticket_expired");
}

async fn an_unknown_number_is_answered_alike_and_sent_nothing(house: House) {
    let person = house.person().await;
    let stranger = fresh_phone();
    let known = house.send_code_for("login", &person.phone).await;
    let unknown = house.send_code_for("login", &stranger).await;
    for ticket in [known.text("ticket"), unknown.text("ticket")] {
        let ticket = ticket.as_str();
        for left in (1..5).rev() {
            let wrong = verify(&house, ticket, "000000").await;
            // One in a million codes is this one.
            assert_eq!((wrong.code(), wrong.number("attempts_left")), ("code_wrong", left));
        }
        verify(&house, ticket, "000000").await.assert_refused(410, "code_exhausted");
        verify(&house, ticket, "000000").await.assert_refused(410, "ticket_expired");
    }
    house.next_code(&person.phone, 1).await;
    assert!(house.sms.messages_for(&stranger).is_empty());
}

async fn an_account_that_went_away_is_not_signed_in(house: House) {
    let person = house.person().await;
    let (ticket, code) = house.ticket_for("login", &person.phone).await;
    let password = json!({"password": crate::house::PASSWORD});
    house.call(reqwest::Method::DELETE, "/v1/me", &person.access, password).await.assert_done(204);
    verify(&house, &ticket, &code).await.assert_refused(410, "ticket_expired");
}
