//! End of new connections without a lost request.

use crate::http::transport::Drain;
use actix_http::error::DispatchError;
use actix_service::boxed::BoxServiceFactory;
use actix_service::{Service, ServiceFactory};
use actix_web::dev::ServerHandle;
use std::io::{self, ErrorKind};
use std::net::TcpListener;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

/// Service of one connection.
pub(super) type Connection = BoxServiceFactory<(), TcpStream, (), DispatchError, ()>;

/// Time for the server's threads to take over the connections that are on their way to them. It takes microseconds,
/// unless the machine is overloaded.
const SETTLE: Duration = Duration::from_millis(100);
/// Time between two looks for new connections.
const POLL_INTERVAL: Duration = Duration::from_millis(1);

/// Second handle on the port of the server.
///
/// The kernel completes a connection before the server accepts it. When the port closes, the kernel resets those that
/// nobody has accepted, and a proxy that has sent a POST on one of them must not send it again. So this handle outlives
/// the server's: it accepts everything, and closes the port when nothing is left.
pub(super) struct Port {
    listener: TcpListener,
    connection: Connection,
    drain: Drain,
}

impl Port {
    pub(super) fn new(listener: &TcpListener, connection: Connection, drain: Drain) -> io::Result<Self> {
        Ok(Self { listener: listener.try_clone()?, connection, drain })
    }

    /// Closes each connection after its next response from now on.
    pub(super) fn start_draining(&self) {
        self.drain.start();
    }

    /// Closes the port and the idle connections, and stops the server.
    pub(super) fn close_at_once(self, server: &ServerHandle) {
        self.drain.close_idle();
        // `stop` sends its command at once.
        drop(server.stop(true));
    }

    /// Closes the port, then the idle connections, and stops the server. Completes the last requests within `limit`.
    pub(super) async fn close(self, server: &ServerHandle, limit: Duration) {
        let Ok(connection) = self.connection.new_service(()).await else { return self.close_at_once(server) };
        let mut open = JoinSet::new();
        let mut serve = |stream| drop(open.spawn_local(connection.call(stream)));
        server.pause().await;
        self.accept_until(Instant::now() + SETTLE, &mut serve).await;
        drop(server.stop(true));
        self.accept_until(Instant::now() + SETTLE, &mut serve).await;
        // There is no await between the last look and the close.
        self.accept_waiting(&mut serve);
        drop(self.listener);
        // The requests of the last connections arrive.
        sleep(SETTLE).await;
        self.drain.close_idle();
        // A connection whose task panicked has ended, too.
        drop(timeout(limit, async { while open.join_next().await.is_some() {} }).await);
    }

    async fn accept_until(&self, end: Instant, serve: &mut impl FnMut(TcpStream)) {
        while Instant::now() < end {
            self.accept_waiting(serve);
            sleep(POLL_INTERVAL).await;
        }
    }

    /// Accepts the connections that the kernel has completed.
    fn accept_waiting(&self, serve: &mut impl FnMut(TcpStream)) {
        loop {
            let accepted = self.listener.accept().and_then(|(stream, _)| {
                stream.set_nonblocking(true)?;
                TcpStream::from_std(stream)
            });
            match accepted {
                Ok(stream) => serve(stream),
                // The client has closed the connection.
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
                Err(_) => return,
            }
        }
    }
}
