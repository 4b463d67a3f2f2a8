//! Fuzz targets: the parsers of everything that strangers send. A target takes any bytes, and asserts what must hold
//! for all of them. `main.rs` runs the targets on generated inputs; `fuzz/` runs them with cargo-fuzz.

use actix_web::FromRequest;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::test::TestRequest;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use doorstep::adapters::dpop::Es256Proofs;
use doorstep::adapters::jwt::{KeyType, Tokens, generate_key};
use doorstep::adapters::sms::{aliyun, cloopen, tencent, twilio, webhook};
use doorstep::domain::captcha::CaptchaAnswer;
use doorstep::domain::consent::{Consent, LegalDocument, LegalDocuments};
use doorstep::domain::device::{DeviceId, DeviceToken};
use doorstep::domain::dpop::{DpopNonce, DpopProof, PublicUrls};
use doorstep::domain::idempotency::IdempotencyKey;
use doorstep::domain::keys::Keys;
use doorstep::domain::otp::OneTimeCode;
use doorstep::domain::phone::{Phone, Regions};
use doorstep::domain::session::{AccessClaims, DeviceName, Generation, RefreshToken, SessionId};
use doorstep::domain::ticket::Ticket;
use doorstep::domain::user::{Nickname, UserId};
use doorstep::http::dto::account::{
    AcceptDocuments, ChangePassword, ChangePhone, ChangeProfile, DeleteMe, SubmitProfile,
};
use doorstep::http::dto::captcha::CreateCaptcha;
use doorstep::http::dto::flow::{FlowTicket, SendAccountCode, SendCode, SendSignUpCode, SetPassword, VerifyCode};
use doorstep::http::dto::session::{LogIn, RefreshTokens};
use doorstep::http::error::{Code, Problem};
use doorstep::http::extract::Json;
use doorstep::ports::{AccessTokens, DpopProofs, Random, SmsError};
use reqwest::StatusCode;
use std::sync::LazyLock;
use url::Url;
use uuid::Uuid;

#[path = "settings.rs"]
mod settings_target;

pub use settings_target::settings;

