//! The OpenAPI document, from which SDKs are generated.

use crate::response::{DOCUMENT, resolve};
use crate::test_server::{BackEnds, TestServer};
use doorstep::adapters::jwt::{KeyType, generate_key};
use doorstep::adapters::system::{OsRandom, SystemClock};
use doorstep::app::new_secret_key;
use doorstep::domain::captcha::{Keyboard, Kind};
use doorstep::domain::pending::ActKind;
use doorstep::domain::user::Gender;
use doorstep::http::error::Code;
use flate2::read::GzDecoder;
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Read;

#[test]
fn the_committed_documents_are_up_to_date() {
    let committed = include_str!("../../openapi/openapi.json");
    assert!(committed == doorstep::http::openapi::DOCUMENT.as_str(), "stale: run `make openapi`");
    let committed = include_str!("../../openapi/openapi-sdk.json");
    assert!(committed == doorstep::http::openapi::SDK_DOCUMENT.as_str(), "stale: run `make openapi`");
}

#[actix_web::test]
async fn the_service_serves_the_document() {
    let server = TestServer::new(BackEnds::Embedded).await;
    let served = server.send(server.request(Method::GET, "/openapi.json"), "/openapi.json").await;
    let committed: Value = serde_json::from_str(include_str!("../../openapi/openapi.json")).unwrap();
    assert!(served.body == committed, "stale: run `make openapi`");
}

