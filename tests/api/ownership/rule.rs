//! The rule, walked from outside: every flow × every state of the account × every evidence, with taken numbers
//! concealed and not. The table is written independently of the service.

use super::{DAY, NEW_PASSWORD};
use crate::test_server::{BackEnds, PASSWORD, Response, TestServer, fresh_phone};
use reqwest::Method;
use serde_json::{Value, json};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Dormant,
    OldProof,
    Current,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Evidence {
    Code,
    Password,
    Device,
}

/// Expected end of a flow: the status, and the error code if there is one.
type Expected = (u16, &'static str);

const FLOWS: [&str; 3] = ["login", "password-reset", "account-deletion"];
const STATES: [State; 3] = [State::Dormant, State::OldProof, State::Current];
const EVIDENCE: [Evidence; 3] = [Evidence::Code, Evidence::Password, Evidence::Device];

fn expected(flow: &str, state: State, evidence: Evidence) -> Expected {
    match (flow, state, evidence) {
        // A code and more evidence enters, and so does a code alone if the proof is current.
        ("login" | "password-reset", State::Dormant, Evidence::Code) => (409, "account_dormant"),
        ("login" | "password-reset", State::OldProof, Evidence::Code) => (409, "act_held"),
        ("login" | "password-reset", ..) => (200, ""),
        // Detached, not deleted.
        (_, State::Dormant, Evidence::Code) => (204, ""),
        (_, _, Evidence::Code) => (409, "act_held"),
        _ => (204, ""),
    }
}

struct Owner {
    phone: String,
    access_token: String,
    device_token: String,
    id: Value,
}

async fn owner(server: &TestServer, state: State) -> Owner {
    let phone = fresh_phone();
    let (ticket, code) = server.ticket_and_code("register", &phone).await;
    server.verify_code(&ticket, &code).await.assert_status(200);
    server.set_password(&ticket).await.assert_status(200);
    let account = server.submit_profile(&ticket).await;
    account.assert_status(201);
    let mut access_token = account.text("access_token");
    let days = match state {
        State::Dormant => 11,
        State::OldProof => 5,
        State::Current => 2,
    };
    server.advance(days * DAY);
    if state != State::Dormant {
        access_token = server.refresh(&account.text("refresh_token")).await.text("access_token");
    }
    let (device_token, id) = (account.text("device_token"), account.body["user"]["id"].clone());
    Owner { phone, access_token, device_token, id }
}

/// Performs the flow with a right code and this evidence; with the password, the way that the flow offers for it.
async fn enter(server: &TestServer, owner: &Owner, flow: &str, evidence: Evidence) -> Response {
    if flow == "account-deletion" && evidence == Evidence::Password {
        // The account is not dormant any more.
        let access = server.log_in(&owner.phone, PASSWORD).await.text("access_token");
        return server.call(Method::DELETE, "/v1/me", &access, json!({"password": PASSWORD})).await;
    }
    let (ticket, code) = server.ticket_and_code(flow, &owner.phone).await;
    let mut body = json!({"ticket": ticket, "code": code});
    if evidence == Evidence::Device {
        body["device_token"] = json!(owner.device_token);
    }
    let response = server.post(&format!("/v1/{flow}/verify-code"), body).await;
    if evidence == Evidence::Password && response.status == 409 {
        return server.post("/v1/login/claim", json!({"ticket": ticket, "password": PASSWORD})).await;
    }
    response
}

async fn assert_outcome(server: &TestServer, flow: &str, state: State, evidence: Evidence) {
    let owner = owner(server, state).await;
    let response = enter(server, &owner, flow, evidence).await;
    let code = if response.status.is_success() { "" } else { response.code() };
    let case = format!("{flow} {state:?} {evidence:?}");
    assert_eq!((response.status.as_u16(), code), expected(flow, state, evidence), "{case}: {response:?}");
    match expected(flow, state, evidence) {
        (200, _) if flow == "login" => assert_eq!(response.body["user"]["id"], owner.id, "{case}"),
        (200, _) => {}
        // Detached or deleted.
        (204, _) => {
            server.log_in(&owner.phone, PASSWORD).await.assert_error(401, "credentials_invalid");
            let is_detached = state == State::Dormant && evidence == Evidence::Code;
            let body = server.reclaim_body(&owner.phone, &fresh_phone()).await;
            let reclaim = server.post("/v1/reclaim/send-code", body).await;
            assert_eq!(reclaim.status.is_success(), is_detached, "{case}: {reclaim:?}");
        }
        // Nothing has changed, and every session that lived lives.
        _ => {
            if state != State::Dormant {
                let pending = server.pending(&owner.access_token).await;
                assert_eq!(pending.len(), 1, "{case}");
            }
            let signed_in = server.log_in(&owner.phone, PASSWORD).await;
            assert_eq!(signed_in.body["user"]["id"], owner.id, "{case}: {signed_in:?}");
        }
    }
    server.advance(DAY / 12);
}

async fn every_flow_asks_the_rule(back_ends: BackEnds, conceals: &str) {
    let settings = [
        ("NUMBER_STALE_DAYS", "10"),
        ("NUMBER_CONFIRM_DAYS", "4"),
        ("REGISTER_CONCEAL_TAKEN", conceals),
        // The cases share an IP block and a day.
        ("SMS_BUDGET_REGION_UNVERIFIED_HOUR", "1000"),
        ("LIMIT_IP_UNVERIFIED_HOUR", "1000"),
    ];
    let server = TestServer::with(back_ends, &settings).await;
    for flow in FLOWS {
        for state in STATES {
            // A password is no evidence for a reset: a person who knows it signs in.
            let evidence = EVIDENCE.into_iter().filter(|one| (flow, *one) != ("password-reset", Evidence::Password));
            for evidence in evidence {
                assert_outcome(&server, flow, state, evidence).await;
            }
        }
    }
}

/// The sign-up with the number of an account: only a dormant one is offered, and only where taken numbers are
/// concealed.
async fn a_sign_up_offers_only_dormant_accounts(back_ends: BackEnds, conceals: &str) {
    let settings = [("NUMBER_STALE_DAYS", "10"), ("NUMBER_CONFIRM_DAYS", "4"), ("REGISTER_CONCEAL_TAKEN", conceals)];
    let server = TestServer::with(back_ends, &settings).await;
    for state in STATES {
        let owner = owner(&server, state).await;
        let before = server.sms.messages_for(&owner.phone).len();
        let sent = server.send_code_for("register", &owner.phone).await;
        if conceals == "false" {
            sent.assert_error(409, "phone_already_registered");
            continue;
        }
        sent.assert_status(200);
        let ticket = sent.text("ticket");
        if state == State::Dormant {
            let code = server.next_code(&owner.phone, before).await;
            server.verify_code(&ticket, &code).await.assert_error(409, "account_dormant");
            server.start_anew("register", &ticket).await.assert_status(200);
            let body = json!({"ticket": ticket, "password": NEW_PASSWORD});
            server.post("/v1/register/set-password", body).await.assert_status(200);
            server.submit_profile(&ticket).await.assert_status(201);
        } else {
            // The next message is that of another number: none went to this one.
            server.ticket_and_code("register", &fresh_phone()).await;
            assert_eq!(server.sms.messages_for(&owner.phone).len(), before, "{state:?}");
            server.verify_code(&ticket, "000000").await.assert_error(422, "code_wrong");
        }
    }
}

macro_rules! concealed_and_not {
    ($($name:ident: $test:ident($back_ends:ident, $conceals:literal);)+) => {
        $(#[actix_web::test]
        async fn $name() {
            $test(BackEnds::$back_ends, $conceals).await;
        })+
    };
}

concealed_and_not! {
    every_flow_asks_the_rule_embedded: every_flow_asks_the_rule(Embedded, "false");
    every_flow_asks_the_rule_embedded_concealed: every_flow_asks_the_rule(Embedded, "true");
    every_flow_asks_the_rule_real: every_flow_asks_the_rule(Real, "false");
    every_flow_asks_the_rule_real_concealed: every_flow_asks_the_rule(Real, "true");
    a_sign_up_offers_only_dormant_accounts_embedded: a_sign_up_offers_only_dormant_accounts(Embedded, "false");
    a_sign_up_offers_only_dormant_accounts_embedded_concealed: a_sign_up_offers_only_dormant_accounts(Embedded, "true");
    a_sign_up_offers_only_dormant_accounts_real: a_sign_up_offers_only_dormant_accounts(Real, "false");
    a_sign_up_offers_only_dormant_accounts_real_concealed: a_sign_up_offers_only_dormant_accounts(Real, "true");
}