pub struct Target {
    pub name: &'static str,
    pub run: fn(&[u8]),
    /// Typical inputs, from which others are made.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All targets. Each one also has a program in `fuzz/fuzz_targets/`.
pub const TARGETS: [Target; 11] = [
    Target {
        name: "phone",
        run: phone,
        seeds: || {
            text_seeds(&[
                "+8613800138000",
                "138 0013-8000",
                "0049 (151) 23456789",
                "\u{202a}＋８６ 138\u{a0}٠٠١٣ 8000\u{202c}",
                "１２３ 456",
            ])
        },
    },
    Target {
        name: "nickname",
        run: nickname,
        seeds: || {
            text_seeds(&[
                "小明",
                "Zoë O'Brien",
                "👩\u{200d}🚀",
                "مريم",
                "علی\u{200c}رضا",
                "❤\u{fe0f}🏴\u{e0067}\u{e007f}",
            ])
        },
    },
    Target { name: "ticket", run: ticket, seeds: || text_seeds(&[TICKET]) },
    Target {
        name: "legal_documents",
        run: legal_documents,
        seeds: || text_seeds(&["terms@2026-11-01,privacy@v1", "a_-9@A.b_C-1", "1795000000000000 q83v terms@1"]),
    },
    Target { name: "token", run: token, seeds: token_seeds },
    Target { name: "dpop_proof", run: dpop_proof, seeds: dpop_seeds },
    Target {
        name: "captcha_answer", run: captcha_answer, seeds: || text_seeds(&["ADEHLM", "ａｄ 3-6", "ﷺﷺ", "ŉß"])
    },
    Target { name: "json_body", run: json_body, seeds: || text_seeds(&BODIES) },
    Target {
        name: "idempotency_key",
        run: idempotency_key,
        seeds: || text_seeds(&["\"8e03978e-40d5\"", "8e03978e", "\"a\\\"b\""]),
    },
    Target { name: "provider_answer", run: provider_answer, seeds: || text_seeds(&ANSWERS) },
    Target {
        name: "settings",
        run: settings,
        seeds: || text_seeds(&[include_str!("../../.env.example"), settings_target::SETTINGS]),
    },
];

fn text_seeds(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// A phone number has one form, and its masked form does not show it. A code has six digits.
pub fn phone(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(code) = OneTimeCode::parse(&text) {
        assert!(code.expose().len() == 6 && code.expose().bytes().all(|byte| byte.is_ascii_digit()));
    }
    let regions = Regions::parse(["CN", "DE", "US"]).unwrap();
    let Ok(phone) = Phone::parse(&text, &regions) else { return };
    let e164 = phone.e164();
    assert!(e164.starts_with('+') && e164[1..].bytes().all(|byte| byte.is_ascii_digit()) && e164.len() <= 16);
    assert_eq!(Phone::parse(e164, &regions).as_ref(), Ok(&phone));
    assert_eq!(Phone::parse_of_any_region(&text, &regions).as_ref(), Ok(&phone));
    assert_eq!(Phone::from_stored(e164.to_owned()).as_ref(), Some(&phone));
    assert!(!phone.masked().contains(e164));
}

/// A nickname is one line of 1 to 32 characters, and has one form. So has a device name, which is never refused.
pub fn nickname(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Some(device) = DeviceName::parse(&text) {
        assert!((1..=DeviceName::LONGEST).contains(&device.as_str().chars().count()));
        assert_eq!(DeviceName::parse(device.as_str()).as_ref(), Some(&device));
    }
    let Ok(nickname) = Nickname::parse(&text) else { return };
    let name = nickname.as_str();
    assert!((1..=Nickname::LONGEST).contains(&name.chars().count()));
    assert!(!name.contains(char::is_control) && name == name.trim());
    assert_eq!(Nickname::parse(name).as_ref(), Ok(&nickname));
}

const TICKET: &str = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJCrze8SNFZ4kKvN7xI0VniQ";

/// A ticket has one text form.
pub fn ticket(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(ticket) = Ticket::parse(&text) {
        assert_eq!(ticket.expose(), text);
    }
}

/// A document has one text form. The stores read a list back as they wrote it.
pub fn legal_documents(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let texts: Vec<String> = text.split(',').map(str::to_owned).collect();
    if let Ok(documents) = LegalDocument::parse_list(&texts) {
        assert!(documents.len() <= LegalDocuments::MOST && text.is_ascii() && !text.contains(char::is_whitespace));
        assert_eq!(LegalDocument::list_text(&documents), text);
        assert_eq!(LegalDocument::list_from_stored(&text), Some(documents));
    }
    if let Some(consent) = Consent::from_stored(&text) {
        assert_eq!(Consent::from_stored(&consent.text()), Some(consent));
    }
}

struct Issued {
    keys: Keys,
    tokens: Tokens,
    refresh: String,
    access: String,
    device: String,
}

struct Fixed;

impl Random for Fixed {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

static ISSUED: LazyLock<Issued> = LazyLock::new(|| {
    let (keys, id) = (Keys::derive(&[1; 32]), Uuid::from_u128(0x0199_39f5_d0a1_7000_8000_0000_0000_0001));
    let tokens = Tokens::from_pem(&generate_key(KeyType::Ed25519, &Fixed), "doorstep", "doorstep").unwrap();
    let claims = AccessClaims {
        user_id: UserId(id),
        session_id: SessionId(id),
        issued_at: now(),
        expires_at: now() + chrono::TimeDelta::seconds(900),
        token_id: id,
    };
    let refresh = RefreshToken::issue(&keys.refresh, Generation { session: SessionId(id), number: 41 });
    let (refresh, access) = (refresh.expose().to_owned(), tokens.sign(&claims, None).unwrap());
    let device = DeviceToken::issue(&keys.device, DeviceId(id)).expose().to_owned();
    Issued { keys, tokens, refresh, access, device }
});

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_000_000, 0).unwrap()
}

fn token_seeds() -> Vec<Vec<u8>> {
    text_seeds(&[
        &ISSUED.refresh,
        &ISSUED.access,
        &ISSUED.device,
        "eyJhbGciOiJub25lIn0.e30.",
        "..",
        "eyJhbGciOiJFZERTQSJ9.eyJleHAiOjF9.AA",
    ])
}

/// Only the issued text is a token: no other text is accepted, not even another spelling.
pub fn token(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Issued { keys, tokens, refresh, access, device } = &*ISSUED;
    assert_eq!(RefreshToken::open(&keys.refresh, &text).is_ok(), text == *refresh);
    assert_eq!(tokens.verify(&text, now()).is_ok(), text == *access);
    assert_eq!(DeviceToken::open(&keys.device, &text).is_ok(), text == *device);
    // Most inputs are no token at all; changes of a token reach further.
    if let [position, change, ..] = *data {
        for issued in [refresh, access, device] {
            let mut bytes = issued.clone().into_bytes();
            let at = usize::from(position) * bytes.len() / 256;
            bytes[at] ^= change & 0x7f;
            let text = String::from_utf8(bytes).unwrap();
            assert_eq!(RefreshToken::open(&keys.refresh, &text).is_ok(), text == *refresh);
            assert_eq!(tokens.verify(&text, now()).is_ok(), text == *access);
            assert_eq!(DeviceToken::open(&keys.device, &text).is_ok(), text == *device);
        }
    }
}

/// Proof in RFC 9449 section 4.1: header, claims and signature.
const PROOF: [&str; 3] = [
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoR\
    jQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19",
    "eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0Ij\
    oxNTYyMjYyNjE2fQ",
    "2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg",
];

fn nonce() -> DpopNonce {
    DpopNonce::new(&ISSUED.keys.dpop_nonce, now())
}

fn dpop_seeds() -> Vec<Vec<u8>> {
    let [header, claims, _] = PROOF.map(|part| BASE64_URL_SAFE_NO_PAD.decode(part).unwrap());
    let (proof, url) = (PROOF.join("."), "https://api.example.com/auth/v1/login?a=b#c");
    [text_seeds(&[&proof, nonce().as_str(), url]), vec![header, claims]].concat()
}

/// Only the published text is a proof, and only the issued text a nonce. A proof is valid for the route below the
/// public URL, and for no other URL.
pub fn dpop_proof(data: &[u8]) {
    let (text, encoded, proof) = (String::from_utf8_lossy(data), BASE64_URL_SAFE_NO_PAD.encode(data), PROOF.join("."));
    let [header, claims, signature] = PROOF;
    // Most inputs are not base64url; as a part of a proof they reach further.
    for text in [&*text, &format!("{encoded}.{claims}.{signature}"), &format!("{header}.{encoded}.{signature}")] {
        assert_eq!(Es256Proofs.read(text).is_some(), text == proof);
    }
    let key = &ISSUED.keys.dpop_nonce;
    assert_eq!(DpopNonce::is_valid(&text, key, now()), text == nonce().as_str());
    let mut urls = PublicUrls::default();
    urls.add("https://api.example.com/auth").unwrap();
    let published = Es256Proofs.read(&proof).unwrap();
    let proof = DpopProof { url: text.into_owned(), issued_at: 1_795_000_000.0, ..published };
    if proof.check(&urls, "/v1/login", key, now()).is_ok() {
        let url = Url::parse(&proof.url).unwrap();
        assert_eq!((url.scheme(), url.host_str(), url.port()), ("https", Some("api.example.com"), None));
        assert_eq!((url.path(), url.username(), url.password()), ("/auth/v1/login", "", None));
    }
}

/// An answer has only letters and digits, and a bounded length; spaces and signs do not change it.
pub fn captcha_answer(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(answer) = CaptchaAnswer::parse(&text) else { return };
    assert!(answer.expose().chars().all(char::is_alphanumeric) && !answer.expose().is_empty());
    // A character becomes at most 18 others (U+FDFA).
    assert!(answer.expose().len() <= 18 * CaptchaAnswer::LONGEST);
    assert_eq!(format!("{answer:?}"), "CaptchaAnswer(..)");
    if let Ok(spaced) = CaptchaAnswer::parse(&format!(" {text}-")) {
        assert!(spaced.matches(&answer));
    }
}

const BODIES: [&str; 8] = [
    r#"{"phone_number":"13800138000","captcha_id":"3q2-7wAAESIzRFVmd4iZqg","captcha_answer":"ADEHLM","client_id":""}"#,
    r#"{"ticket":"q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJCrze8SNFZ4kKvN7xI0VniQ","code":"042137"}"#,
    r#"{"ticket":"q83v","nickname":"小明","gender":"female","birthday":"2001-09-30","device_name":"iPhone 17"}"#,
    r#"{"ticket":"q83v","password":"correct horse battery","password_confirm":"correct"}"#,
    r#"{"phone_number":"1","captcha_id":"3q2","captcha_answer":"A","accepted":["terms@1",null]}"#,
    r#"{"current_password":"correct horse battery","new_password":"\u0000\ud83d\ude00"}"#,
    r#"{"refresh_token":"AZMn9d2ccQO2F1y4m3pLFA.0.uBqQ9vQ0n2m8kq1J7mT0cQ4w0yE5o6r8t9u1v2w3x4y"}"#,
    r#"[{"kind":"audio","theme":1e999,"nickname":null}]"#,
];

/// A body is accepted, or refused with a code that clients know and with the name of a field, never with its content.
pub fn json_body(data: &[u8]) {
    check_body::<SendCode>(data);
    check_body::<SendAccountCode>(data);
    check_body::<SendSignUpCode>(data);
    check_body::<FlowTicket>(data);
    check_body::<VerifyCode>(data);
    check_body::<SetPassword>(data);
    check_body::<SubmitProfile>(data);
    check_body::<CreateCaptcha>(data);
    check_body::<LogIn>(data);
    check_body::<ChangeProfile>(data);
    check_body::<AcceptDocuments>(data);
    check_body::<ChangePassword>(data);
    check_body::<ChangePhone>(data);
    check_body::<DeleteMe>(data);
    check_body::<RefreshTokens>(data);
}

fn check_body<T>(data: &[u8])
where
    Json<T>: FromRequest<Error = Problem>,
{
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    }
    let request = TestRequest::post().insert_header((CONTENT_TYPE, "application/json"));
    let (request, mut payload) = request.set_payload(data.to_vec()).to_http_parts();
    let body = RUNTIME.with(|runtime| runtime.block_on(Json::<T>::from_request(&request, &mut payload)));
    let Err(problem) = body else { return };
    let known = [Code::MalformedJson, Code::MalformedRequest, Code::ValidationFailed, Code::PayloadTooLarge];
    assert!(known.contains(&problem.code), "{:?}", problem.code);
    assert!(problem.cause.is_none(), "{:?}", problem.cause);
    for error in &problem.errors {
        assert!(error.field.chars().count() <= 64 && !error.code.is_empty());
    }
}

