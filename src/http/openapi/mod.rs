//! OpenAPI 3.1 document, generated from the endpoints and the error table.

mod examples;
mod operation;
mod parameters;
mod problems;
mod projection;
mod schemas;

use super::contract::{Contract, Output};
use super::endpoint::{Endpoint, get};
use super::endpoints;
use super::error::Problem;
use super::served::{Headers, Served};
use actix_web::body::BoxBody;
use actix_web::{HttpRequest, HttpResponse, Responder};
pub(super) use problems::example_problem;
use std::sync::LazyLock;
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    Components, ContactBuilder, Info, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Paths, Server,
};

/// Tags, in the order of the document: the first parts of the operation ids.
const TAGS: [(&str, &str); 16] = [
    ("captchas", "Image and audio captchas"),
    ("register", "Sign-up in four steps"),
    ("login", "Sign-in with the password or with a code"),
    ("tokens", "Refresh-token rotation"),
    ("sessions", "Devices on which the user is signed in"),
    ("me", "Account of the signed-in user"),
    ("phoneChange", "Phone number change of the signed-in user"),
    ("phoneConfirmation", "Proof of the signed-in user that the number is still theirs"),
    ("firstPassword", "Code for the first password of a signed-in user without one"),
    ("deletion", "Code that replaces the password when a signed-in user deletes the account"),
    ("pending", "Held acts, which wait for a decision of the signed-in user"),
    ("passwordReset", "Password reset with a code"),
    ("reclaim", "Return of a detached account to its owner, with a new number"),
    ("accountDeletion", "Account deletion without the app, with a code"),
    ("keys", "Public keys of the access tokens"),
    ("health", "Probes for load balancers and orchestrators"),
];

/// The document in the form that the service publishes.
static SERVED: LazyLock<Option<Served>> =
    LazyLock::new(|| document().to_json().ok().and_then(|text| Served::new(text, HEADERS).ok()));

const HEADERS: Headers =
    &[("content-type", "application/json"), ("cache-control", "public, max-age=300"), ("vary", "Accept-Encoding")];

/// Makes and compresses the document before the first request does.
pub fn warm_up() {
    LazyLock::force(&SERVED);
}

/// The document, as the repository has it. The service publishes the same without indentation.
pub static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
    let mut text = document().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
});

/// The view of the document for generators of client code.
pub static SDK_DOCUMENT: LazyLock<String> = LazyLock::new(|| {
    let document = serde_json::from_str(&DOCUMENT).unwrap_or_default();
    format!("{:#}\n", projection::for_sdk(&document))
});

/// Row of the document itself, which does not contain it.
pub(super) fn endpoint() -> Endpoint {
    get("/openapi.json", serve)
}

async fn serve() -> Result<ServedDocument, Problem> {
    SERVED.as_ref().map(ServedDocument).ok_or_else(|| Problem::internal("the document was not made at the start"))
}

struct ServedDocument(&'static Served);

impl Responder for ServedDocument {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        self.0.response(request.headers())
    }
}

impl Output for ServedDocument {
    fn describe(_: &mut Contract) {}
}

fn document() -> OpenApi {
    let (mut components, mut paths) = (Components::new(), Paths::new());
    operation::add_security_scheme(&mut components);
    parameters::add(&mut components);
    problems::add_schema(&mut components);
    let mut all = endpoints::all();
    // The order of the tags is the order of the flow. Rows of one tag can come from two files.
    all.sort_by_key(|endpoint| TAGS.iter().position(|(tag, _)| *tag == endpoint.tag()));
    let bodies = operation::add_schemas(&all, &mut components);
    schemas::apply(&mut components, &bodies);
    for endpoint in &all {
        let (method, operation) = operation::describe(endpoint, &mut components);
        paths.add_path_operation(endpoint.path, vec![method], operation);
    }
    let tags = TAGS.map(|(name, description)| TagBuilder::new().name(name).description(Some(description)).build());
    OpenApiBuilder::new()
        .info(info())
        .paths(paths)
        .components(Some(components))
        .servers(Some([Server::new("/")]))
        .tags(Some(tags))
        .build()
}

fn info() -> Info {
    let license = env!("CARGO_PKG_LICENSE");
    InfoBuilder::new()
        .title("doorstep")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Phone-number accounts for mobile apps: sign-up with captcha, SMS code, password and profile; sign-in, \
             tokens and sessions; profile, password reset, phone number change and account deletion.",
        ))
        .contact(Some(ContactBuilder::new().name(Some("doorstep developers")).build()))
        .license(Some(LicenseBuilder::new().name(license).identifier(Some(license)).build()))
        .build()
}
