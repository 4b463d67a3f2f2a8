//! Examples of requests and responses, made of the examples of their properties.

use super::schemas::name_of;
use serde_json::{Map, Value};
use utoipa::openapi::schema::ArrayItems;
use utoipa::openapi::{Components, RefOr, Schema};

/// Returns an example that a client can send: the example of the schema itself, or its required properties.
pub(super) fn request(schema: &RefOr<Schema>, components: &Components) -> Option<Value> {
    compose(schema, components, Properties::Required)
}

/// Returns the example of a response, with all properties that have one.
pub(super) fn response(schema: &RefOr<Schema>, components: &Components) -> Option<Value> {
    compose(schema, components, Properties::All)
}

#[derive(Clone, Copy)]
enum Properties {
    Required,
    All,
}

fn compose(schema: &RefOr<Schema>, components: &Components, which: Properties) -> Option<Value> {
    let schema = match schema {
        RefOr::Ref(reference) => return compose(components.schemas.get(name_of(reference))?, components, which),
        RefOr::T(schema) => schema,
    };
    match schema {
        Schema::Object(object) if object.example.is_some() => object.example.clone(),
        Schema::Object(object) if !object.properties.is_empty() => {
            let is_shown = |name: &String| matches!(which, Properties::All) || object.required.contains(name);
            let shown = object.properties.iter().filter(|(name, _)| is_shown(name));
            let member = |(name, schema)| Some((String::clone(name), compose(schema, components, which)?));
            Some(Value::Object(shown.filter_map(member).collect::<Map<_, _>>()))
        }
        Schema::Object(object) => {
            let known = object.extensions.as_ref().and_then(|all| all.get(super::schemas::KNOWN_VALUES)?.get(0));
            known.or_else(|| object.enum_values.as_ref()?.first()).cloned()
        }
        Schema::Array(array) if array.example.is_some() => array.example.clone(),
        Schema::Array(array) => match &array.items {
            ArrayItems::RefOrSchema(item) => Some(Value::Array(vec![compose(item, components, which)?])),
            ArrayItems::False => None,
        },
        _ => None,
    }
}
