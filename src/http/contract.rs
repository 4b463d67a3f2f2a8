//! Contract of an endpoint: what the types of its handler say about requests and responses.
//!
//! Routing and the OpenAPI document read it, so a handler with a [`Bearer`](super::extract::Bearer) parameter cannot be
//! routed or documented as public.

use actix_web::web;
use actix_web::{FromRequest, HttpRequest, Responder};
use utoipa::ToSchema;
use utoipa::openapi::{Components, Ref};

/// Adds the schema of a type, and the schemas that it contains, to the document. Returns the reference to it.
pub(super) type Schema = fn(&mut Components) -> Ref;

/// Properties of an endpoint that the types of its handler state.
#[derive(Default)]
pub(super) struct Contract {
    /// The request needs an access token.
    pub bearer: bool,
    /// The request can have a `DPoP` proof.
    pub proof: bool,
    pub body: Option<Body>,
    pub path_parameter: Option<PathParameter>,
    pub success: Success,
    /// The handler can return a problem.
    pub fallible: bool,
}

/// JSON body of a request.
pub(super) struct Body {
    pub schema: Schema,
    pub required: bool,
}

/// Part of the path, a UUID.
pub(super) struct PathParameter {
    pub name: &'static str,
    pub description: &'static str,
}

/// Response to a request that succeeds.
#[derive(Default)]
pub(super) struct Success {
    pub status: u16,
    /// Media types, each with its schema; text without one.
    pub content: Vec<(&'static str, Option<Schema>)>,
    pub headers: &'static [(&'static str, HeaderType, &'static str)],
}

/// Type of a header's value.
#[derive(Clone, Copy)]
pub(super) enum HeaderType {
    Text,
    Number,
}

/// Parameter of a handler.
pub(super) trait Input: FromRequest {
    fn describe(_: &mut Contract) {}
}

/// All parameters of a handler.
pub(super) trait Inputs: FromRequest + 'static {
    fn describe(contract: &mut Contract);
}

/// Return value of a handler.
pub(super) trait Output: Responder + 'static {
    fn describe(contract: &mut Contract);
}

/// See [`Schema`]. A schema that is there stays as it is.
pub(super) fn schema<T: ToSchema>(components: &mut Components) -> Ref {
    let mut schemas = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut schemas);
    for (name, schema) in schemas {
        components.schemas.entry(name).or_insert(schema);
    }
    Ref::from_schema_name(T::name())
}

impl<T: 'static> Input for web::Data<T> {}

impl Input for HttpRequest {}

impl<T: Output, E: Into<actix_web::Error> + 'static> Output for Result<T, E> {
    fn describe(contract: &mut Contract) {
        contract.fallible = true;
        T::describe(contract);
    }
}

impl Inputs for () {
    fn describe(_: &mut Contract) {}
}

macro_rules! impl_inputs {
    ($($input:ident)*) => {
        impl<$($input: Input + 'static),*> Inputs for ($($input,)*)
        where
            Self: FromRequest,
        {
            fn describe(contract: &mut Contract) {
                $($input::describe(contract);)*
            }
        }
    };
}

impl_inputs!(A);
impl_inputs!(A B);
impl_inputs!(A B C);
impl_inputs!(A B C D);
