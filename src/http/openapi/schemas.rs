//! Rules for all schemas, so that every generator reads them: an optional property is absent and never null, and an
//! enum is closed in requests and open in answers.

use serde_json::Value;
use std::collections::BTreeSet;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::schema::SchemaType;
use utoipa::openapi::{Components, Object, Ref, RefOr, Schema, Type};

/// Values of an open enum: those that this version knows. A later version may add some.
pub(super) const KNOWN_VALUES: &str = "x-extensible-enum";

pub(super) const REFERENCE: &str = "#/components/schemas/";

/// Schemas of the bodies of requests, by name.
#[derive(Default)]
pub(super) struct RequestSchemas {
    pub requests: BTreeSet<String>,
    /// Merge patches, in which null means something.
    pub patches: BTreeSet<String>,
}

/// Applies the rules. Every schema has been added.
pub(super) fn apply(components: &mut Components, bodies: &RequestSchemas) {
    inline_nullable_enums(components, &bodies.patches);
    let requests = reachable(&bodies.requests, components);
    for (name, schema) in &mut components.schemas {
        let RefOr::T(Schema::Object(object)) = schema else { continue };
        if !requests.contains(name) {
            open_enum(object);
        }
        let required: BTreeSet<String> = object.required.iter().cloned().collect();
        for (property, schema) in object.properties.iter_mut() {
            if !required.contains(property) && !bodies.patches.contains(name) {
                remove_null(schema);
            }
            if let RefOr::T(Schema::Object(object)) = schema {
                describe_known_values(object);
            }
        }
    }
}

/// Makes a property an open enum of these values.
pub(super) fn set_known_values(components: &mut Components, name: &str, property: &str, values: Vec<&str>) {
    if let Some(RefOr::T(Schema::Object(object))) = components.schemas.get_mut(name)
        && let Some(RefOr::T(Schema::Object(property))) = object.properties.get_mut(property)
    {
        property.extensions = Some(ExtensionsBuilder::new().add(KNOWN_VALUES, values).build());
    }
}

/// Returns the name of a referenced schema.
pub(super) fn name_of(reference: &Ref) -> &str {
    reference.ref_location.strip_prefix(REFERENCE).unwrap_or_default()
}

/// Returns these schemas, and those that they refer to.
fn reachable(roots: &BTreeSet<String>, components: &Components) -> BTreeSet<String> {
    let (mut found, mut open) = (BTreeSet::new(), roots.iter().cloned().collect::<Vec<_>>());
    while let Some(name) = open.pop() {
        if let Some(schema) = components.schemas.get(&name)
            && found.insert(name)
        {
            references(&serde_json::to_value(schema).unwrap_or_default(), &mut open);
        }
    }
    found
}

/// Appends the names of the schemas to which a part of the document refers.
pub(super) fn references(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            let reference = members.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix(REFERENCE));
            names.extend(reference.map(str::to_owned));
            members.values().for_each(|member| references(member, names));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, names)),
        _ => {}
    }
}

/// Turns the closed enum of an answer into an open one.
fn open_enum(object: &mut Object) {
    if let Some(values) = object.enum_values.take() {
        object.extensions = Some(ExtensionsBuilder::new().add(KNOWN_VALUES, values).build());
        describe_known_values(object);
    }
}

/// Appends the known values of an open enum to its description: generators pass on descriptions, and not extensions.
fn describe_known_values(object: &mut Object) {
    let extension = object.extensions.as_ref().and_then(|extensions| extensions.get(KNOWN_VALUES));
    let Some(values) = extension.and_then(Value::as_array) else { return };
    let names: Vec<String> = values.iter().filter_map(Value::as_str).map(|name| format!("`{name}`")).collect();
    let known = format!("Known values: {}. Later versions may add values.", names.join(", "));
    let description = object.description.take().map(|text| format!("{text}\n\n{known}"));
    object.description = Some(description.unwrap_or(known));
}

/// Removes null from an optional property.
fn remove_null(schema: &mut RefOr<Schema>) {
    let RefOr::T(inner) = schema else { return };
    match inner {
        Schema::Object(object) => remove_null_type(&mut object.schema_type),
        Schema::Array(array) => remove_null_type(&mut array.schema_type),
        Schema::OneOf(one_of) => {
            let description = one_of.description.take();
            let reference = one_of.items.iter().find_map(|item| match item {
                RefOr::Ref(reference) => Some(reference.clone()),
                RefOr::T(_) => None,
            });
            if let Some(mut reference) = reference {
                reference.description = description.unwrap_or_default();
                *schema = RefOr::Ref(reference);
            }
        }
        _ => {}
    }
}

fn remove_null_type(types: &mut SchemaType) {
    if let SchemaType::Array(all) = types {
        all.retain(|one| *one != Type::Null);
        if let [one] = &all[..] {
            *types = SchemaType::Type(one.clone());
        }
    }
}

/// Writes the values of a nullable enum of a merge patch in place of `oneOf` a reference and null, which Apple's
/// generator leaves out.
fn inline_nullable_enums(components: &mut Components, patches: &BTreeSet<String>) {
    let enums = components.schemas.clone();
    let enum_of = |item: &RefOr<Schema>| match item {
        RefOr::Ref(reference) => match enums.get(name_of(reference)) {
            Some(RefOr::T(Schema::Object(object))) if object.enum_values.is_some() => Some(object.clone()),
            _ => None,
        },
        RefOr::T(_) => None,
    };
    for (_, schema) in components.schemas.iter_mut().filter(|(name, _)| patches.contains(*name)) {
        let RefOr::T(Schema::Object(object)) = schema else { continue };
        for property in object.properties.values_mut() {
            let RefOr::T(Schema::OneOf(one_of)) = property else { continue };
            let Some(mut inline) = one_of.items.iter().find_map(enum_of) else { continue };
            inline.schema_type = SchemaType::Array(vec![Type::String, Type::Null]);
            inline.enum_values.get_or_insert_default().push(Value::Null);
            inline.description = one_of.description.take();
            inline.example = one_of.example.take();
            *property = RefOr::T(Schema::Object(inline));
        }
    }
}
