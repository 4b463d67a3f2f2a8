//! Consent to the legal documents in force: at sign-up, and later to new versions.

use crate::server_tests;
use crate::test_server::{BYPASS, BackEnds, PASSWORD, Response, TestServer, fresh_phone};
use crate::users::join_all;
use diesel::sql_types::Text;
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection, sql_query};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

server_tests!(start: std::future::ready;
    a_sign_up_records_what_the_user_has_accepted,
    nothing_but_exactly_the_documents_in_force_is_a_consent,
    a_refused_consent_uses_up_nothing,
    a_malformed_list_is_invalid_input,
    a_service_without_documents_ignores_the_list,
    a_new_version_is_due_and_locks_nobody_out,
    replicas_with_different_documents_do_not_ask_twice,
    a_consent_needs_a_session_that_lives,
    a_repeated_or_concurrent_consent_is_recorded_once,
    a_taken_number_gets_the_same_responses,
    the_record_is_deleted_with_the_account,
);

const DOCUMENTS: [&str; 2] = ["terms@2026-11-01", "privacy@2026-11-01"];
const NEW_TERMS: [&str; 2] = ["terms@2026-12-01", "privacy@2026-11-01"];

async fn server(back_ends: BackEnds, documents: &[&str]) -> TestServer {
    TestServer::with(back_ends, &[("LEGAL_DOCUMENTS", &documents.join(","))]).await
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    value: String,
}

impl TestServer {
    /// Starts a replica where these documents are in force, and sends all later requests to it.
    async fn put_in_force(&mut self, documents: &[&str]) {
        self.vars.push(("LEGAL_DOCUMENTS".to_owned(), documents.join(",")));
        self.url = self.serve().await;
    }

    async fn sign_up_code(&self, phone: &str, captcha: &str, accepted: Value) -> Response {
        let mut body = json!({"phone_number": phone, "captcha_id": captcha, "captcha_answer": BYPASS});
        if !accepted.is_null() {
            body["accepted"] = accepted;
        }
        self.post("/v1/register/send-code", body).await
    }

    /// Signs up with this consent. Returns the last response.
    async fn sign_up_accepting(&self, phone: &str, documents: &[&str]) -> Response {
        let sent = self.sign_up_code(phone, &self.captcha().await, json!(documents)).await;
        assert_eq!(sent.status, StatusCode::OK, "{sent:?}");
        let ticket = sent.text("ticket");
        self.advance(Duration::from_secs(30));
        self.verify_code(&ticket, &self.sms.code_for(phone).unwrap()).await.assert_status(200);
        self.set_password(&ticket).await.assert_status(200);
        let signed_in = self.submit_profile(&ticket).await;
        signed_in.assert_status(201);
        signed_in
    }

    async fn accept(&self, token: &str, documents: &[&str]) -> Response {
        self.call(Method::PUT, "/v1/me/consents", token, json!({"accepted": documents})).await
    }

    /// Returns the record: document, version, second and length of the IP block.
    fn record(&self) -> Vec<String> {
        let query = sql_query(
            "SELECT document || '@' || version || ' ' || substr('' || accepted_at, 12, 8) || ' ' || length(ip_block) \
             AS value FROM consents ORDER BY accepted_at, document",
        );
        let rows: Vec<Row> = match self.back_ends() {
            BackEnds::Real => query.load(&mut self.database()).unwrap(),
            BackEnds::Embedded => {
                let (_, folder) = self.vars.iter().find(|(name, _)| name == "DATA_DIR").unwrap();
                let path = format!("{folder}/doorstep.sqlite3");
                query.load(&mut SqliteConnection::establish(&path).unwrap()).unwrap()
            }
        };
        rows.into_iter().map(|row| row.value).collect()
    }
}

impl Response {
    /// Checks that the service requires a consent to these documents, in this order.
    #[track_caller]
    fn assert_requires(&self, documents: &[&str]) {
        self.assert_error(422, "consent_required");
        assert_eq!(self.body["documents"], json!(documents));
    }
}

