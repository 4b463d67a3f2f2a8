//! View of the document for generators of client code: `openapi/openapi-sdk.json`.
//!
//! The view is lossy, so that the generators of all languages produce types that compile and that read the responses of
//! later versions. It is OpenAPI 3.0, which more generators read than 3.1. It has no `null`, open enums in responses,
//! one error response, JSON bodies, and no header parameter: a client library sets `Idempotency-Key` and `DPoP` itself.

mod schema;

use super::schemas::{REFERENCE, references};
use schema::Object;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Returns the view of a document.
pub(super) fn for_sdk(document: &Value) -> Value {
    let mut view = document.clone();
    view["openapi"] = json!("3.0.3");
    view["info"]["description"] = json!("View of the API for generators of client code. The contract is openapi.json.");
    if let Some(license) = view["info"]["license"].as_object_mut() {
        license.shift_remove("identifier");
    }
    view["paths"] = object(&document["paths"]).filter_map(path).collect();
    view["components"] = json!({
        "schemas": schemas(&document["components"]["schemas"], &view["paths"]),
        "responses": { "Problem": problem() },
        "securitySchemes": document["components"]["securitySchemes"],
    });
    view
}

/// Entries of an object; nothing for any other value.
fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// Returns the operations of a path, or nothing if none is left.
fn path((path, item): (&String, &Value)) -> Option<(String, Value)> {
    let operations = object(item).filter_map(|(method, old)| Some((method.clone(), operation(old)?)));
    let item: Object = operations.collect();
    (!item.is_empty()).then(|| (path.clone(), item.into()))
}

/// Returns the view of an operation, or nothing if it succeeds with a file.
fn operation(old: &Value) -> Option<Value> {
    let mut operation = old.clone();
    operation["operationId"] = camel_case(old["operationId"].as_str()?).into();
    let (status, success) = object(&old["responses"]).find(|(status, _)| status.starts_with('2'))?;
    let mut response = json!({ "description": success["description"] });
    if success["content"].is_object() {
        response["content"] = json_only(&success["content"])?;
    }
    operation["responses"] = json!({ status: response, "default": { "$ref": "#/components/responses/Problem" } });
    if let Some(content) = json_only(&old["requestBody"]["content"]) {
        operation["requestBody"]["content"] = content;
    }
    operation["parameters"] = path_parameters(&old["parameters"]);
    operation.as_object_mut()?.retain(|key, value| key != "parameters" || *value != json!([]));
    Some(operation)
}

/// `register.sendCode` becomes `registerSendCode`.
fn camel_case(id: &str) -> String {
    let (tag, verb) = id.split_once('.').unwrap_or((id, ""));
    let (first, rest) = verb.split_at(verb.len().min(1));
    format!("{tag}{}{rest}", first.to_uppercase())
}

fn json_only(content: &Value) -> Option<Value> {
    let schema = &content.get("application/json")?["schema"];
    Some(json!({ "application/json": { "schema": schema } }))
}

/// Returns the parameters in the path. The references in the list are to header parameters.
fn path_parameters(old: &Value) -> Value {
    let in_path = old.as_array().into_iter().flatten().filter(|parameter| parameter["in"] == "path");
    let view = in_path.map(|old| {
        let mut parameter = old.clone();
        parameter["schema"] = schema::view(&old["schema"], &Object::new(), false);
        parameter
    });
    view.collect()
}

fn problem() -> Value {
    json!({
        "description": "Error",
        "content": { "application/problem+json": { "schema": { "$ref": format!("{REFERENCE}Problem") } } },
    })
}

/// Returns the views of the schemas that the paths use, in the order of the document.
fn schemas(all: &Value, paths: &Value) -> Object {
    let operations = object(paths).flat_map(|(_, item)| object(item)).map(|(_, operation)| operation);
    let (mut responses, mut requests) = (vec![problem()], Vec::new());
    for operation in operations {
        responses.push(operation["responses"].clone());
        requests.push(operation["requestBody"].clone());
    }
    let (responses, requests) = (Value::from(responses), Value::from(requests));
    let (in_responses, in_requests) = (reachable(&responses, all), reachable(&requests, all));
    let used = object(all).filter(|(name, _)| in_responses.contains(*name) || in_requests.contains(*name));
    let view = |(name, old): (&String, _)| {
        let is_response = in_responses.contains(name);
        (name.clone(), schema::view(old, all.as_object().unwrap_or(&Object::new()), is_response))
    };
    let views: Value = used.map(view).collect();
    // Responses have plain strings in place of references to enums.
    let used = reachable(&json!([responses, requests]), &views);
    object(&views).filter(|(name, _)| used.contains(*name)).map(|(name, view)| (name.clone(), view.clone())).collect()
}

