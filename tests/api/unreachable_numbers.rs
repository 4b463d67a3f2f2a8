//! Numbers that cannot receive an SMS: the service rejects them before it uses up a captcha, counts for a limit, or
//! sends a message.

use crate::test_server::{BYPASS, BackEnds, PASSWORD, Response, TestServer};
use crate::users::TestUser;
use reqwest::Method;
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberType, Region};
use serde_json::{Value, json};

const REGIONS: [Region; 10] = [
    Region::CN,
    Region::US,
    Region::GB,
    Region::DE,
    Region::FR,
    Region::JP,
    Region::SG,
    Region::BR,
    Region::IN,
    Region::NG,
];

/// All types except mobile, and except the numbers of North America, whose form does not reveal the type.
const NUMBER_TYPES: [PhoneNumberType; 9] = [
    PhoneNumberType::FixedLine,
    PhoneNumberType::TollFree,
    PhoneNumberType::PremiumRate,
    PhoneNumberType::SharedCost,
    PhoneNumberType::VoIP,
    PhoneNumberType::PersonalNumber,
    PhoneNumberType::Pager,
    PhoneNumberType::UAN,
    PhoneNumberType::VoiceMail,
];

/// Short numbers, impossible numbers, and numbers of unassigned ranges.
const UNASSIGNED: [&str; 20] = [
    "110",
    "10086",
    "95588",
    "400-820-8820",
    "+86110",
    "+8610086",
    "+8612000138000",
    "+861380013800",
    "+86138001380000",
    "+1911",
    "+10005550123",
    "+11115550123",
    "+1415055267",
    "+18005550199",
    "+44999",
    "+4470000000",
    "+49110",
    "+999123456789",
    "+800123",
    "+88213300655",
];

/// Returns [`UNASSIGNED`], one number of each type in each region if there is one, and one invalid number of each
/// region.
fn unreachable_numbers() -> Vec<String> {
    let mut numbers: Vec<String> = UNASSIGNED.map(str::to_owned).into();
    for number_type in NUMBER_TYPES {
        let examples = REGIONS.iter().filter_map(|region| {
            let example = PHONE_NUMBER_UTIL.get_example_number_for_type_and_region(*region, number_type).ok()?;
            (example.get_type() == number_type).then(|| example.to_string())
        });
        let before = numbers.len();
        numbers.extend(examples);
        assert!(numbers.len() > before, "no example of {number_type:?}");
    }
    for region in REGIONS {
        numbers.push(PHONE_NUMBER_UTIL.get_invalid_example_number(region).unwrap().to_string());
    }
    numbers
}

/// Checks that the response rejects the phone number itself, and not its region.
#[track_caller]
fn assert_unreachable(response: &Response, number: &str) {
    assert_eq!(response.status.as_u16(), 422, "{number}: {response:?}");
    assert_eq!(response.body["errors"][0]["field"], "phone_number", "{number}: {response:?}");
    assert_eq!(response.code(), "validation_failed", "{number}: {response:?}");
}

async fn request_phone_change(server: &TestServer, user: &TestUser, number: &str) -> Response {
    let body = json!({"phone_number": number, "current_password": PASSWORD});
    server.call(Method::POST, "/v1/me/phone/send-code", &user.access_token, body).await
}

async fn unreachable_numbers_are_rejected_before_anything_is_counted(back_ends: BackEnds) {
    let regions = REGIONS.map(|region| region.to_string()).join(",");
    let settings = [
        ("PHONE_REGIONS", regions.as_str()),
        ("LIMIT_IP_SENDS", "1"),
        ("LIMIT_IP_PHONES_HOUR", "1"),
        ("LIMIT_IP_UNVERIFIED_HOUR", "1"),
        ("SMS_BUDGET_REGION_UNVERIFIED_HOUR", "1"),
        ("SMS_BUDGET_REGION_HOUR", "1"),
        ("SMS_BUDGET_HOUR", "1"),
    ];
    let server = TestServer::with(back_ends, &settings).await;
    let user = server.create_user().await;
    let requests = server.sms.requests();
    let captcha = server.captcha().await;
    let send_code_request = |flow: &str, number: &str| {
        let body = json!({"phone_number": number, "captcha_id": captcha, "captcha_answer": BYPASS});
        (format!("/v1/{flow}/send-code"), body)
    };
    for number in unreachable_numbers() {
        for flow in ["register", "login", "password-reset", "account-deletion"] {
            let (path, body): (String, Value) = send_code_request(flow, &number);
            assert_unreachable(&server.post(&path, body).await, &number);
        }
        assert_unreachable(&request_phone_change(&server, &user, &number).await, &number);
    }
    assert_eq!(server.sms.requests(), requests);
    let (path, body) = send_code_request("register", "+8613912345678");
    server.post(&path, body).await.assert_status(200);
}

#[actix_web::test]
async fn unreachable_numbers_are_rejected_before_anything_is_counted_embedded() {
    unreachable_numbers_are_rejected_before_anything_is_counted(BackEnds::Embedded).await;
}

#[actix_web::test]
async fn unreachable_numbers_are_rejected_before_anything_is_counted_real() {
    unreachable_numbers_are_rejected_before_anything_is_counted(BackEnds::Real).await;
}
