//! View of a schema.

use crate::http::openapi::schemas::{KNOWN_VALUES, REFERENCE};
use serde_json::{Map, Value, json};

pub(super) type Object = Map<String, Value>;

/// Keywords in the view. It has none of validation, which is the server's task: a client that validates, too, would
/// reject what a later version allows.
const KEYWORDS: [&str; 9] =
    ["type", "format", "description", "example", "enum", "required", "properties", "items", "additionalProperties"];

/// Formats in the view. Generators turn the others into types that reject values or change them: a `date` becomes a
/// moment, which is on another day in another time zone.
const FORMATS: [&str; 3] = ["int32", "int64", "date-time"];

const DATE: &str = "Text of the form `YYYY-MM-DD`: a day, not a moment.";

/// Returns the view of a schema. References are to objects and, in requests, to enums; other types stand in their
/// place.
pub(super) fn view(old: &Value, all: &Object, is_response: bool) -> Value {
    let mut view = without_null(old);
    if let Some(path) = view.get("$ref").and_then(Value::as_str) {
        let target = path.strip_prefix(REFERENCE).and_then(|name| all.get(name)).and_then(Value::as_object);
        let is_type =
            |target: &&Object| target.contains_key("properties") || (!is_response && target.contains_key("enum"));
        let Some(target) = target.filter(|target| !is_type(target)) else { return json!({ "$ref": path }) };
        view = target.clone().into_iter().chain(view).collect();
    }
    if is_response {
        open_enum(&mut view);
    }
    plain_format(&mut view);
    plain_required(&mut view);
    view.retain(|keyword, value| KEYWORDS.contains(&keyword.as_str()) && !value.is_null());
    view.retain(|keyword, value| keyword != "additionalProperties" || value.is_object());
    for inner in inner_schemas(&mut view) {
        *inner = self::view(inner, all, is_response);
    }
    view.into()
}

fn inner_schemas(view: &mut Object) -> impl Iterator<Item = &mut Value> {
    view.iter_mut().flat_map(|(keyword, value)| match (keyword.as_str(), value) {
        ("properties", Value::Object(properties)) => properties.values_mut().collect(),
        ("items" | "additionalProperties", schema) => vec![schema],
        _ => Vec::new(),
    })
}

/// Returns the schema of the values other than `null`.
fn without_null(old: &Value) -> Object {
    let mut view = old.as_object().cloned().unwrap_or_default();
    if let Some(Value::Object(alternative)) = alternatives(old).find(|schema| schema["type"] != "null") {
        view.extend(alternative.clone());
    }
    if let Some(kind) = types(old).iter().find(|kind| *kind != "null") {
        view.insert("type".to_owned(), kind.clone());
    }
    if let Some(Value::Array(values)) = view.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    view
}

fn accepts_null(schema: &Value) -> bool {
    types(schema).iter().any(|kind| kind == "null") || alternatives(schema).any(|schema| schema["type"] == "null")
}

/// The types of a schema that has several.
fn types(schema: &Value) -> &[Value] {
    schema["type"].as_array().map_or(&[], Vec::as_slice)
}

fn alternatives(schema: &Value) -> impl Iterator<Item = &Value> {
    ["oneOf", "anyOf", "allOf"].into_iter().filter_map(|keyword| schema[keyword].as_array()).flatten()
}

/// Replaces an enum by its description: a client must also read the values of later versions.
fn open_enum(view: &mut Object) {
    let closed = view.shift_remove("enum");
    let Some(Value::Array(values)) = view.shift_remove(KNOWN_VALUES).or(closed) else { return };
    let values: Vec<String> = values.iter().filter_map(Value::as_str).map(|value| format!("`{value}`")).collect();
    let description = view.get("description").and_then(Value::as_str).unwrap_or_default();
    if !values.iter().all(|value| description.contains(value)) {
        describe(view, &format!("Known values: {}. Later versions may add values.", values.join(", ")));
    }
}

/// Removes a format that is not in [`FORMATS`].
fn plain_format(view: &mut Object) {
    let Some(format) = view.get("format").and_then(Value::as_str) else { return };
    if FORMATS.contains(&format) {
        return;
    }
    if format == "date" {
        describe(view, DATE);
    }
    view.shift_remove("format");
}

/// Appends a sentence to the description.
fn describe(view: &mut Object, sentence: &str) {
    let old = view.get("description").and_then(Value::as_str);
    let text = old.map_or_else(|| sentence.to_owned(), |old| format!("{old} {sentence}"));
    view.insert("description".to_owned(), text.into());
}