async fn a_sign_up_records_what_the_user_has_accepted(back_ends: BackEnds) {
    let server = server(back_ends, &DOCUMENTS).await;
    // The clock of the tests starts at 11:06:40. The time of the request counts, and not that of the last step.
    let signed_in = server.sign_up_accepting(&fresh_phone(), &["privacy@2026-11-01", "terms@2026-11-01"]).await;
    assert_eq!(server.record(), ["privacy@2026-11-01 11:06:40 16", "terms@2026-11-01 11:06:40 16"]);
    assert_eq!(signed_in.body["user"]["consent_due"], json!([]));
    assert_eq!(server.me(&signed_in.text("access_token")).await.body["consent_due"], json!([]));
}

async fn nothing_but_exactly_the_documents_in_force_is_a_consent(back_ends: BackEnds) {
    let server = server(back_ends, &DOCUMENTS).await;
    let captcha = server.captcha().await;
    let (terms, privacy) = (DOCUMENTS[0], DOCUMENTS[1]);
    for accepted in [
        json!(null),
        json!([]),
        json!([terms]),
        json!([terms, "privacy@2025-01-01"]),
        json!([terms, privacy, "terms@2025-01-01"]),
        json!([terms, privacy, "marketing@1"]),
    ] {
        server.sign_up_code(&fresh_phone(), &captcha, accepted).await.assert_requires(&DOCUMENTS);
    }
    server.send_code(&fresh_phone()).await.assert_requires(&DOCUMENTS);
    let chinese = server.request(Method::POST, "/v1/register/send-code").header("accept-language", "zh-CN");
    let body = json!({"phone_number": fresh_phone(), "captcha_id": captcha, "captcha_answer": BYPASS});
    let chinese = server.send(chinese.json(&body), "/v1/register/send-code").await;
    chinese.assert_requires(&DOCUMENTS);
    assert_eq!(chinese.text("title"), "需要同意协议");
    // Nobody else accepts documents at the start of a flow.
    let body = json!({
        "phone_number": fresh_phone(), "captcha_id": captcha, "captcha_answer": BYPASS, "accepted": DOCUMENTS,
    });
    for flow in ["login", "password-reset", "account-deletion"] {
        let response = server.post(&format!("/v1/{flow}/send-code"), body.clone()).await;
        response.assert_field_error(400, "malformed_request", "accepted", "unknown_field");
    }
}

/// No captcha, no message and no limit: with these limits a single counted request would show.
async fn a_refused_consent_uses_up_nothing(back_ends: BackEnds) {
    let settings = [("LEGAL_DOCUMENTS", "terms@1"), ("LIMIT_PHONE_HOUR", "1"), ("SMS_BUDGET_HOUR", "1")];
    let server = TestServer::with(back_ends, &settings).await;
    let (phone, captcha) = (fresh_phone(), server.captcha().await);
    for _ in 0..3 {
        server.sign_up_code(&phone, &captcha, json!([])).await.assert_requires(&["terms@1"]);
    }
    assert_eq!(server.sms.requests(), 0);
    server.sign_up_code(&phone, &captcha, json!(["terms@1"])).await.assert_status(200);
    server.sign_up_code(&phone, &captcha, json!(["terms@1"])).await.assert_error(422, "captcha_expired");
}

async fn a_malformed_list_is_invalid_input(back_ends: BackEnds) {
    let server = server(back_ends, &DOCUMENTS).await;
    let token = server.sign_up_accepting(&fresh_phone(), &DOCUMENTS).await.text("access_token");
    let captcha = server.captcha().await;
    let long = format!("{}@{}", "n".repeat(33), "1".repeat(32));
    for (accepted, status, code, field, reason) in [
        (json!("terms@1"), 400, "malformed_request", "accepted", "invalid_type"),
        (json!({"terms": "1"}), 400, "malformed_request", "accepted", "invalid_type"),
        (json!([1]), 400, "malformed_request", "accepted[0]", "invalid_type"),
        (json!(["terms"]), 422, "validation_failed", "accepted", "invalid_format"),
        (json!(["Terms@1"]), 422, "validation_failed", "accepted", "invalid_format"),
        (json!(["terms@1,privacy@1"]), 422, "validation_failed", "accepted", "invalid_format"),
        (json!([long]), 422, "validation_failed", "accepted", "too_long"),
        (json!(vec!["terms@1"; 9]), 422, "validation_failed", "accepted", "too_long"),
    ] {
        let sent = server.sign_up_code(&fresh_phone(), &captcha, accepted.clone()).await;
        sent.assert_field_error(status, code, field, reason);
        let put = server.call(Method::PUT, "/v1/me/consents", &token, json!({"accepted": accepted})).await;
        put.assert_field_error(status, code, field, reason);
    }
    let put = server.call(Method::PUT, "/v1/me/consents", &token, json!({})).await;
    put.assert_field_error(400, "malformed_request", "accepted", "required");
    assert_eq!(server.record().len(), 2);
}

