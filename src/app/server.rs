//! HTTP server: binds the port and serves the routes on guarded connections.

use super::port::Port;
use crate::config::ServerSettings;
use crate::flows::Service;
use crate::http::middleware::{access_log, admission, cors, drain as drain_connections, problem_json, request_id};
use crate::http::transport::{Connections, Drain, Guarded};
use crate::http::{self, CompressedPages, client::Proxies};
use actix_http::error::DispatchError;
use actix_http::{HttpService, Protocol};
use actix_server::{Server, ServerBuilder};
use actix_service::{IntoServiceFactory, ServiceFactoryExt, boxed, fn_service, map_config};
use actix_web::dev::AppConfig;
use actix_web::middleware::from_fn;
use actix_web::web;
use std::future::ready;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};

/// Timeout of the first head on a connection. A head that takes longer is an attack.
const FIRST_HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Time by which a connection without a request in progress may exceed the timeout of an idle one. The library does not
/// watch a connection that has sent half a head behind a complete request.
const QUIET_MARGIN: Duration = Duration::from_secs(10);
/// Time for the client to close its side after an error response: the default of actix-web.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Send buffer of a connection in the kernel, which doubles it. It holds the largest response of an app, an audio
/// captcha (175 kB). The kernel would let it grow to 4 MB for a client that does not read.
const SEND_BUFFER: u32 = 128 * 1_024;
/// Number of connections that the kernel has accepted and the service has not: the default of actix-web.
const BACKLOG: u32 = 1_024;

/// Server that is bound to its port.
pub(super) struct HttpServer {
    pub address: SocketAddr,
    pub server: Server,
    pub port: Port,
}

/// Binds the port, with at most `max_connections` connections. Must run on the runtime that serves.
pub(super) fn bind(
    settings: &ServerSettings,
    service: &Service,
    pages: CompressedPages,
    max_connections: usize,
) -> io::Result<HttpServer> {
    let failed = |error: io::Error| io::Error::new(error.kind(), format!("BIND {}: {error}", settings.bind));
    let listener = listen(settings.bind).map_err(failed)?;
    let address = listener.local_addr()?;
    let builder =
        ServerBuilder::new().workers(settings.workers).disable_signals().shutdown_timeout(settings.shutdown.as_secs());
    let drain = Drain::default();
    let proxies = Proxies::new(settings.trusted_proxies.clone());
    let (per_peer, nat64) = (settings.max_connections_per_peer, service.policy().nat64.clone());
    let connections = Arc::new(Connections::new(max_connections, per_peer, proxies.clone(), nat64));
    let (service, proxies) = (web::Data::new(service.clone()), web::Data::new(proxies));
    let (allowed, keep_alive) = (settings.cors.clone(), settings.keep_alive);
    let state = drain.clone();
    let serve = move || {
        let app = actix_web::App::new()
            .app_data(service.clone())
            .app_data(proxies.clone())
            // The last wrapper is the outermost.
            .wrap(from_fn(admission))
            .wrap(from_fn(problem_json))
            .wrap(from_fn(access_log))
            .wrap(from_fn(request_id))
            .wrap(cors(&allowed))
            .wrap(from_fn(drain_connections))
            .configure(|routes| http::routes(routes, &pages));
        let app = app.into_factory().map_err(|error: actix_web::Error| error.error_response());
        let http = HttpService::build()
            .keep_alive(keep_alive)
            .client_request_timeout(FIRST_HEAD_TIMEOUT)
            .client_disconnect_timeout(DISCONNECT_TIMEOUT)
            .on_connect_ext(|stream: &Guarded<TcpStream>, data| drop(data.insert(stream.connection())))
            .finish(map_config(app, |()| AppConfig::default()));
        let (connections, drain) = (Arc::clone(&connections), state.clone());
        let guard = move |stream| guard(&connections, stream, keep_alive + QUIET_MARGIN, &drain);
        fn_service(move |stream| ready(guard(stream).map_err(DispatchError::Io))).and_then(http)
    };
    let port = Port::new(&listener, boxed::factory(serve()), drain)?;
    Ok(HttpServer { address, server: builder.listen("http", listener, serve)?.run(), port })
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    // Otherwise the port is not available for a minute after a restart.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

/// Counts a new connection and sets its timeouts, or closes it.
fn guard(
    connections: &Arc<Connections>,
    stream: TcpStream,
    idle_timeout: Duration,
    drain: &Drain,
) -> io::Result<(Guarded<TcpStream>, Protocol, Option<SocketAddr>)> {
    let peer = stream.peer_addr()?;
    let place = connections.admit(peer.ip()).ok_or(ErrorKind::ConnectionRefused)?;
    Ok((Guarded::new(stream, place, idle_timeout, drain), Protocol::Http1, Some(peer)))
}
