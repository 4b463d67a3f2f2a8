//! Endpoints that exist only where passwords are accepted.

use super::error::{Code, Problem};
use crate::flows::Service;
use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, ResponseError, web};

/// Middleware around the route of an endpoint for passwords. It runs before everything else: where passwords are
/// disabled, no body is read and nothing is counted.
pub(super) async fn check_passwords(request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse, Error> {
    let service = request.app_data::<web::Data<Service>>();
    if service.is_some_and(|service| service.policy().passwords.accepts_passwords()) {
        return next.call(request).await;
    }
    Ok(request.into_response(Problem::new(Code::PasswordsDisabled).error_response()))
}