/// An app that always sends its list works with every service.
async fn a_service_without_documents_ignores_the_list(back_ends: BackEnds) {
    let server = TestServer::new(back_ends).await;
    let signed_in = server.sign_up_accepting(&fresh_phone(), &DOCUMENTS).await;
    assert_eq!(signed_in.body["user"]["consent_due"], json!([]));
    let token = signed_in.text("access_token");
    for documents in [&DOCUMENTS[..], &[]] {
        let accepted = server.accept(&token, documents).await;
        accepted.assert_status(200);
        assert_eq!(accepted.body["consent_due"], json!([]));
    }
    assert_eq!(server.record(), [""; 0]);
}

async fn a_new_version_is_due_and_locks_nobody_out(back_ends: BackEnds) {
    let mut server = server(back_ends, &DOCUMENTS).await;
    let phone = fresh_phone();
    let token = server.sign_up_accepting(&phone, &DOCUMENTS).await.text("access_token");
    server.put_in_force(&NEW_TERMS).await;
    server.advance(Duration::from_secs(60));
    let due = json!(["terms@2026-12-01"]);
    assert_eq!(server.me(&token).await.body["consent_due"], due);
    let signed_in = server.log_in(&phone, PASSWORD).await;
    signed_in.assert_status(200);
    assert_eq!(signed_in.body["user"]["consent_due"], due);
    let token = signed_in.text("access_token");
    let patched = server.call(Method::PATCH, "/v1/me", &token, json!({"nickname": "Ada"})).await;
    assert_eq!(patched.body["consent_due"], due);

    // The due document alone is not enough: the user accepts what applies now.
    for documents in [&DOCUMENTS[..], &["terms@2026-12-01"], &[]] {
        server.accept(&token, documents).await.assert_requires(&NEW_TERMS);
    }
    let accepted = server.accept(&token, &NEW_TERMS).await;
    accepted.assert_status(200);
    assert_eq!(accepted.body["consent_due"], json!([]));
    assert_eq!(accepted.body, server.me(&token).await.body);
    let record = ["privacy@2026-11-01 11:06:40 16", "terms@2026-11-01 11:06:40 16", "terms@2026-12-01 11:08:10 16"];
    assert_eq!(server.record(), record, "an earlier entry was changed");

    let further = ["terms@2026-12-01", "privacy@2026-11-01", "cookies@1"];
    server.put_in_force(&further).await;
    assert_eq!(server.me(&token).await.body["consent_due"], json!(["cookies@1"]));
    server.accept(&token, &NEW_TERMS).await.assert_requires(&further);
}

/// During a rolling deployment both versions are in force, each on some replicas.
async fn replicas_with_different_documents_do_not_ask_twice(back_ends: BackEnds) {
    let mut server = server(back_ends, &DOCUMENTS).await;
    let (phone, old) = (fresh_phone(), server.url.clone());
    let token = server.sign_up_accepting(&phone, &DOCUMENTS).await.text("access_token");
    server.put_in_force(&NEW_TERMS).await;
    server.accept(&token, &NEW_TERMS).await.assert_status(200);
    let new = std::mem::replace(&mut server.url, old);
    assert_eq!(server.me(&token).await.body["consent_due"], json!([]), "the old replica asks again");
    server.accept(&token, &DOCUMENTS).await.assert_status(200);
    server.url.clone_from(&new);
    assert_eq!(server.me(&token).await.body["consent_due"], json!([]), "the new replica asks again");
    assert_eq!(server.record().len(), 3);
}

async fn a_consent_needs_a_session_that_lives(back_ends: BackEnds) {
    let mut server = server(back_ends, &DOCUMENTS).await;
    let token = server.sign_up_accepting(&fresh_phone(), &DOCUMENTS).await.text("access_token");
    server.put_in_force(&NEW_TERMS).await;
    let body = json!({"accepted": NEW_TERMS});
    let without = server.request(Method::PUT, "/v1/me/consents").json(&body);
    server.send(without, "/v1/me/consents").await.assert_error(401, "token_missing");
    server.call(Method::POST, "/v1/logout", &token, json!({})).await.assert_status(204);
    server.accept(&token, &NEW_TERMS).await.assert_error(401, "token_invalid");
    assert_eq!(server.record().len(), 2);
}

