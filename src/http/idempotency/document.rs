//! The key in the OpenAPI document: one parameter of every POST, and what a replay looks like.

use super::stored_response::may_be_replayed;
use crate::domain::idempotency::IdempotencyKey;
use utoipa::Modify;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{Header, HeaderBuilder, ObjectBuilder, OpenApi, RefOr, Required, Type};

/// Comes after the problems, whose responses it adds to.
pub struct Idempotency;

impl Modify for Idempotency {
    fn modify(&self, document: &mut OpenApi) {
        for post in document.paths.paths.values_mut().filter_map(|item| item.post.as_mut()) {
            post.parameters.get_or_insert_default().push(RefOr::T(key()));
            add_replayed(post);
        }
    }
}

fn key() -> Parameter {
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(IdempotencyKey::LONGEST + 2))
        .examples(["\"8e03978e-40d5-43dd-bc93-6894a57f9324\""]);
    let words = "A name for this request, a random UUID: sent again with the same name and body it is not done again, and gets \
                 its first answer for 24 hours. New for everything that a person does, the same for every retry of it. A \
                 Structured Field String of 1 to 255 characters; the quotes may be left out.";
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(words))
        .schema(Some(text.build()))
        .build()
}

fn add_replayed(post: &mut Operation) {
    for (status, response) in &mut post.responses.responses {
        let status: u16 = status.parse().unwrap_or_default();
        if let RefOr::T(response) = response
            && (status < 300 || may_be_replayed(status))
        {
            let replayed =
                header(Type::Boolean, "`true` if this was the answer to an earlier request of the same name");
            response.headers.insert("Idempotency-Replayed".to_owned(), RefOr::T(replayed));
            let age = header(Type::Integer, "Seconds since a replayed answer was made");
            response.headers.insert("Age".to_owned(), RefOr::T(age));
        }
    }
}

fn header(kind: Type, words: &str) -> Header {
    HeaderBuilder::new().schema(Some(ObjectBuilder::new().schema_type(kind))).description(Some(words)).build()
}
