//! Routes: the endpoints of the API, and its OpenAPI document.

use super::endpoint::register;
use super::{endpoints, openapi};
use actix_web::web;
use utoipa_swagger_ui::{Config, SwaggerUi};

/// Registers all endpoints, and the viewer of the OpenAPI document if `docs` is set.
pub fn routes(app: &mut web::ServiceConfig, docs: bool) {
    let mut endpoints = endpoints::all();
    endpoints.push(openapi::endpoint());
    register(app, endpoints);
    if docs {
        let viewer = SwaggerUi::new("/docs/{_:.*}").config(Config::from("/openapi.json").try_it_out_enabled(true));
        app.service(web::redirect("/docs", "/docs/")).service(viewer);
    }
}