async fn a_repeated_or_concurrent_consent_is_recorded_once(back_ends: BackEnds) {
    let mut server = server(back_ends, &DOCUMENTS).await;
    let token = server.sign_up_accepting(&fresh_phone(), &DOCUMENTS).await.text("access_token");
    server.put_in_force(&NEW_TERMS).await;
    for response in join_all((0..10).map(|_| server.accept(&token, &NEW_TERMS))).await {
        response.assert_status(200);
        assert_eq!(response.body["consent_due"], json!([]));
    }
    assert_eq!(server.record().len(), 3);
    let put = |documents: [&str; 2]| {
        let request = server.request(Method::PUT, "/v1/me/consents").bearer_auth(&token);
        let request = request.header("idempotency-key", "one").json(&json!({"accepted": documents}));
        server.send(request, "/v1/me/consents")
    };
    let first = put(NEW_TERMS).await;
    first.assert_status(200);
    let again = put(NEW_TERMS).await;
    assert_eq!((&again.headers["idempotency-replayed"], &again.body), (&"true".parse().unwrap(), &first.body));
    put(DOCUMENTS).await.assert_error(422, "idempotency_key_reused");
}

async fn a_taken_number_gets_the_same_responses(back_ends: BackEnds) {
    let settings = [("REGISTER_CONCEAL_TAKEN", "true"), ("LEGAL_DOCUMENTS", "terms@1")];
    let server = TestServer::with(back_ends, &settings).await;
    let taken = fresh_phone();
    let sent = server.sign_up_code(&taken, &server.captcha().await, json!(["terms@1"])).await;
    server.wait_for_messages(1).await;
    let ticket = sent.text("ticket");
    server.verify_code(&ticket, &server.sms.code_for(&taken).unwrap()).await.assert_status(200);
    server.set_password(&ticket).await.assert_status(200);
    server.submit_profile(&ticket).await.assert_status(201);
    server.advance(Duration::from_secs(3_600));
    for phone in [&taken, &fresh_phone()] {
        let captcha = server.captcha().await;
        server.sign_up_code(phone, &captcha, json!([])).await.assert_requires(&["terms@1"]);
        let sent = server.sign_up_code(phone, &captcha, json!(["terms@1"])).await;
        sent.assert_status(200);
        let status = server.post("/v1/register/status", json!({"ticket": sent.text("ticket")})).await;
        assert_eq!((status.text("step"), status.number("attempts_left")), ("verify_code".to_owned(), 5));
    }
    server.wait_for_messages(2).await;
    assert_eq!(server.sms.messages_for(&taken).len(), 1, "a message was sent for the decoy");
}

async fn the_record_is_deleted_with_the_account(back_ends: BackEnds) {
    let server = server(back_ends, &DOCUMENTS).await;
    let token = server.sign_up_accepting(&fresh_phone(), &DOCUMENTS).await.text("access_token");
    server.sign_up_accepting(&fresh_phone(), &DOCUMENTS).await;
    server.call(Method::DELETE, "/v1/me", &token, json!({"password": PASSWORD})).await.assert_status(204);
    assert_eq!(server.record().len(), 2);
}

/// A sign-up that began before a new version came into force is completed with what the user has accepted.
#[actix_web::test]
async fn a_sign_up_under_way_is_not_lost_to_a_new_version() {
    let mut server = server(BackEnds::Real, &DOCUMENTS).await;
    let phone = fresh_phone();
    let sent = server.sign_up_code(&phone, &server.captcha().await, json!(DOCUMENTS)).await;
    server.put_in_force(&NEW_TERMS).await;
    let ticket = sent.text("ticket");
    server.verify_code(&ticket, &server.sms.code_for(&phone).unwrap()).await.assert_status(200);
    server.set_password(&ticket).await.assert_status(200);
    let signed_in = server.submit_profile(&ticket).await;
    signed_in.assert_status(201);
    assert_eq!(signed_in.body["user"]["consent_due"], json!(["terms@2026-12-01"]));
    let terms: Vec<_> = server.record().into_iter().filter(|row| row.starts_with("terms")).collect();
    assert_eq!(terms, ["terms@2026-11-01 11:06:40 16"]);
}
