//! Names, device names, numbers, codes and passwords as keyboards, address books and phones write them.

use crate::server_tests;
use crate::test_server::{BYPASS, BackEnds, PASSWORD, TestServer, fresh_phone};
use crate::users::TestUser;
use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};
use diesel::sql_types::Text;
use diesel::{RunQueryDsl, sql_query};
use reqwest::Method;
use serde_json::{Value, json};

server_tests!(
    a_device_name_never_refuses_a_sign_in,
    numbers_are_read_as_address_books_write_them,
    nicknames_are_accepted_as_people_write_them,
    nicknames_have_one_visible_form,
    invisible_and_misleading_nicknames_are_rejected,
    codes_are_read_as_keyboards_write_them,
    a_password_that_cannot_be_typed_again_is_not_set,
    every_keyboard_types_the_same_password,
    the_locale_of_an_app_is_a_language,
);

const ENGLAND: &str = "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}";

async fn newest_device(server: &TestServer, token: &str) -> Value {
    let sessions = server.call(Method::GET, "/v1/sessions", token, Value::Null).await;
    let sessions = sessions.body["sessions"].as_array().unwrap().clone();
    sessions.into_iter().find(|session| session["current"] == true).unwrap()["device_name"].clone()
}

async fn a_device_name_never_refuses_a_sign_in(server: TestServer) {
    let user = server.create_user().await;
    let devices = [
        ("\u{200f}iPhone של דנה".to_owned(), json!("iPhone של דנה")),
        ("x".repeat(70), json!("x".repeat(64))),
        (ENGLAND.repeat(70), json!(ENGLAND.repeat(9))),
        ("\u{1b}[31m\u{202e}a\nb".to_owned(), json!("[31ma b")),
        ("\u{200d}\u{3164}".to_owned(), Value::Null),
        (String::new(), Value::Null),
        ("字".repeat(4_000), json!("字".repeat(64))),
    ];
    for (given, shown) in devices {
        let body = json!({"phone_number": user.phone, "password": PASSWORD, "device_name": given});
        let signed_in = server.post("/v1/login", body).await;
        signed_in.assert_status(200);
        assert_eq!(newest_device(&server, &signed_in.text("access_token")).await, shown, "{given:?}");
    }
    let (ticket, code) = server.ticket_and_code("login", &user.phone).await;
    let body = json!({"ticket": ticket, "code": code, "device_name": "\u{202e}\u{e000}"});
    server.post("/v1/login/verify-code", body).await.assert_status(200);
    let ticket = server.ticket_with_password(&fresh_phone()).await;
    let body = json!({"ticket": ticket, "nickname": "小明", "device_name": "y".repeat(65)});
    let created = server.post("/v1/register/submit-profile", body).await;
    created.assert_status(201);
    assert_eq!(newest_device(&server, &created.text("access_token")).await, json!("y".repeat(64)));
}

async fn numbers_are_read_as_address_books_write_them(server: TestServer) {
    let user = server.create_user().await;
    let digits = &user.phone[3..];
    let in_script = |zero: char| -> String {
        let digit = |c: char| char::from_u32(u32::from(zero) + c.to_digit(10).unwrap()).unwrap();
        digits.chars().map(digit).collect()
    };
    let (head, tail) = digits.split_at(3);
    for number in [
        format!("\u{202a}+86 {head} {tail}\u{202c}"),
        format!("+86\u{a0}{head}\u{2009}{tail}"),
        format!("＋８６{}", in_script('０')),
        format!("86-{head}-{tail}\n"),
        format!("+86 ({head})\u{2011}{tail}"),
        in_script('٠'),
        in_script('०'),
    ] {
        let signed_in = server.log_in(&number, PASSWORD).await;
        signed_in.assert_status(200);
        assert_eq!(signed_in.body["user"]["phone_number"], json!(user.phone), "{number:?}");
        let taken = server.send_code(&number).await;
        taken.assert_error(409, "phone_already_registered");
    }
}