/// Gets the document with these headers. Returns the status, the headers and the raw body.
async fn get_document(server: &TestServer, headers: &[(&'static str, &str)]) -> (u16, HeaderMap, Vec<u8>) {
    let mut request = server.request(Method::GET, "/openapi.json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    (status, headers, response.bytes().await.unwrap().to_vec())
}

/// The document has half a megabyte: a client that repeats the request must not fill the outgoing line.
#[actix_web::test]
async fn the_document_is_compressed_and_has_a_tag() {
    let server = TestServer::new(BackEnds::Embedded).await;
    let (status, plain_headers, plain) = get_document(&server, &[]).await;
    assert_eq!((status, plain_headers.get("content-encoding")), (200, None));
    let (status, headers, gzip) = get_document(&server, &[("accept-encoding", "br, gzip")]).await;
    assert_eq!((status, &headers["content-encoding"]), (200, &HeaderValue::from_static("gzip")));
    assert!(gzip.len() * 7 < plain.len(), "{} of {} bytes", gzip.len(), plain.len());
    let mut unpacked = Vec::new();
    GzDecoder::new(&*gzip).read_to_end(&mut unpacked).unwrap();
    assert!(unpacked == plain, "the compressed document is another one");
    for headers in [&plain_headers, &headers] {
        assert_eq!(headers["vary"], "Accept-Encoding");
        assert_eq!(headers["cache-control"], "public, max-age=300");
    }
    assert_ne!(headers["etag"], plain_headers["etag"]);

    for (encoding, tag) in [("gzip", &headers["etag"]), ("identity", &plain_headers["etag"])] {
        let tag = tag.to_str().unwrap();
        for known in [tag.to_owned(), format!("\"other\", W/{tag}"), "*".to_owned()] {
            let request = [("accept-encoding", encoding), ("if-none-match", &*known)];
            let (status, headers, body) = get_document(&server, &request).await;
            assert_eq!((status, body.len(), headers["etag"].to_str().unwrap()), (304, 0, tag), "{known}");
        }
        let (status, _, body) = get_document(&server, &[("if-none-match", "\"other\"")]).await;
        assert!(status == 200 && body == plain);
    }
}

/// People read it in pull requests, and generators load it: errors, examples and parameters are stored once.
#[test]
fn the_document_repeats_no_error_response() {
    for operation in DOCUMENT["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values())
    {
        for (status, response) in operation["responses"].as_object().unwrap() {
            let is_shared = response.get("$ref").is_some();
            let is_error = status.parse::<u16>().is_ok_and(|status| status >= 400);
            assert_eq!(is_shared, is_error, "{} {status}", operation["operationId"]);
        }
    }
    assert!(doorstep::http::openapi::DOCUMENT.len() < 400_000);
}

#[test]
fn every_operation_has_an_id_a_summary_and_documented_errors() {
    assert_eq!(DOCUMENT["openapi"], "3.1.0");
    let mut ids = BTreeSet::new();
    for (path, item) in DOCUMENT["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            let (tag, verb) = id.split_once('.').unwrap();
            assert_eq!(operation["tags"][0], tag, "{id}");
            let tags = DOCUMENT["tags"].as_array().unwrap();
            assert!(tags.iter().any(|known| known["name"] == tag), "{tag} is not described");
            assert!(verb.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{id}");
            assert!(ids.insert(id.to_owned()), "{id} twice");
            assert!(operation["summary"].is_string(), "{method} {path}");
            // Logout and the request of a deletion code need no body.
            if operation["requestBody"]["required"] == true {
                for status in ["400", "408", "413", "415", "422", "500", "503"] {
                    assert!(operation["responses"][status].is_object(), "{path} {status}");
                }
            }
            for (status, response) in operation["responses"].as_object().unwrap() {
                let response = resolve(response);
                let json = &response["content"]["application/json"];
                assert!(json.is_null() || json["example"].is_object(), "{id} {status} has no example");
                let Some(problem) = response["content"].get("application/problem+json") else { continue };
                assert_eq!(problem["schema"]["$ref"], "#/components/schemas/Problem");
                for (code, example) in problem["examples"].as_object().unwrap() {
                    let example = resolve(example);
                    assert_eq!(example["value"]["code"], code.as_str());
                    assert_eq!(example["value"]["status"].to_string(), *status, "{code}");
                }
            }
        }
    }
    let expected = "register.resendCode register.sendCode register.setPassword register.startAnew register.status \
                    register.submitProfile register.verifyCode";
    let register: Vec<&str> = ids.iter().map(String::as_str).filter(|id| id.starts_with("register.")).collect();
    assert_eq!(register.join(" "), expected);
}

/// The token adapter writes the key set, not the type that documents it, so the two can differ.
#[actix_web::test]
async fn the_key_set_matches_its_schema() {
    let keys = [KeyType::P256, KeyType::Ed25519].map(|key_type| generate_key(key_type, &OsRandom)).concat();
    let settings = [("SECRET_KEY", &*new_secret_key(&SystemClock, &OsRandom)), ("JWT_KEYS", &keys)];
    let server = TestServer::with(BackEnds::Embedded, &settings).await;
    let served = server.send(server.request(Method::GET, "/.well-known/jwks.json"), "/.well-known/jwks.json").await;
    let names = |object: &Value| object.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let (schema, [ec, ed]) =
        (&DOCUMENT["components"]["schemas"]["PublicKey"], [0, 1].map(|at| &served.body["keys"][at]));
    assert_eq!(names(ec), names(&schema["properties"]));
    let required: BTreeSet<_> =
        schema["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect();
    assert_eq!(names(ed), required);
    assert_eq!(names(&served.body), names(&DOCUMENT["components"]["schemas"]["KeySet"]["properties"]));
}

/// Every schema, with its name.
fn schemas() -> impl Iterator<Item = (&'static String, &'static Value)> {
    DOCUMENT["components"]["schemas"].as_object().unwrap().iter()
}

/// Generators write a type with `null` in ways that other programs do not read, and Apple's leaves out a `oneOf`.
#[test]
fn null_is_in_the_document_only_where_it_means_something() {
    let mut nullable = Vec::new();
    for (name, schema) in schemas() {
        let text = schema.to_string();
        assert!(!["oneOf", "anyOf", "allOf"].iter().any(|word| text.contains(word)), "{name}: {text}");
        for (property, schema) in schema["properties"].as_object().into_iter().flatten() {
            if schema["type"].as_array().is_some_and(|types| types.contains(&json!("null"))) {
                nullable.push(format!("{name}.{property}"));
            }
        }
    }
    let user = ["phone_number", "avatar_url", "gender", "birthday"].map(|field| format!("User.{field}"));
    let patch = ["avatar_url", "gender", "birthday"].map(|field| format!("PatchProfile.{field}"));
    assert_eq!(nullable, [&patch[..], &user[..]].concat());
}

fn references(value: &Value, names: &mut BTreeSet<String>) {
    let text = value.to_string();
    for name in text.split("#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next()) {
        if names.insert(name.to_owned()) {
            references(&DOCUMENT["components"]["schemas"][name], names);
        }
    }
}

/// One new value of a closed enum would lock the installed apps out.
#[test]
fn enums_are_open_in_answers_and_closed_in_requests() {
    let (mut answers, mut requests) = (BTreeSet::new(), BTreeSet::new());
    references(&DOCUMENT["components"]["responses"], &mut answers);
    for operation in DOCUMENT["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values())
    {
        references(&operation["responses"], &mut answers);
        references(&operation["requestBody"], &mut requests);
    }
    assert!(answers.contains("User") && requests.contains("Gender"));
    for (name, schema) in schemas() {
        let text = schema.to_string();
        assert!(!(answers.contains(name) && text.contains("\"enum\":")), "{name} is closed in an answer");
        assert!(!(requests.contains(name) && text.contains("x-extensible-enum")), "{name} is open in a request");
    }
}

/// The bodies repeat the values of the domain, because they do not import it.
#[test]
fn the_known_values_are_those_of_the_service() {
    let known = |name: &str| {
        let (schema, property) = name.split_once('.').unwrap_or((name, ""));
        let schema = &DOCUMENT["components"]["schemas"][schema];
        let schema = if property.is_empty() { schema } else { &schema["properties"][property] };
        let values = if schema["enum"].is_array() { &schema["enum"] } else { &schema["x-extensible-enum"] };
        values.as_array().unwrap().iter().map(|value| value.as_str().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(known("ActKind"), ActKind::ALL.map(ActKind::as_str));
    assert_eq!(known("Gender"), Gender::ALL.map(Gender::as_str));
    assert_eq!(known("User.gender"), Gender::ALL.map(Gender::as_str));
    assert_eq!(known("CaptchaKind"), Kind::ALL.map(Kind::as_str));
    assert_eq!(known("Captcha.media_type"), Kind::ALL.map(Kind::media_type));
    assert_eq!(known("Captcha.input"), Keyboard::ALL.map(Keyboard::as_str));
    let questions = [Code::AccountDormant, Code::ActHeld, Code::ActRefused];
    assert_eq!(known("QuestionCode"), questions.map(|code| code.row().name));
}

/// Request that the document describes, with its example as the body.
fn example(method: &str, path: &str) -> Option<(Method, Value)> {
    let body = &DOCUMENT["paths"][path][method]["requestBody"]["content"]["application/json"];
    let method = method.to_uppercase().parse().unwrap();
    (!body.is_null()).then(|| (method, body["example"].clone()))
}

/// The first request that a developer sends is the example of the viewer.
#[actix_web::test]
async fn every_example_of_a_request_can_be_sent() {
    let server = TestServer::new(BackEnds::Embedded).await;
    let user = server.create_user().await;
    for (path, item) in DOCUMENT["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let Some((method, body)) = example(method, path) else { continue };
            assert!(body.is_object(), "{method} {path} has no example");
            let request = server.request(method.clone(), path).bearer_auth(&user.access_token).json(&body);
            let response = server.send(request, path).await;
            let refused = ["malformed_request", "malformed_json", "validation_failed", "region_not_supported"];
            assert!(!refused.contains(&response.code()), "{method} {path} {body}: {response:?}");
        }
    }
}

/// A client that sends null for a value that it has lost gets an error, and not a success without the value.
#[actix_web::test]
async fn null_is_refused_for_every_property_that_is_not_nullable() {
    let server = TestServer::new(BackEnds::Embedded).await;
    let user = server.create_user().await;
    for (path, item) in DOCUMENT["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let Some((method, body)) = example(method, path) else { continue };
            let content = &item[method.as_str().to_lowercase()]["requestBody"]["content"]["application/json"];
            for (name, property) in resolve(&content["schema"])["properties"].as_object().unwrap() {
                let mut body = body.clone();
                body[name] = Value::Null;
                let request = server.request(method.clone(), path).bearer_auth(&user.access_token).json(&body);
                let response = server.send(request, path).await;
                let is_nullable =
                    property["type"].is_array() || (path, name.as_str()) == (&"/v1/me".to_owned(), "nickname");
                let is_refused = response.code() == "malformed_request" && response.body["errors"][0]["field"] == *name;
                assert!(is_refused || is_nullable, "{method} {path} {body}: {response:?}");
            }
        }
    }
}

/// Every property of every request and response body has an example, for the viewer and for the documentation of SDKs.
#[test]
fn every_property_has_an_example() {
    for (name, schema) in DOCUMENT["components"]["schemas"].as_object().unwrap() {
        let Some(properties) = schema["properties"].as_object() else { continue };
        for (property, schema) in properties {
            let has_example = ["example", "examples", "$ref", "items", "x-extensible-enum", "enum"]
                .iter()
                .any(|key| schema.get(*key).is_some());
            assert!(has_example || name == "Problem" || property == "audio", "{name}.{property}: {schema}");
        }
    }
}

/// The sign-up has a body of its own, with all fields of the other flows.
#[test]
fn every_send_code_has_the_same_fields() {
    let properties = |name: &str| DOCUMENT["components"]["schemas"][name]["properties"].as_object().unwrap();
    let sign_up = properties("SendSignUpCode");
    for (field, schema) in properties("SendCode") {
        assert_eq!(sign_up.get(field), Some(schema), "{field}");
    }
}
