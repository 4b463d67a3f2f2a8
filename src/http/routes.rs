//! Routes: the endpoints of the API, its OpenAPI document, and the pages.

use super::endpoint::register;
use super::pages::CompressedPages;
use super::{endpoints, openapi};
use actix_web::web;
use utoipa_swagger_ui::SwaggerUi;

/// Registers all endpoints and the pages.
pub fn routes(app: &mut web::ServiceConfig, pages: &CompressedPages) {
    let mut endpoints = endpoints::all();
    endpoints.push(openapi::endpoint());
    endpoints.extend(pages.endpoints());
    register(app, endpoints);
    if pages.has_docs() {
        // Relative, for a path prefix that a proxy removes. The page itself is ours, its script is Swagger UI's.
        app.service(web::redirect("/docs", "docs/")).service(SwaggerUi::new("/docs/{_:.*}"));
    }
}
