//! Headers of requests and responses that many operations have. Parameters are stored once, in `components`.

use crate::domain::dpop::DpopProof;
use crate::domain::idempotency::IdempotencyKey;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{Components, Header, HeaderBuilder, ObjectBuilder, Ref, RefOr, Required, Type};

pub(super) const KEY: &str = "IdempotencyKey";
/// Key of a request that is harmless to repeat.
pub(super) const IGNORED_KEY: &str = "IgnoredIdempotencyKey";
pub(super) const PROOF: &str = "DPoP";

/// Three parts in base64url (RFC 7515, section 7.1).
const COMPACT_JWS: &str = r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$";

/// Adds the parameters to the document.
pub(super) fn add(components: &mut Components) {
    let key = || ObjectBuilder::new().examples(["\"8e03978e-40d5-43dd-bc93-6894a57f9324\""]);
    let stored = "Random key of this request, for example a UUID. A retry with the same key and the same body \
                  changes nothing: it gets the stored response of the first request, for up to 24 hours. Use a new key \
                  for each user action, and the same key for each retry. A Structured Field String of 1 to 255 \
                  characters; the quotes are optional.";
    let ignored = "Ignored: the request is harmless to repeat, and no response is stored. A client may send a key with \
                   every POST.";
    let proof = "DPoP proof (RFC 9449), ES256, for this request: `htm` is POST, and `htu` is the URL of the \
                 request. At a sign-in it binds the refresh token to the key of the proof. A session that is \
                 bound needs a proof of the same key at each refresh.";
    let parameters = [
        (KEY, "Idempotency-Key", stored, key().pattern(Some(IdempotencyKey::PATTERN))),
        (IGNORED_KEY, "Idempotency-Key", ignored, key()),
        (PROOF, "DPoP", proof, ObjectBuilder::new().max_length(Some(DpopProof::LONGEST)).pattern(Some(COMPACT_JWS))),
    ];
    for (component, header, description, text) in parameters {
        components.parameters.insert(component.to_owned(), parameter(header, description, text));
    }
}

fn parameter(header: &str, description: &str, text: ObjectBuilder) -> RefOr<Parameter> {
    let parameter = ParameterBuilder::new()
        .name(header)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(text.schema_type(Type::String).build()));
    RefOr::T(parameter.build())
}

/// Returns the reference to a parameter.
pub(super) fn reference(component: &str) -> RefOr<Parameter> {
    RefOr::Ref(Ref::new(format!("#/components/parameters/{component}")))
}

/// Returns a header of a response; a number is not negative.
pub(super) fn response_header(kind: Type, description: &str) -> RefOr<Header> {
    let minimum = (kind == Type::Integer).then_some(0);
    let schema = ObjectBuilder::new().schema_type(kind).minimum(minimum);
    RefOr::T(HeaderBuilder::new().schema(Some(schema)).description(Some(description)).build())
}

/// Returns the headers of a response that may be the replay of a stored one.
pub(super) fn replay_headers() -> [(String, RefOr<Header>); 2] {
    let replayed = "`true` if this is the stored response of an earlier request with the same key";
    let age = "Seconds since a replayed response was created";
    [
        ("Idempotency-Replayed".to_owned(), response_header(Type::Boolean, replayed)),
        ("Age".to_owned(), response_header(Type::Integer, age)),
    ]
}