/// A key has one meaning, with and without quotes.
pub fn idempotency_key(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(key) = IdempotencyKey::parse(&text) else { return };
    assert_eq!(format!("{key:?}"), "IdempotencyKey(..)");
    assert!(text.is_ascii() && !text.contains(|c: char| c.is_control()));
    if !text.starts_with('"') {
        assert!(IdempotencyKey::parse(&format!("\"{}\"", text.replace('\\', "\\\\"))).as_ref() == Ok(&key));
    }
}

const ANSWERS: [&str; 8] = [
    r#"{"statusCode":"160040","statusMsg":"13800138000 号码格式有误"}"#,
    r#"{"statusCode":"000000","templateSMS":{"smsMessageSid":"1"}}"#,
    r#"{"Code":"isv.BUSINESS_LIMIT_CONTROL","Message":"+8613800138000 触发"}"#,
    r#"{"Code":"OK","BizId":"900619746936498440^0"}"#,
    r#"{"Response":{"SendStatusSet":[{"Code":"LimitExceeded","Message":"+8613800138000"}],"RequestId":"a"}}"#,
    r#"{"Response":{"Error":{"Code":"InternalError.Timeout","Message":"１３８００１３８０００"}}}"#,
    r#"{"code":4155552671,"message":"Invalid 'To' Phone Number: +14155552671","status":400}"#,
    "<html>+8613800138000</html>",
];

/// Nothing in the answer of a provider can bring a phone number, a line break or a long text into the log. Only an
/// answer with a status of success is an acceptance.
pub fn provider_answer(data: &[u8]) {
    let outcomes = [cloopen::outcome, aliyun::outcome, tencent::outcome, twilio::outcome, webhook::outcome];
    for status in [200, 201, 204, 302, 400, 408, 429, 500, 503].map(|status| StatusCode::from_u16(status).unwrap()) {
        for outcome in outcomes {
            match outcome(status, data) {
                Ok(()) => assert!(status.is_success()),
                Err(
                    SmsError::Refused(text)
                    | SmsError::PhoneLimited { reason: text, .. }
                    | SmsError::NoAnswer(text)
                    | SmsError::Unreachable(text),
                ) => {
                    assert!(text.chars().count() <= 250 && !text.contains(char::is_control), "{text:?}");
                    let digits = text.split(|c: char| !c.is_numeric()).map(|run| run.chars().count());
                    assert!(digits.max().unwrap_or_default() <= 6, "{text:?}");
                }
            }
        }
    }
}
