//! Request id: in the response, in every log line of the request, and in its error.

use crate::flows::Service;
use crate::http::client::Proxies;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};
use tracing::Instrument;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Id of the request, in its extensions.
pub(super) struct RequestId(pub String);

/// Middleware that sets the id.
pub async fn request_id<B: MessageBody + 'static>(
    service: web::Data<Service>,
    proxies: web::Data<Proxies>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let id = choose(&service, &proxies, &request);
    let header = HeaderValue::from_str(&id);
    let span = tracing::info_span!("request", id = %id);
    request.extensions_mut().insert(RequestId(id));
    // Handlers and extractors turn their errors into responses; nothing else fails there.
    let mut response = next.call(request).instrument(span).await?;
    if let Ok(header) = header {
        response.headers_mut().insert(REQUEST_ID, header);
    }
    Ok(response)
}

/// Returns the id that a trusted proxy has set, or a new one.
fn choose(service: &Service, proxies: &Proxies, request: &ServiceRequest) -> String {
    let given = request.headers().get(REQUEST_ID).filter(|_| proxies.trusts_peer(request));
    let given = given.and_then(|value| value.to_str().ok()).filter(|id| {
        (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    });
    given.map_or_else(|| service.new_id().to_string(), str::to_owned)
}
