//! Admission: waits until the client has read the responses before, and gives each client its share of the service.

use crate::flows::{Service, fairness};
use crate::http::client::Proxies;
use crate::http::transport::Connection;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, web};
use std::rc::Rc;

/// Middleware that counts a request of its connection and of its client.
pub async fn admission<B: MessageBody + 'static>(
    service: web::Data<Service>,
    proxies: web::Data<Proxies>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let client = proxies.client(&request);
    let connection = request.conn_data::<Rc<Connection>>().cloned();
    let _active = connection.as_ref().map(Connection::begin);
    if let Some(connection) = &connection {
        connection.writable().await;
    }
    fairness::for_client(client, &service.policy().nat64, next.call(request)).await
}
