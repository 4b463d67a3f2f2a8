//! The contract that SDKs are generated from.

use crate::test_server::{BackEnds, TestServer};
use reqwest::Method;
use serde_json::Value;
use std::collections::BTreeSet;

#[test]
fn the_committed_document_is_the_generated_one() {
    let committed = include_str!("../../openapi/openapi.json");
    assert!(committed == doorstep::http::openapi::DOCUMENT.as_str(), "stale: run `make openapi`");
}

#[actix_web::test]
async fn the_document_is_served() {
    let server = TestServer::new(BackEnds::Embedded).await;
    let served = server.send(server.request(Method::GET, "/openapi.json"), "/openapi.json").await;
    let committed: Value = serde_json::from_str(include_str!("../../openapi/openapi.json")).unwrap();
    assert!(served.body == committed, "stale: run `make openapi`");
}

#[test]
fn every_operation_reads_well_and_shows_what_it_answers() {
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
            // Signing out and asking for a code to one's own number need no body.
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
    let expected = "register.resendCode register.sendCode register.setPassword register.status register.submitProfile register.verifyCode";
    let register: Vec<&str> = ids.iter().map(String::as_str).filter(|id| id.starts_with("register.")).collect();
    assert_eq!(register.join(" "), expected);
}

/// The key set is written by the token adapter, not by the type that describes it.
#[actix_web::test]
async fn the_key_set_is_the_documented_one() {
    let server = TestServer::new(BackEnds::Embedded).await;
    let served = server.send(server.request(Method::GET, "/.well-known/jwks.json"), "/.well-known/jwks.json").await;
    let document: Value = serde_json::from_str(&doorstep::http::openapi::DOCUMENT).unwrap();
    let names = |object: &Value| object.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(&served.body["keys"][0]), names(&document["components"]["schemas"]["PublicKey"]["properties"]));
    assert_eq!(names(&served.body), names(&document["components"]["schemas"]["KeySet"]["properties"]));
}

/// Every property of every body that goes in or out has an example, so that the viewer and the SDK's docs show something real.
#[test]
fn every_property_has_an_example() {
    let document: Value = serde_json::from_str(&doorstep::http::openapi::DOCUMENT).unwrap();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        let Some(properties) = schema["properties"].as_object() else { continue };
        for (property, schema) in properties {
            let shown =
                ["example", "examples", "$ref", "oneOf", "allOf", "items"].iter().any(|key| schema.get(*key).is_some());
            assert!(shown || name == "Problem" || name == "FieldProblem", "{name}.{property}: {schema}");
        }
    }
}
