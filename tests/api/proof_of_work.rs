//! Proof of work before a captcha: when it is required, and which proofs are valid.

use crate::server_tests;
use crate::solver::solve;
use crate::test_server::{BYPASS, BackEnds, Response, TestServer, fresh_phone};
use crate::users::join_all;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

server_tests!(
    start: std::future::ready;
    a_solved_challenge_gets_a_captcha,
    a_raw_image_requires_proof_of_work,
    a_proof_is_accepted_once,
    a_proof_is_accepted_once_in_a_race,
    an_invalid_proof_gets_a_new_challenge,
    a_proof_expires_with_its_challenge,
    an_open_challenge_stays_valid_if_the_difficulty_changes,
    proof_of_work_does_not_lift_the_captcha_limit,
    proof_of_work_can_be_turned_off,
);

/// Proof of work is always required, and easy.
const ALWAYS: [(&str, &str); 2] = [("PROOF_OF_WORK", "always"), ("PROOF_OF_WORK_BITS", "8")];

const PATH: &str = "/v1/captchas";

/// Solves the challenge of an error and returns the body of the next request.
pub fn solve_challenge(rejected: &Response) -> Value {
    let work = &rejected.body["proof_of_work"];
    assert_eq!((&work["algorithm"], &work["expires_in"]), (&json!("sha-256"), &json!(120)), "{rejected:?}");
    let challenge = work["challenge"].as_str().unwrap();
    json!({"proof_of_work": {"challenge": challenge, "nonce": solve(challenge, work["bits"].as_u64().unwrap())}})
}

impl TestServer {
    /// Requests a captcha without a proof.
    pub async fn request_captcha(&self) -> Response {
        self.post(PATH, json!({})).await
    }

    /// Gets a challenge, solves it, and returns the body of the next request.
    async fn proof(&self) -> Value {
        self.proof_where(|_| true).await
    }

    /// Returns a proof whose nonce satisfies the condition.
    async fn proof_where(&self, accept: impl Fn(&str) -> bool) -> Value {
        loop {
            let rejected = self.request_captcha().await;
            rejected.assert_error(422, "proof_of_work_required");
            let body = solve_challenge(&rejected);
            if accept(body["proof_of_work"]["nonce"].as_str().unwrap()) {
                return body;
            }
        }
    }
}

async fn a_solved_challenge_gets_a_captcha(back_ends: BackEnds) {
    let server = TestServer::with(back_ends, &ALWAYS).await;
    let rejected = server.request_captcha().await;
    rejected.assert_error(422, "proof_of_work_required");
    assert_eq!(rejected.body["proof_of_work"]["bits"], 8);
    let earlier = server.post(PATH, solve_challenge(&rejected)).await;
    earlier.assert_status(201);
    let mut body = server.proof().await;
    body["replaces"] = earlier.body["captcha_id"].clone();
    let captcha = server.post(PATH, body).await;
    captcha.assert_status(201);
    let send = async |id: String| {
        let body = json!({"phone_number": fresh_phone(), "captcha_id": id, "captcha_answer": BYPASS});
        server.post("/v1/register/send-code", body).await
    };
    send(earlier.text("captcha_id")).await.assert_error(422, "captcha_expired");
    send(captcha.text("captcha_id")).await.assert_status(200);
}

async fn a_raw_image_requires_proof_of_work(back_ends: BackEnds) {
    let server = TestServer::with(back_ends, &ALWAYS).await;
    let path = "/v1/captchas/image";
    let request = |body: Value| server.request(Method::POST, path).json(&body);
    let rejected = server.send(request(json!({})), path).await;
    rejected.assert_error(422, "proof_of_work_required");
    let response = request(solve_challenge(&rejected)).send().await.unwrap();
    assert_eq!(
        (response.status(), &response.headers()["content-type"]),
        (StatusCode::CREATED, &"image/png".parse().unwrap())
    );
    image::load_from_memory(&response.bytes().await.unwrap()).unwrap();
}

async fn a_proof_is_accepted_once(back_ends: BackEnds) {
    let server = TestServer::with(back_ends, &ALWAYS).await;
    let body = server.proof().await;
    server.post(PATH, body.clone()).await.assert_status(201);
    let again = server.post(PATH, body.clone()).await;
    again.assert_error(422, "proof_of_work_invalid");
    // Other nonces solve the same challenge. The service remembers the challenge, not the nonce.
    let (challenge, first) = (body["proof_of_work"]["challenge"].as_str().unwrap(), &body["proof_of_work"]["nonce"]);
    let other_nonces = (1..).map(|zeros| format!("{}{}", "0".repeat(zeros), first.as_str().unwrap()));
    for nonce in other_nonces.take(3) {
        let other = json!({"proof_of_work": {"challenge": challenge, "nonce": nonce}});
        server.post(PATH, other).await.assert_error(422, "proof_of_work_invalid");
    }
    // The error contains a new challenge, so the client needs no extra request.
    server.post(PATH, solve_challenge(&again)).await.assert_status(201);
}

async fn a_proof_is_accepted_once_in_a_race(back_ends: BackEnds) {
    let server = TestServer::with(back_ends, &ALWAYS).await;
    let body = server.proof().await;
    let responses = join_all((0..50).map(|_| server.post(PATH, body.clone()))).await;
    let (created, rejected): (Vec<_>, Vec<_>) =
        responses.iter().partition(|response| response.status == StatusCode::CREATED);
    assert_eq!((created.len(), rejected.len()), (1, 49));
    rejected.iter().for_each(|response| response.assert_error(422, "proof_of_work_invalid"));
}

