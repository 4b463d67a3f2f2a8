//! When work is asked for: an address that asks for too much, or a region that is being pumped.

use crate::proof_of_work::solved;
use crate::test_server::{Answer, BYPASS, BackEnds, TestServer, fresh_phone};
use crate::with_both_back_ends;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

with_both_back_ends!(
    an_address_has_thirty_captchas_for_nothing,
    an_address_whose_codes_do_not_come_back_has_to_work,
    when_a_region_is_pumped_everybody_has_to_work,
    who_goes_on_pumping_prolongs_it,
);

const PRESSURE: [(&str, &str); 3] =
    [("PROOF_OF_WORK", "auto"), ("PROOF_OF_WORK_BITS", "4"), ("TRUSTED_PROXIES", "127.0.0.0/8")];

async fn house_with(back_ends: BackEnds, settings: &[(&str, &str)]) -> TestServer {
    TestServer::with(back_ends, &[&PRESSURE[..], settings].concat()).await
}

/// Asks for a captcha from this address.
async fn ask(server: &TestServer, address: &str, body: Value) -> Answer {
    let request = server.request(Method::POST, "/v1/captchas").header("x-forwarded-for", address);
    server.send(request.json(&body), "/v1/captchas").await
}

/// Sends a code from this address, with work where it is asked for.
async fn send(server: &TestServer, address: &str, phone: &str) -> Answer {
    let mut captcha = ask(server, address, json!({})).await;
    if captcha.code() == "proof_of_work_required" {
        captcha = ask(server, address, solved(&captcha)).await;
    }
    let body = json!({"phone_number": phone, "captcha_id": captcha.text("captcha_id"), "captcha_answer": BYPASS});
    let request = server.request(Method::POST, "/v1/register/send-code").header("x-forwarded-for", address);
    server.send(request.json(&body), "/v1/register/send-code").await
}

async fn assert_free(server: &TestServer, address: &str) {
    ask(server, address, json!({})).await.assert_done(201);
}

async fn assert_work(server: &TestServer, address: &str) {
    ask(server, address, json!({})).await.assert_refused(422, "proof_of_work_required");
}

async fn an_address_has_thirty_captchas_for_nothing(back_ends: BackEnds) {
    let server = house_with(back_ends, &[("LIMIT_IP_CAPTCHAS", "32")]).await;
    for _ in 0..30 {
        assert_free(&server, "203.0.113.7").await;
    }
    for _ in 0..2 {
        let refused = ask(&server, "203.0.113.7", json!({})).await;
        refused.assert_refused(422, "proof_of_work_required");
        ask(&server, "203.0.113.7", solved(&refused)).await.assert_done(201);
    }
    ask(&server, "203.0.113.7", json!({})).await.assert_refused(429, "too_many_requests");
    assert_free(&server, "203.0.113.8").await;
    server.advance(Duration::from_secs(600));
    assert_free(&server, "203.0.113.7").await;
}

async fn an_address_whose_codes_do_not_come_back_has_to_work(back_ends: BackEnds) {
    let server = house_with(back_ends, &[("LIMIT_IP_UNVERIFIED_HOUR", "3")]).await;
    let phone = fresh_phone();
    let ticket = send(&server, "203.0.113.7", &phone).await.text("ticket");
    assert_free(&server, "203.0.113.7").await;
    send(&server, "203.0.113.7", &fresh_phone()).await.assert_done(200);
    assert_work(&server, "203.0.113.7").await;
    assert_free(&server, "203.0.113.8").await;
    server.verify(&ticket, &server.sms.code_for(&phone).unwrap()).await.assert_done(200);
    assert_free(&server, "203.0.113.7").await;
}

async fn when_a_region_is_pumped_everybody_has_to_work(back_ends: BackEnds) {
    let server = house_with(back_ends, &[("SMS_BUDGET_REGION_UNVERIFIED_HOUR", "1000,CN=3")]).await;
    send(&server, "203.0.113.7", &fresh_phone()).await.assert_done(200);
    assert_free(&server, "203.0.113.8").await;
    send(&server, "203.0.113.7", &fresh_phone()).await.assert_done(200);
    assert_work(&server, "203.0.113.8").await;
    server.advance(Duration::from_secs(599));
    assert_work(&server, "2001:db8::1").await;
    server.advance(Duration::from_secs(1));
    assert_free(&server, "203.0.113.8").await;
}

/// Everybody can see whether work is asked for: whoever brings a region close to it must not learn from one more code whether that
/// went out.
#[actix_web::test]
async fn pressure_tells_nobody_who_has_an_account() {
    for has_account in [true, false] {
        let server = house_with(BackEnds::Real, &[("SMS_BUDGET_REGION_UNVERIFIED_HOUR", "4")]).await;
        let people = server.people(2).await;
        let phone = if has_account { people[0].phone.clone() } else { fresh_phone() };
        server.send_code_for("login", &phone).await.assert_done(200);
        if has_account {
            server.next_code(&phone, 1).await;
        } else {
            server.wait_for_budget(false).await;
        }
        assert_free(&server, "203.0.113.8").await;
        server.send_code_for("login", &people[1].phone).await.assert_done(200);
        assert_work(&server, "203.0.113.8").await;
    }
}

async fn who_goes_on_pumping_prolongs_it(back_ends: BackEnds) {
    let server = house_with(back_ends, &[("SMS_BUDGET_REGION_HOUR", "1")]).await;
    send(&server, "203.0.113.7", &fresh_phone()).await.assert_done(200);
    server.advance(Duration::from_secs(599));
    send(&server, "203.0.113.7", &fresh_phone()).await.assert_refused(503, "sms_region_suspended");
    server.advance(Duration::from_secs(599));
    assert_work(&server, "203.0.113.8").await;
    server.advance(Duration::from_secs(1));
    assert_free(&server, "203.0.113.8").await;
}
