//! The OpenAPI document, from which SDKs are generated.

use crate::test_server::{BackEnds, TestServer};
use reqwest::Method;
use serde_json::Value;
use std::collections::BTreeSet;

#[test]
fn the_committed_document_is_up_to_date() {
    let committed = include_str!("../../openapi/openapi.json");
    assert!(committed == doorstep::http::openapi::DOCUMENT.as_str(), "stale: run `make openapi`");
}

#[actix_web::test]
async fn the_service_serves_the_document() {
    let server = TestServer::new(BackEnds::Embedded).await;
    let served = server.send(server.request(Method::GET, "/openapi.json"), "/openapi.json").await;
    let committed: Value = serde_json::from_str(include_str!("../../openapi/openapi.json")).unwrap();
    assert!(served.body == committed, "stale: run `make openapi`");
}

#[test]
fn every_operation_has_an_id_a_summary_and_documented_errors() {
    let document: Value = serde_json::from_str(&doorstep::http::openapi::DOCUMENT).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            let (tag, verb) = id.split_once('.').unwrap();
            assert_eq!(operation["tags"][0], tag, "{id}");
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
                let Some(problem) = response["content"].get("application/problem+json") else { continue };
                assert_eq!(problem["schema"]["$ref"], "#/components/schemas/Problem");
                for (code, example) in problem["examples"].as_object().unwrap() {
                    assert_eq!(example["value"]["code"], code.as_str());
                    assert_eq!(example["value"]["status"].to_string(), *status, "{code}");
                }
            }
        }
    }
    let expected = "register.resendCode register.sendCode register.setPassword register.status register.submitProfile \
                    register.verifyCode";
    let register: Vec<&str> = ids.iter().map(String::as_str).filter(|id| id.starts_with("register.")).collect();
    assert_eq!(register.join(" "), expected);
}

/// The token adapter writes the key set, not the type that documents it, so the two can differ.
#[actix_web::test]
async fn the_key_set_matches_its_schema() {
    let server = TestServer::new(BackEnds::Embedded).await;
    let served = server.send(server.request(Method::GET, "/.well-known/jwks.json"), "/.well-known/jwks.json").await;
    let document: Value = serde_json::from_str(&doorstep::http::openapi::DOCUMENT).unwrap();
    let names = |object: &Value| object.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(&served.body["keys"][0]), names(&document["components"]["schemas"]["PublicKey"]["properties"]));
    assert_eq!(names(&served.body), names(&document["components"]["schemas"]["KeySet"]["properties"]));
}

/// Every property of every request and response body has an example, for the viewer and for the documentation of SDKs.
#[test]
fn every_property_has_an_example() {
    let document: Value = serde_json::from_str(&doorstep::http::openapi::DOCUMENT).unwrap();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        let Some(properties) = schema["properties"].as_object() else { continue };
        for (property, schema) in properties {
            let has_example =
                ["example", "examples", "$ref", "oneOf", "allOf", "items"].iter().any(|key| schema.get(*key).is_some());
            assert!(has_example || name == "Problem" || name == "FieldProblem", "{name}.{property}: {schema}");
        }
    }
}