async fn rename(server: &TestServer, user: &TestUser, nickname: &str) -> crate::test_server::Response {
    server.call(Method::PATCH, "/v1/me", &user.access_token, json!({"nickname": nickname})).await
}

async fn nicknames_are_accepted_as_people_write_them(server: TestServer) {
    let user = server.create_user().await;
    for nickname in [
        "علی\u{200c}رضا",
        "שרה",
        "ශ්\u{200d}රී",
        "अनिल",
        "Nguyễn Văn Thiệu",
        "👨\u{200d}👩\u{200d}👧\u{200d}👦",
        "❤\u{fe0f}",
        "1\u{fe0f}\u{20e3}",
        ENGLAND,
    ] {
        let renamed = rename(&server, &user, nickname).await;
        renamed.assert_status(200);
        assert_eq!(renamed.text("nickname"), nickname);
    }
}

async fn nicknames_have_one_visible_form(server: TestServer) {
    let user = server.create_user().await;
    for nickname in
        ["Ada", "Ada\u{200d}", "\u{200f}Ada", "A\u{200b}da\u{fe0f}", " Ada\u{3164}", "Ada\u{e0067}\u{e007f}"]
    {
        let renamed = rename(&server, &user, nickname).await;
        renamed.assert_status(200);
        assert_eq!(renamed.text("nickname"), "Ada", "{nickname:?}");
    }
}

async fn invisible_and_misleading_nicknames_are_rejected(server: TestServer) {
    let user = server.create_user().await;
    for (nickname, reason) in [
        ("\u{200d}", "too_short"),
        ("\u{3164}\u{2800}", "too_short"),
        ("\u{202e}adA", "invalid_characters"),
        ("\u{2067}Ada\u{2069}", "invalid_characters"),
        ("Ada\u{e000}", "invalid_characters"),
        ("Ada\u{378}", "invalid_characters"),
        ("Ada\u{7}", "invalid_characters"),
        ("\u{301}", "invalid_characters"),
    ] {
        rename(&server, &user, nickname).await.assert_field_error(422, "validation_failed", "nickname", reason);
    }
    assert_eq!(server.me(&user.access_token).await.text("nickname"), user.profile["nickname"]);
}

async fn codes_are_read_as_keyboards_write_them(server: TestServer) {
    let in_script = |code: &str, zero: char| -> String {
        code.chars().map(|c| char::from_u32(u32::from(zero) + c.to_digit(10).unwrap()).unwrap()).collect()
    };
    let spellings: [&dyn Fn(&str) -> String; 6] = [
        &|code| format!(" {code} "),
        &|code| format!("{} {}", &code[..3], &code[3..]),
        &|code| in_script(code, '０'),
        &|code| in_script(code, '٠'),
        &|code| in_script(code, '۰'),
        &|code| format!("\u{200e}{code}\u{202c}\n"),
    ];
    for spelling in spellings {
        let phone = fresh_phone();
        let ticket = server.new_ticket(&phone).await;
        let code = spelling(&server.sms.code_for(&phone).unwrap());
        assert_eq!(server.verify_code(&ticket, &code).await.status, 200, "{code:?}");
    }
}

async fn a_password_that_cannot_be_typed_again_is_not_set(server: TestServer) {
    let user = server.create_user().await;
    let ticket = server.verified_ticket(&fresh_phone()).await;
    for password in
        ["correct horse ❤\u{fe0f}", "correct\u{2060} horse", "\u{feff}correct horse", "horse \u{e000} horse"]
    {
        let body = json!({"ticket": ticket, "password": password});
        let response = server.post("/v1/register/set-password", body).await;
        response.assert_field_error(422, "validation_failed", "password", "invalid_characters");
        let body = json!({"current_password": PASSWORD, "new_password": password});
        let response = server.call(Method::PUT, "/v1/me/password", &user.access_token, body).await;
        response.assert_field_error(422, "validation_failed", "new_password", "invalid_characters");
        // It may be the password of an account from before.
        server.log_in(&fresh_phone(), password).await.assert_error(401, "credentials_invalid");
    }
}