/// Makes properties optional that can be `null`.
fn plain_required(view: &mut Object) {
    let properties = view.get("properties").cloned().unwrap_or_default();
    if let Some(Value::Array(required)) = view.get_mut("required") {
        required.retain(|name| !name.as_str().is_some_and(|name| accepts_null(&properties[name])));
        if required.is_empty() {
            view.shift_remove("required");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Views of a schema in a request and in a response.
    fn views(schema: &Value) -> [Value; 2] {
        let kind = json!({ "type": "string", "description": "Kind.", "enum": ["cat", "dog"] });
        let name = json!({ "type": "string", "pattern": "^a" });
        let all = json!({ "Kind": kind, "Name": name, "Pet": { "type": "object", "properties": {} } });
        [false, true].map(|is_response| view(schema, all.as_object().unwrap(), is_response))
    }

    fn assert_both(schema: &Value, expected: &Value) {
        assert_eq!(views(schema), [expected.clone(), expected.clone()], "{schema}");
    }

    fn reference(name: &str) -> Value {
        json!({ "$ref": format!("{REFERENCE}{name}") })
    }

    #[test]
    fn null_becomes_an_optional_property() {
        let string = json!({ "type": "string" });
        assert_both(&json!({ "type": ["string", "null"], "example": null }), &string);
        assert_both(&json!({ "oneOf": [{ "type": "null" }, { "type": "string" }] }), &string);
        assert_both(&json!({ "oneOf": [reference("Pet"), { "type": "null" }] }), &reference("Pet"));

        let pet = json!({
            "type": "object",
            "required": ["name", "age", "kind"],
            "properties": {
                "name": { "type": "string" },
                "age": { "type": ["integer", "null"] },
                "kind": { "anyOf": [{ "type": "string" }, { "type": "null" }] },
            },
        });
        assert_eq!(views(&pet)[1]["required"], json!(["name"]));
    }

    #[test]
    fn a_plain_type_stands_in_the_place_of_its_reference() {
        assert_both(&reference("Name"), &json!({ "type": "string" }));
        assert_both(&reference("Pet"), &reference("Pet"));
    }

    #[test]
    fn enums_are_open_in_responses_and_closed_in_requests() {
        let mut kind = reference("Kind");
        kind["description"] = json!("Its kind.");
        let text = "Its kind. Known values: `cat`, `dog`. Later versions may add values.";
        assert_eq!(views(&kind), [reference("Kind"), json!({ "type": "string", "description": text })]);

        let open = json!({ "type": "string", "description": "`cat`, `dog`.", "x-extensible-enum": ["cat", "dog"] });
        assert_both(&open, &json!({ "type": "string", "description": "`cat`, `dog`." }));
        let [request, response] = views(&json!({ "type": ["string", "null"], "enum": ["cat", null] }));
        assert_eq!(request, json!({ "type": "string", "enum": ["cat"] }));
        assert_eq!(response["enum"], Value::Null);
    }

    #[test]
    fn a_date_is_text() {
        let birthday = json!({ "type": ["string", "null"], "format": "date", "description": "Birthday." });
        assert_both(&birthday, &json!({ "type": "string", "description": format!("Birthday. {DATE}") }));
        let time = json!({ "type": "string", "format": "date-time" });
        assert_both(&time, &time);
        assert_both(&json!({ "type": "string", "format": "uri" }), &json!({ "type": "string" }));
    }

    #[test]
    fn the_view_validates_nothing() {
        let name = json!({ "type": "string", "minLength": 1, "maxLength": 9, "pattern": "^a", "example": "ab" });
        assert_both(&name, &json!({ "type": "string", "example": "ab" }));
        let object = json!({ "type": "object", "additionalProperties": false, "properties": {} });
        assert_both(&object, &json!({ "type": "object", "properties": {} }));
        let map = json!({ "type": "object", "additionalProperties": { "type": "string", "maxLength": 3 } });
        assert_both(&map, &json!({ "type": "object", "additionalProperties": { "type": "string" } }));
        let list = json!({ "type": "array", "maxItems": 8, "items": { "type": "string", "format": "uuid" } });
        assert_both(&list, &json!({ "type": "array", "items": { "type": "string" } }));
    }

    /// A keyword of a schema can also be the name of a property.
    #[test]
    fn properties_keep_their_names() {
        let schema = json!({ "type": "object", "properties": { "items": { "type": "string", "format": "uri" },
            "pattern": { "type": "integer", "minimum": 1 }, "required": { "type": "boolean" } } });
        let expected = json!({ "items": { "type": "string" }, "pattern": { "type": "integer" },
            "required": { "type": "boolean" } });
        assert_both(&schema, &json!({ "type": "object", "properties": expected }));
    }
}