/// Returns the names of the schemas that a part of the document uses, directly or through other schemas.
fn reachable(part: &Value, schemas: &Value) -> BTreeSet<String> {
    let (mut found, mut open) = (BTreeSet::new(), Vec::new());
    references(part, &mut open);
    while let Some(name) = open.pop() {
        if !found.contains(&name) {
            references(&schemas[&name], &mut open);
            found.insert(name);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn full() -> Value {
        serde_json::from_str(&super::super::DOCUMENT).unwrap()
    }

    /// Calls the function with every object of the document and its place.
    fn each_object(value: &Value, place: &str, visit: &mut dyn FnMut(&str, &Value)) {
        for (key, inner) in object(value) {
            each_object(inner, &format!("{place}/{key}"), visit);
        }
        for inner in value.as_array().into_iter().flatten() {
            each_object(inner, place, visit);
        }
        if value.is_object() {
            visit(place, value);
        }
    }

    fn operations(document: &Value) -> impl Iterator<Item = &Value> {
        object(&document["paths"]).flat_map(|(_, item)| object(item)).map(|(_, operation)| operation)
    }

    #[test]
    fn an_operation_that_answers_with_a_file_is_left_out() {
        let view = |response: &Value| {
            let operation = json!({ "operationId": "pets.add", "responses": { "200": response } });
            operations(&for_sdk(&json!({ "paths": { "/pets": { "post": operation } } }))).count()
        };
        assert_eq!(view(&json!({ "description": "Picture", "content": { "image/png": {} } })), 0);
        assert_eq!(view(&json!({ "description": "Pet", "content": { "image/png": {}, "application/json": {} } })), 1);
        assert_eq!(view(&json!({ "description": "Nothing" })), 1);
    }

    #[test]
    fn the_view_has_no_null_no_reference_to_nothing_and_no_unused_component() {
        let view = for_sdk(&full());
        let mut references = BTreeSet::new();
        each_object(&view, "#", &mut |place, object| {
            assert_ne!(object["type"], "null", "{place}");
            for keyword in ["oneOf", "anyOf", "allOf", "pattern", "examples", "x-extensible-enum"] {
                assert!(object.get(keyword).is_none() || place.ends_with("/properties"), "{place}: {keyword}");
            }
            assert!(!object["type"].is_array() && !super::object(object).any(|(_, value)| value.is_null()), "{place}");
            if let Some(reference) = object["$ref"].as_str() {
                assert!(view.pointer(&reference[1..]).is_some(), "{place}: {reference}");
                assert_eq!(
                    object.as_object().unwrap().len(),
                    1,
                    "{place}: OpenAPI 3.0 ignores what stands beside $ref"
                );
                references.insert(reference.to_owned());
            }
        });
        for kind in ["schemas", "responses"] {
            for (name, _) in object(&view["components"][kind]) {
                assert!(references.contains(&format!("#/components/{kind}/{name}")), "{name} is unused");
            }
        }
    }

    #[test]
    fn every_operation_has_one_error_one_success_and_an_id_in_camel_case() {
        let (full, view) = (full(), for_sdk(&full()));
        let mut ids = BTreeSet::new();
        for operation in operations(&view) {
            let id = operation["operationId"].as_str().unwrap();
            assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric()) && ids.insert(id.to_owned()), "{id}");
            let responses = operation["responses"].as_object().unwrap();
            assert_eq!(
                responses.keys().filter(|status| !status.starts_with('2')).collect::<Vec<_>>(),
                ["default"],
                "{id}"
            );
            assert_eq!(responses.len(), 2, "{id}");
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                assert_eq!(parameter["in"], "path", "{id}");
            }
            assert!(operation["requestBody"]["content"].as_object().is_none_or(|content| content.len() == 1), "{id}");
        }
        assert!(ids.contains("registerSendCode") && ids.contains("passwordResetSetPassword"));
        let has_json = |operation: &&Value| {
            let success = object(&operation["responses"]).find(|(status, _)| status.starts_with('2')).unwrap().1;
            success.get("content").is_none_or(|content| content.get("application/json").is_some())
        };
        assert_eq!(ids.len(), operations(&full).filter(has_json).count());
        let public =
            |document: &Value| operations(document).filter(|operation| operation["security"] == json!([])).count();
        let file_operations = operations(&full).filter(|operation| !has_json(operation)).count();
        assert_eq!(public(&view), public(&full).saturating_sub(file_operations));
    }

    /// A property that is lost here is lost in every SDK.
    #[test]
    fn every_schema_has_the_properties_of_the_document() {
        let (full, view) = (full(), for_sdk(&full()));
        let objects = |document: &Value| {
            let all = object(&document["components"]["schemas"]).filter(|(_, schema)| schema["properties"].is_object());
            let names =
                |schema: &Value| object(&schema["properties"]).map(|(name, _)| name.clone()).collect::<Vec<_>>();
            all.map(|(name, schema)| (name.clone(), names(schema))).collect::<BTreeMap<_, _>>()
        };
        let (full, view) = (objects(&full), objects(&view));
        let unused: Vec<&String> = full.keys().filter(|name| !view.contains_key(*name)).collect();
        assert_eq!(unused, ["CreateAudio", "CreateImage"], "only the requests for files are left out");
        assert!(view.iter().all(|(name, properties)| full[name] == *properties));
        assert!(view.values().map(Vec::len).sum::<usize>() > 150);
    }

    #[test]
    fn responses_require_what_is_always_there_and_not_null() {
        let (full, view) = (full(), for_sdk(&full()));
        for name in ["User", "SignedIn", "CodeSent", "Problem", "Captcha"] {
            let [old, new] = [&full, &view].map(|document| &document["components"]["schemas"][name]);
            for property in old["required"].as_array().unwrap() {
                let old = &old["properties"][property.as_str().unwrap()];
                let kept = new["required"].as_array().unwrap().contains(property);
                assert_ne!(kept, old.to_string().contains("\"null\""), "{name}.{property}");
            }
        }
    }
}
