//! Pages: who gets them, in which language, and with which headers.

use crate::test_server::{BackEnds, TestServer};
use reqwest::header::HeaderMap;
use reqwest::{Method, redirect};
use serde_json::{Value, json};

const CONSOLE: (&str, &str) = ("SMS_PROVIDERS", "console");
const DELETION: &[(&str, &str)] = &[("ACCOUNT_DELETION_PAGE", "true"), ("APP_NAME", "Tom & <b>Jerry</b>")];

/// Gets a path with these headers. Returns the status, the headers and the body.
async fn get(server: &TestServer, path: &str, headers: &[(&'static str, &str)]) -> (u16, HeaderMap, String) {
    let client = reqwest::Client::builder().redirect(redirect::Policy::none()).build().unwrap();
    let mut request = client.get(format!("{}{path}", server.url));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.headers().clone(), response.text().await.unwrap())
}

async fn status(server: &TestServer, path: &str, headers: &[(&'static str, &str)]) -> u16 {
    get(server, path, headers).await.0
}

/// The messages contain codes: they must not exist where messages go to phones.
#[actix_web::test]
async fn the_demo_and_its_messages_exist_only_with_the_console() {
    let server = TestServer::new(BackEnds::Embedded).await;
    for path in ["/", "/dev/messages", "/pages/demo.js", "/account-deletion", "/pages/account-deletion.js"] {
        assert_eq!(status(&server, path, &[]).await, 404, "{path}");
    }
    let server = TestServer::with(BackEnds::Embedded, &[CONSOLE]).await;
    for path in ["/", "/dev/messages", "/pages/demo.js", "/pages/demo.css", "/pages/worker.js", "/pages/icon.svg"] {
        assert_eq!(status(&server, path, &[]).await, 200, "{path}");
    }
}

#[actix_web::test]
async fn messages_are_for_programs_on_this_machine_only() {
    let server = TestServer::with(BackEnds::Embedded, &[CONSOLE]).await;
    server.send_code("13800138000").await;
    let (_, headers, body) = get(&server, "/dev/messages?after=0", &[]).await;
    let answer: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&answer["last"], &answer["messages"][0]["to"]), (&json!(1), &json!("+8613800138000")));
    assert!(answer["messages"][0]["text"].as_str().unwrap().contains("code"), "{answer}");
    assert_eq!(headers["cache-control"], "no-store");
    assert!(!headers.contains_key("access-control-allow-origin"));
    let (_, _, body) = get(&server, "/dev/messages?after=1", &[]).await;
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["messages"], json!([]));

    assert_eq!(status(&server, "/dev/messages", &[("sec-fetch-site", "same-origin")]).await, 200);
    for header in [
        ("host", "example.com"),
        ("host", "127.0.0.1.nip.io:8080"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-site", "none"),
        ("x-forwarded-for", "192.0.2.1"),
        ("forwarded", "for=192.0.2.1"),
        ("via", "1.1 tunnel"),
        ("origin", "https://example.com"),
    ] {
        assert_eq!(status(&server, "/dev/messages", &[header]).await, 404, "{header:?}");
    }
}

#[actix_web::test]
async fn pages_forbid_everything_that_they_do_not_need() {
    let server = TestServer::with(BackEnds::Embedded, &[&[CONSOLE], DELETION].concat()).await;
    for path in ["/", "/account-deletion", "/docs/"] {
        let (status, headers, body) = get(&server, path, &[]).await;
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert_eq!((status, &headers["content-type"]), (200, &"text/html; charset=utf-8".parse().unwrap()), "{path}");
        for directive in ["default-src 'none'", "script-src 'self';", "style-src 'self';", "frame-ancestors 'none'"] {
            assert!(policy.contains(directive), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{path}: {policy}");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        assert_eq!(headers["cross-origin-opener-policy"], "same-origin");
        // The policy blocks what is inline: nothing in the document needs it.
        assert!(!body.contains("style=") && !body.contains("<style") && !body.contains("onclick"), "{path}");
        assert!(body.matches("<script").count() == body.matches("<script src=").count(), "{path}");
        // A proxy may remove a path prefix.
        assert!(!body.contains("src=\"/") && !body.contains("href=\"/"), "{path}");
    }
}

#[actix_web::test]
async fn the_deletion_page_names_the_app_in_the_language_of_the_user() {
    let server = TestServer::with(BackEnds::Embedded, DELETION).await;
    let title = async |path, accepted| {
        let (_, headers, body) = get(&server, path, &[("accept-language", accepted)]).await;
        assert_eq!(headers["vary"], "Accept-Encoding, Accept-Language");
        assert!(body.contains("Tom &#38; &#60;b&#62;Jerry&#60;/b&#62;") && !body.contains("<b>"), "{body}");
        assert!(!body.contains("{{") && !body.contains("[["), "{body}");
        body.split("<title>").nth(1).unwrap().split(" · ").next().unwrap().to_owned()
    };
    assert_eq!(title("/account-deletion", "en-GB").await, "Delete your account");
    assert_eq!(title("/account-deletion", "zh-TW,en;q=0.5").await, "注销账号");
    assert_eq!(title("/account-deletion?lang=en", "zh").await, "Delete your account");
    assert_eq!(title("/account-deletion?lang=zh", "en").await, "注销账号");
}

#[actix_web::test]
async fn the_deletion_page_mentions_passwords_only_where_accounts_have_them() {
    let hint = async |mode| {
        let server = TestServer::with(BackEnds::Embedded, &[DELETION, &[("PASSWORD_MODE", mode)]].concat()).await;
        get(&server, "/account-deletion", &[]).await.2.contains("<section hidden>")
    };
    assert!(!hint("required").await && !hint("optional").await);
    assert!(hint("none").await);
}

#[actix_web::test]
async fn files_of_pages_have_a_tag_and_a_compressed_form() {
    let server = TestServer::with(BackEnds::Embedded, DELETION).await;
    let path = "/pages/account-deletion.js";
    let (_, plain, script) = get(&server, path, &[]).await;
    assert_eq!(plain["content-type"], "text/javascript; charset=utf-8");
    assert_eq!(
        (&plain["cache-control"], &plain["x-content-type-options"]),
        (&"no-cache".parse().unwrap(), &"nosniff".parse().unwrap())
    );
    assert!(script == include_str!("../../pages/dist/account-deletion.js"));
    let (_, gzip, _) = get(&server, path, &[("accept-encoding", "gzip")]).await;
    assert_eq!(gzip["content-encoding"], "gzip");
    assert_ne!(gzip["etag"], plain["etag"]);
    let tag = plain["etag"].to_str().unwrap();
    assert_eq!(status(&server, path, &[("if-none-match", tag)]).await, 304);

    let post = server.request(Method::POST, "/account-deletion").send().await.unwrap();
    assert_eq!((post.status().as_u16(), &post.headers()["allow"]), (405, &"GET, HEAD".parse().unwrap()));
}

#[actix_web::test]
async fn the_viewer_of_the_document_is_found_without_the_slash() {
    let server = TestServer::new(BackEnds::Embedded).await;
    let (status, headers, _) = get(&server, "/docs", &[]).await;
    // Relative, for a path prefix that a proxy removes.
    assert_eq!((status, &headers["location"]), (307, &"docs/".parse().unwrap()));
    let (status, headers, _) = get(&server, "/docs/swagger-ui-bundle.js", &[("accept-encoding", "gzip")]).await;
    assert_eq!((status, &headers["content-type"]), (200, &"text/javascript".parse().unwrap()));

    let server = TestServer::with(BackEnds::Embedded, &[("DOCS", "false")]).await;
    for path in ["/docs", "/docs/", "/docs/swagger-ui-bundle.js", "/pages/docs.js"] {
        assert_eq!(get(&server, path, &[]).await.0, 404, "{path}");
    }
}