async fn every_keyboard_types_the_same_password(server: TestServer) {
    let phone = fresh_phone();
    let ticket = server.verified_ticket(&phone).await;
    let body = json!({"ticket": ticket, "password": "cafe\u{301}\u{3000}au lait"});
    server.post("/v1/register/set-password", body).await.assert_status(200);
    server.submit_profile(&ticket).await.assert_status(201);
    for password in ["caf\u{e9} au lait", "cafe\u{301} au\u{a0}lait"] {
        server.log_in(&phone, password).await.assert_status(200);
    }
    server.log_in(&phone, "cafe au lait").await.assert_error(401, "credentials_invalid");
}

async fn the_locale_of_an_app_is_a_language(server: TestServer) {
    for (locale, title) in [("zh_CN", "未找到"), ("zh-CN", "未找到"), ("en_US", "Not found")] {
        let request = server.request(Method::GET, "/v1/nothing").header("accept-language", locale);
        assert_eq!(server.send(request, "/v1/nothing").await.text("title"), title, "{locale}");
    }
}

/// Hash of the bytes as they are, at a low cost.
fn hash_of(password: &str) -> String {
    let (salt, mut tag) = ([7; 16], [0; 32]);
    let params = argon2::Params::new(64, 1, 1, Some(32)).unwrap();
    let argon2 = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    argon2.hash_password_into(password.as_bytes(), &salt, &mut tag).unwrap();
    let [salt, tag] = [&salt[..], &tag[..]].map(|bytes| BASE64_STANDARD_NO_PAD.encode(bytes));
    format!("$argon2id$v=19$m=64,t=1,p=1${salt}${tag}")
}

/// The hash may be of an unprepared text (from another service), or of one that is refused today.
#[actix_web::test]
async fn an_account_with_an_earlier_password_signs_in() {
    let server = TestServer::new(BackEnds::Real).await;
    let user = server.create_user().await;
    for (hashed, others) in [
        ("cafe\u{301}\u{3000}au lait", ["caf\u{e9} au lait", "caf\u{e9}\u{a0}au lait"]),
        ("correct horse ❤\u{fe0f}", ["correct horse ❤\u{fe0f}", "correct\u{a0}horse ❤\u{fe0f}"]),
    ] {
        let update = sql_query("UPDATE users SET password_hash = $1 WHERE phone = $2");
        update.bind::<Text, _>(hash_of(hashed)).bind::<Text, _>(&user.phone).execute(&mut server.database()).unwrap();
        server.log_in(&user.phone, hashed).await.assert_status(200);
        // The sign-in has replaced the hash by one of the prepared form.
        for password in others {
            server.log_in(&user.phone, password).await.assert_status(200);
        }
    }
}

/// China has mobile numbers that libphonenumber does not know.
#[actix_web::test]
async fn the_operator_can_add_prefixes_of_mobile_numbers() {
    const NUMBER: &str = "149 1234 5678";
    let server = TestServer::new(BackEnds::Embedded).await;
    let refused = server.send_code(NUMBER).await;
    refused.assert_field_error(422, "validation_failed", "phone_number", "invalid_format");
    let server = TestServer::with(BackEnds::Embedded, &[("PHONE_EXTRA_MOBILE_PREFIXES", "CN=149,CN=1410")]).await;
    let sent = server.send_code(NUMBER).await;
    sent.assert_status(200);
    let code = server.sms.code_for("+8614912345678").unwrap();
    server.verify_code(&sent.text("ticket"), &code).await.assert_status(200);
    for number in ["14112345678", "1491234567", "010-12345678"] {
        let body = json!({"phone_number": number, "captcha_id": server.captcha().await, "captcha_answer": BYPASS});
        server.post("/v1/register/send-code", body).await.assert_error(422, "validation_failed");
    }
}