async fn an_invalid_proof_gets_a_new_challenge(back_ends: BackEnds) {
    let server = TestServer::with(back_ends, &ALWAYS).await;
    let other_server = TestServer::with(back_ends, &ALWAYS).await;
    let valid = server.proof_where(|nonce| nonce != "0").await;
    let challenge = valid["proof_of_work"]["challenge"].as_str().unwrap();
    let mut easier = BASE64_URL_SAFE_NO_PAD.decode(challenge).unwrap();
    easier[1] = 0;
    let mut never_expiring = BASE64_URL_SAFE_NO_PAD.decode(challenge).unwrap();
    never_expiring[4] = 0xff;
    let proof = |challenge: &str, nonce: &str| json!({"proof_of_work": {"challenge": challenge, "nonce": nonce}});
    let solve_encoded = |bytes: &[u8]| {
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let nonce = solve(&challenge, 8);
        proof(&challenge, &nonce)
    };
    let invalid = [
        proof(challenge, "0"),
        solve_encoded(&easier),
        solve_encoded(&never_expiring),
        solve_encoded(&[1; 42]),
        other_server.proof().await,
    ];
    for body in invalid {
        let rejected = server.post(PATH, body.clone()).await;
        rejected.assert_error(422, "proof_of_work_invalid");
        assert_ne!(rejected.body["proof_of_work"]["challenge"], body["proof_of_work"]["challenge"]);
        server.post(PATH, solve_challenge(&rejected)).await.assert_status(201);
    }
    server.post(PATH, valid.clone()).await.assert_status(201);

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
        let rejected = server.post(PATH, proof(challenge, nonce)).await;
        rejected.assert_error(422, "validation_failed");
        assert_eq!(rejected.body["errors"][0]["field"], field, "{rejected:?}");
    }
    for (proof, field, reason) in [
        (json!("x"), "proof_of_work", "invalid_type"),
        (json!({"challenge": challenge}), "nonce", "required"),
        (json!({"challenge": challenge, "nonce": 1}), "proof_of_work.nonce", "invalid_type"),
        (json!({"challenge": challenge, "nonce": "1", "bits": 1}), "bits", "unknown_field"),
    ] {
        let rejected = server.post(PATH, json!({"proof_of_work": proof})).await;
        rejected.assert_field_error(400, "malformed_request", field, reason);
    }
    let null = server.post(PATH, json!({"proof_of_work": null})).await;
    null.assert_field_error(400, "malformed_request", "proof_of_work", "invalid_type");
}

async fn a_proof_expires_with_its_challenge(back_ends: BackEnds) {
    let server = TestServer::with(back_ends, &ALWAYS).await;
    let (early, late) = (server.proof().await, server.proof().await);
    server.advance(Duration::from_secs(119));
    server.post(PATH, early).await.assert_status(201);
    server.advance(Duration::from_secs(1));
    server.post(PATH, late).await.assert_error(422, "proof_of_work_invalid");
}

async fn an_open_challenge_stays_valid_if_the_difficulty_changes(back_ends: BackEnds) {
    let mut server = TestServer::with(back_ends, &ALWAYS).await;
    let body = server.proof().await;
    server.vars.push(("PROOF_OF_WORK_BITS".to_owned(), "9".to_owned()));
    server.url = server.serve().await;
    server.post(PATH, body).await.assert_status(201);
    assert_eq!(server.request_captcha().await.body["proof_of_work"]["bits"], 9);
}

async fn proof_of_work_does_not_lift_the_captcha_limit(back_ends: BackEnds) {
    let server = TestServer::with(back_ends, &[&ALWAYS[..], &[("LIMIT_IP_CAPTCHAS", "2")]].concat()).await;
    for _ in 0..2 {
        let body = server.proof().await;
        server.post(PATH, body).await.assert_status(201);
    }
    let body = server.proof().await;
    server.post(PATH, body).await.assert_error(429, "too_many_requests");
    server.advance(Duration::from_secs(600));
    let body = server.proof().await;
    server.post(PATH, body).await.assert_status(201);
}

async fn proof_of_work_can_be_turned_off(back_ends: BackEnds) {
    let settings = [("PROOF_OF_WORK", "off"), ("PROOF_OF_WORK_IP_CAPTCHAS", "1"), ("SMS_BUDGET_REGION_HOUR", "2")];
    let server = TestServer::with(back_ends, &settings).await;
    server.new_ticket(&fresh_phone()).await;
    server.new_ticket(&fresh_phone()).await;
    server.send_code(&fresh_phone()).await.assert_error(503, "sms_region_suspended");
    server.request_captcha().await.assert_status(201);
}

/// A client that did proof of work does not repeat it because the service is overloaded. An audio captcha takes
/// longest: the service renders one, and 64 wait, so it rejects some of twice as many concurrent requests.
#[actix_web::test]
async fn a_proof_stays_valid_if_the_audio_captcha_fails() {
    let one_worker = [("WORKERS", "1"), ("LIMIT_IP_CAPTCHAS", "1000"), ("LIMIT_IP_AUDIO_CAPTCHAS", "1000")];
    let server = TestServer::with(BackEnds::Embedded, &[&ALWAYS[..], &one_worker].concat()).await;
    let mut proofs = Vec::new();
    for _ in 0..130 {
        let mut body = server.proof().await;
        body["kind"] = json!("audio");
        proofs.push(body);
    }
    let responses = join_all(proofs.iter().map(|proof| server.post(PATH, proof.clone()))).await;
    let rejected: Vec<_> =
        proofs.iter().zip(&responses).filter(|(_, response)| response.status != StatusCode::CREATED).collect();
    assert!(!rejected.is_empty(), "no request was rejected");
    for (proof, response) in rejected {
        response.assert_error(503, "overloaded");
        assert_eq!(server.post(PATH, proof.clone()).await.status, StatusCode::CREATED);
    }
}
