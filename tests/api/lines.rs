//! Numbers that no message can reach are refused before they cost anything: a captcha, a place in a limit, a message.

use crate::people::Person;
use crate::test_server::{Answer, BYPASS, BackEnds, PASSWORD, TestServer};
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

/// All but mobile, and but the numbers of North America, whose look does not tell.
const LINES: [PhoneNumberType; 9] = [
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

/// Short, impossible, and of ranges that nobody was given.
const NOBODYS: [&str; 20] = [
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

/// One of each kind of line in each region, as far as there are any.
fn unreachable() -> Vec<String> {
    let mut numbers: Vec<String> = NOBODYS.map(str::to_owned).into();
    for line in LINES {
        let of_line = REGIONS.iter().filter_map(|region| {
            let example = PHONE_NUMBER_UTIL.get_example_number_for_type_and_region(*region, line).ok()?;
            (example.get_type() == line).then(|| example.to_string())
        });
        let before = numbers.len();
        numbers.extend(of_line);
        assert!(numbers.len() > before, "no example of {line:?}");
    }
    for region in REGIONS {
        numbers.push(PHONE_NUMBER_UTIL.get_invalid_example_number(region).unwrap().to_string());
    }
    numbers
}

/// Sign-up and change of number know it by the list of regions already, where that does not hold the number's own.
#[track_caller]
fn assert_unreachable(answer: &Answer, number: &str) {
    assert_eq!(answer.status.as_u16(), 422, "{number}: {answer:?}");
    assert_eq!(answer.body["errors"][0]["field"], "phone_number", "{number}: {answer:?}");
    assert_eq!(answer.code(), "validation_failed", "{number}: {answer:?}");
}

async fn change(server: &TestServer, person: &Person, number: &str) -> Answer {
    let body = json!({"phone_number": number, "current_password": PASSWORD});
    server.call(Method::POST, "/v1/me/phone/send-code", &person.access, body).await
}

async fn what_no_message_can_reach_is_refused_before_it_costs_anything(back_ends: BackEnds) {
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
    let person = server.person().await;
    let requests = server.sms.requests();
    let captcha = server.captcha().await;
    let ask = |flow: &str, number: &str| {
        let body = json!({"phone_number": number, "captcha_id": captcha, "captcha_answer": BYPASS});
        (format!("/v1/{flow}/send-code"), body)
    };
    for number in unreachable() {
        for flow in ["register", "login", "password-reset", "account-deletion"] {
            let (path, body): (String, Value) = ask(flow, &number);
            assert_unreachable(&server.post(&path, body).await, &number);
        }
        assert_unreachable(&change(&server, &person, &number).await, &number);
    }
    assert_eq!(server.sms.requests(), requests);
    let (path, body) = ask("register", "+8613912345678");
    server.post(&path, body).await.assert_done(200);
}

#[actix_web::test]
async fn what_no_message_can_reach_is_refused_before_it_costs_anything_embedded() {
    what_no_message_can_reach_is_refused_before_it_costs_anything(BackEnds::Embedded).await;
}

#[actix_web::test]
async fn what_no_message_can_reach_is_refused_before_it_costs_anything_real() {
    what_no_message_can_reach_is_refused_before_it_costs_anything(BackEnds::Real).await;
}
