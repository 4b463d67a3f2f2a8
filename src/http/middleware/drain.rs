//! Drain before the shutdown: each response closes its connection.

use crate::http::transport::Connection;
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::middleware::Next;
use std::rc::Rc;

/// Middleware that sets `Connection: close` while the server drains. A proxy keeps idle connections for its next
/// requests; after this response it cannot use this one at the moment at which the server closes it.
pub async fn drain<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let connection = request.conn_data::<Rc<Connection>>().cloned();
    let mut response = next.call(request).await?;
    if connection.is_some_and(|connection| connection.is_draining()) {
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    Ok(response)
}
