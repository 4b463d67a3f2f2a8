//! The gate in front of a captcha: who is asked for work, and what counts as work.

use crate::people::at_once;
use crate::solver::solve;
use crate::test_server::{Answer, BYPASS, BackEnds, TestServer, fresh_phone};
use crate::with_both_back_ends;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

with_both_back_ends!(
    a_client_is_told_what_to_do_and_does_it,
    the_raw_picture_has_the_same_gate,
    a_proof_is_taken_once,
    a_proof_in_a_race_is_taken_once,
    worthless_proofs_bring_the_next_challenge,
    a_proof_ends_with_its_challenge,
    work_that_is_under_way_outlives_a_change_of_the_setting,
    an_address_has_so_many_captchas_with_work_too,
    nobody_is_asked_when_it_is_off,
);

/// Work is asked for always, and there is little of it.
const ALWAYS: [(&str, &str); 2] = [("PROOF_OF_WORK", "always"), ("PROOF_OF_WORK_BITS", "8")];

const PATH: &str = "/v1/captchas";

/// What to do about a refusal: the body of the next request.
pub fn solved(refused: &Answer) -> Value {
    let work = &refused.body["proof_of_work"];
    assert_eq!((&work["algorithm"], &work["expires_in"]), (&json!("sha-256"), &json!(120)), "{refused:?}");
    let challenge = work["challenge"].as_str().unwrap();
    json!({"proof_of_work": {"challenge": challenge, "nonce": solve(challenge, work["bits"].as_u64().unwrap())}})
}

impl TestServer {
    /// Asks plainly.
    pub async fn ask(&self) -> Answer {
        self.post(PATH, json!({})).await
    }

    /// Is asked for work, and does it.
    async fn work(&self) -> Value {
        self.work_with(|_| true).await
    }

    /// The same, until what was found is like this.
    async fn work_with(&self, like: impl Fn(&str) -> bool) -> Value {
        loop {
            let refused = self.ask().await;
            refused.assert_refused(422, "proof_of_work_required");
            let body = solved(&refused);
            if like(body["proof_of_work"]["nonce"].as_str().unwrap()) {
                return body;
            }
        }
    }
}

async fn a_client_is_told_what_to_do_and_does_it(back_ends: BackEnds) {
    let server = TestServer::with(back_ends, &ALWAYS).await;
    let refused = server.ask().await;
    refused.assert_refused(422, "proof_of_work_required");
    assert_eq!(refused.body["proof_of_work"]["bits"], 8);
    let earlier = server.post(PATH, solved(&refused)).await;
    earlier.assert_done(201);
    let mut body = server.work().await;
    body["replaces"] = earlier.body["captcha_id"].clone();
    let captcha = server.post(PATH, body).await;
    captcha.assert_done(201);
    let send = async |id: String| {
        let body = json!({"phone_number": fresh_phone(), "captcha_id": id, "captcha_answer": BYPASS});
        server.post("/v1/register/send-code", body).await
    };
    send(earlier.text("captcha_id")).await.assert_refused(422, "captcha_expired");
    send(captcha.text("captcha_id")).await.assert_done(200);
}

async fn the_raw_picture_has_the_same_gate(back_ends: BackEnds) {
    let server = TestServer::with(back_ends, &ALWAYS).await;
    let ask = |body: Value| server.request(Method::POST, PATH).header("accept", "image/png").json(&body);
    let refused = server.send(ask(json!({})), PATH).await;
    refused.assert_refused(422, "proof_of_work_required");
    let response = ask(solved(&refused)).send().await.unwrap();
    assert_eq!(
        (response.status(), &response.headers()["content-type"]),
        (StatusCode::CREATED, &"image/png".parse().unwrap())
    );
    image::load_from_memory(&response.bytes().await.unwrap()).unwrap();
}

async fn a_proof_is_taken_once(back_ends: BackEnds) {
    let server = TestServer::with(back_ends, &ALWAYS).await;
    let body = server.work().await;
    server.post(PATH, body.clone()).await.assert_done(201);
    let again = server.post(PATH, body.clone()).await;
    again.assert_refused(422, "proof_of_work_invalid");
    // Another number may do for the same challenge: it is the challenge that is taken.
    let (challenge, first) = (body["proof_of_work"]["challenge"].as_str().unwrap(), &body["proof_of_work"]["nonce"]);
    let same = (1..).map(|zeros| format!("{}{}", "0".repeat(zeros), first.as_str().unwrap()));
    for nonce in same.take(3) {
        let other = json!({"proof_of_work": {"challenge": challenge, "nonce": nonce}});
        server.post(PATH, other).await.assert_refused(422, "proof_of_work_invalid");
    }
    // The refusal brought another: nobody has to ask twice.
    server.post(PATH, solved(&again)).await.assert_done(201);
}

async fn a_proof_in_a_race_is_taken_once(back_ends: BackEnds) {
    let server = TestServer::with(back_ends, &ALWAYS).await;
    let body = server.work().await;
    let answers = at_once((0..50).map(|_| server.post(PATH, body.clone()))).await;
    let (drawn, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == StatusCode::CREATED);
    assert_eq!((drawn.len(), refused.len()), (1, 49));
    refused.iter().for_each(|answer| answer.assert_refused(422, "proof_of_work_invalid"));
}

