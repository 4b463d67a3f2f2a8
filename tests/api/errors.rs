//! Every code: one shape, two languages, and the table of the design.

use crate::house::{BackEnds, House};
use doorstep::http::error::Code;
use reqwest::Method;
use std::collections::BTreeSet;

/// The design's table of statuses and codes.
const TABLE: &[(u16, &[&str])] = &[
    (400, &["malformed_json", "malformed_request"]),
    (
        401,
        &[
            "credentials_invalid",
            "token_missing",
            "token_invalid",
            "token_expired",
            "refresh_invalid",
            "refresh_reused",
        ],
    ),
    (404, &["not_found"]),
    (405, &["method_not_allowed"]),
    (408, &["request_timeout"]),
    (409, &["phone_already_registered", "wrong_step"]),
    (410, &["ticket_expired", "code_exhausted"]),
    (413, &["payload_too_large"]),
    (415, &["unsupported_media_type"]),
    (
        422,
        &[
            "validation_failed",
            "captcha_expired",
            "captcha_wrong",
            "captcha_required",
            "code_wrong",
            "region_not_supported",
            "password_too_weak",
        ],
    ),
    (429, &["resend_cooldown", "phone_limit_reached", "too_many_requests"]),
    (500, &["internal_error"]),
    (502, &["sms_delivery_failed"]),
    (503, &["sms_budget_exhausted", "overloaded", "dependency_unavailable"]),
];

/// What comes with the endpoints of login and refresh; everything else is answered today.
const RESERVED: [&str; 4] = ["captcha_required", "credentials_invalid", "refresh_invalid", "refresh_reused"];

#[test]
fn the_table_has_every_code_once() {
    let designed: BTreeSet<_> =
        TABLE.iter().flat_map(|(status, names)| names.iter().map(|name| (*status, *name))).collect();
    let built: BTreeSet<_> = Code::ALL.iter().map(|code| (code.row().status, code.row().name)).collect();
    assert_eq!(built, designed);
}

/// A code that nothing answers any more, or one that is answered and not documented, shows here.
#[test]
fn the_contract_names_every_code_that_is_answered() {
    let document: serde_json::Value = serde_json::from_str(&doorstep::http::openapi::DOCUMENT).unwrap();
    let documented = document["paths"].to_string();
    // These two belong to no operation.
    let elsewhere = ["not_found", "method_not_allowed"];
    for code in Code::ALL {
        let name = code.row().name;
        let expected = !RESERVED.contains(&name) && !elsewhere.contains(&name);
        assert_eq!(documented.contains(&format!("\"code\":\"{name}\"")), expected, "{name}");
    }
}

#[actix_web::test]
async fn titles_and_details_follow_the_reader() {
    let house = House::new(BackEnds::Embedded).await;
    let ask = |languages: &'static str| {
        let request = house.request(Method::POST, "/v1/register/status").header("accept-language", languages);
        house.send(request.json(&serde_json::json!({"ticket": "short"})), "/v1/register/status")
    };
    let english = ask("en-US,en;q=0.9").await;
    assert_eq!(english.headers["content-language"], "en");
    assert_eq!((english.text("title").as_str(), english.code()), ("Invalid input", "validation_failed"));
    assert_eq!(english.body["errors"][0]["detail"], "Not in the expected form.");
    let chinese = ask("zh-Hans-CN,zh;q=0.9,en;q=0.8").await;
    assert_eq!(chinese.headers["content-language"], "zh-CN");
    assert_eq!((chinese.text("title").as_str(), chinese.code()), ("输入有误", "validation_failed"));
    assert_eq!(chinese.body["errors"][0]["detail"], "格式不正确。");
}

async fn id_for(house: &House, given: &str) -> String {
    let request = house.request(Method::GET, "/healthz").header("x-request-id", given);
    house.send(request, "/healthz").await.headers["x-request-id"].to_str().unwrap().to_owned()
}

#[actix_web::test]
async fn a_request_id_is_ours_unless_a_proxy_gave_it() {
    let stranger = House::new(BackEnds::Embedded).await;
    let ours = id_for(&stranger, "chosen-by-client").await;
    assert_eq!((ours.len(), ours.as_bytes()[14]), (36, b'7'));
    let proxied = House::with(BackEnds::Embedded, &[("TRUSTED_PROXIES", "127.0.0.1/32")]).await;
    assert_eq!(id_for(&proxied, "lb-0042.a_b").await, "lb-0042.a_b");
    assert_ne!(id_for(&proxied, "with space").await, "with space");
}