async fn worthless_proofs_bring_the_next_challenge(back_ends: BackEnds) {
    let server = TestServer::with(back_ends, &ALWAYS).await;
    let stranger = TestServer::with(back_ends, &ALWAYS).await;
    let good = server.work_with(|nonce| nonce != "0").await;
    let challenge = good["proof_of_work"]["challenge"].as_str().unwrap();
    let mut easier = BASE64_URL_SAFE_NO_PAD.decode(challenge).unwrap();
    easier[1] = 0;
    let mut eternal = BASE64_URL_SAFE_NO_PAD.decode(challenge).unwrap();
    eternal[4] = 0xff;
    let proof = |challenge: &str, nonce: &str| json!({"proof_of_work": {"challenge": challenge, "nonce": nonce}});
    let worked = |bytes: &[u8]| {
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let nonce = solve(&challenge, 8);
        proof(&challenge, &nonce)
    };
    let worthless = [proof(challenge, "0"), worked(&easier), worked(&eternal), worked(&[1; 42]), stranger.work().await];
    for body in worthless {
        let refused = server.post(PATH, body.clone()).await;
        refused.assert_refused(422, "proof_of_work_invalid");
        assert_ne!(refused.body["proof_of_work"]["challenge"], body["proof_of_work"]["challenge"]);
        server.post(PATH, solved(&refused)).await.assert_done(201);
    }
    server.post(PATH, good.clone()).await.assert_done(201);

    for (challenge, nonce, field) in [
        ("", "1", "proof_of_work.challenge"),
        ("x", "1", "proof_of_work.challenge"),
        (&"=".repeat(56), "1", "proof_of_work.challenge"),
        (&"A".repeat(10_000), "1", "proof_of_work.challenge"),
        (challenge, "", "proof_of_work.nonce"),
        (challenge, "-1", "proof_of_work.nonce"),
        (challenge, "１", "proof_of_work.nonce"),
        (challenge, &"1".repeat(21), "proof_of_work.nonce"),
    ] {
        let refused = server.post(PATH, proof(challenge, nonce)).await;
        refused.assert_refused(422, "validation_failed");
        assert_eq!(refused.body["errors"][0]["field"], field, "{refused:?}");
    }
    for (work, field, why) in [
        (json!("x"), "proof_of_work", "invalid_type"),
        (json!({"challenge": challenge}), "nonce", "required"),
        (json!({"challenge": challenge, "nonce": 1}), "proof_of_work.nonce", "invalid_type"),
        (json!({"challenge": challenge, "nonce": "1", "bits": 1}), "bits", "unknown_field"),
    ] {
        let refused = server.post(PATH, json!({"proof_of_work": work})).await;
        refused.assert_field(400, "malformed_request", field, why);
    }
    server.post(PATH, json!({"proof_of_work": null})).await.assert_refused(422, "proof_of_work_required");
}

async fn a_proof_ends_with_its_challenge(back_ends: BackEnds) {
    let server = TestServer::with(back_ends, &ALWAYS).await;
    let (early, late) = (server.work().await, server.work().await);
    server.advance(Duration::from_secs(119));
    server.post(PATH, early).await.assert_done(201);
    server.advance(Duration::from_secs(1));
    server.post(PATH, late).await.assert_refused(422, "proof_of_work_invalid");
}

async fn work_that_is_under_way_outlives_a_change_of_the_setting(back_ends: BackEnds) {
    let mut server = TestServer::with(back_ends, &ALWAYS).await;
    let body = server.work().await;
    server.vars.push(("PROOF_OF_WORK_BITS".to_owned(), "9".to_owned()));
    server.url = server.serve().await;
    server.post(PATH, body).await.assert_done(201);
    assert_eq!(server.ask().await.body["proof_of_work"]["bits"], 9);
}

async fn an_address_has_so_many_captchas_with_work_too(back_ends: BackEnds) {
    let server = TestServer::with(back_ends, &[&ALWAYS[..], &[("LIMIT_IP_CAPTCHAS", "2")]].concat()).await;
    for _ in 0..2 {
        let body = server.work().await;
        server.post(PATH, body).await.assert_done(201);
    }
    let body = server.work().await;
    server.post(PATH, body).await.assert_refused(429, "too_many_requests");
    server.advance(Duration::from_secs(600));
    let body = server.work().await;
    server.post(PATH, body).await.assert_done(201);
}

async fn nobody_is_asked_when_it_is_off(back_ends: BackEnds) {
    let settings = [("PROOF_OF_WORK", "off"), ("PROOF_OF_WORK_IP_CAPTCHAS", "1"), ("SMS_BUDGET_REGION_HOUR", "2")];
    let server = TestServer::with(back_ends, &settings).await;
    server.ticket(&fresh_phone()).await;
    server.ticket(&fresh_phone()).await;
    server.send_code(&fresh_phone()).await.assert_refused(503, "sms_region_suspended");
    server.ask().await.assert_done(201);
}

/// Whoever has worked does not work again because the service is busy. A spoken captcha keeps it busy for longest: one is spoken
/// and 64 wait, so that of twice as many at once some are refused.
#[actix_web::test]
async fn a_proof_outlives_a_captcha_that_could_not_be_spoken() {
    let busy = [("WORKERS", "1"), ("LIMIT_IP_CAPTCHAS", "1000"), ("LIMIT_IP_AUDIO_CAPTCHAS", "1000")];
    let server = TestServer::with(BackEnds::Embedded, &[&ALWAYS[..], &busy].concat()).await;
    let mut proofs = Vec::new();
    for _ in 0..130 {
        let mut body = server.work().await;
        body["kind"] = json!("audio");
        proofs.push(body);
    }
    let answers = at_once(proofs.iter().map(|proof| server.post(PATH, proof.clone()))).await;
    let refused: Vec<_> =
        proofs.iter().zip(&answers).filter(|(_, answer)| answer.status != StatusCode::CREATED).collect();
    assert!(!refused.is_empty(), "everybody got a sound");
    for (proof, answer) in refused {
        answer.assert_refused(503, "overloaded");
        assert_eq!(server.post(PATH, proof.clone()).await.status, StatusCode::CREATED);
    }
}
