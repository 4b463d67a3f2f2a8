//! Socket with the timeouts of its connection.

use super::cap::Place;
use super::connection::Connection;
use super::drain::{Closing, Drain};
use std::future::Future;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// Maximum number of bytes that the HTTP library reads before it parses them. Most requests of an app are smaller.
const PART: usize = 2 * 1_024;

/// Socket that fails when its connection has reached a timeout, and that reads nothing while the client does not read.
///
/// The library reads until the socket is empty, at most 128 KiB, and makes a request of about 2 kB from each head: 12
/// MB of short heads. So it must parse after each part. It then stops at 16 waiting requests.
pub struct Guarded<S> {
    stream: S,
    connection: Rc<Connection>,
    /// Wakes the task at or before the deadline of the connection. The deadline moves with each request; the timer is
    /// set again only when it has fired, or when the deadline is earlier.
    timer: Pin<Box<Sleep>>,
    /// Number of bytes that the library has read and not parsed.
    unparsed: usize,
    closing: Closing,
    _place: Place,
}

impl<S> Guarded<S> {
    /// Closes the connection when no request was active for `idle_timeout`, or as `drain` says.
    pub fn new(stream: S, place: Place, idle_timeout: Duration, drain: &Drain) -> Self {
        let connection = Rc::new(Connection::new(idle_timeout, drain.clone()));
        let timer = Box::pin(sleep_until(connection.deadline()));
        Self { stream, connection, timer, unparsed: 0, closing: drain.closing(), _place: place }
    }

    /// State for the middleware.
    pub fn connection(&self) -> Rc<Connection> {
        Rc::clone(&self.connection)
    }

    /// Fails after the deadline; otherwise the task is woken at the deadline.
    fn check_deadline(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        loop {
            let deadline = self.connection.deadline();
            if self.timer.deadline() > deadline {
                self.timer.as_mut().reset(deadline);
            }
            if self.timer.as_mut().poll(context).is_pending() {
                return Ok(());
            }
            if deadline <= Instant::now() {
                return Err(io::Error::new(ErrorKind::TimedOut, "the client has reached a timeout"));
            }
            self.timer.as_mut().reset(deadline);
        }
    }
}

impl<S: AsyncRead + Unpin> Guarded<S> {
    /// Reads what the library may have before it parses.
    fn read_part(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut part = [0; PART];
        let most = buffer.remaining().min(PART - self.unparsed);
        let mut part = ReadBuf::new(&mut part[..most]);
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut part))?;
        buffer.put_slice(part.filled());
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let filled = buffer.filled().len();
        let read = if this.connection.is_blocked() {
            // The end of the block wakes this task.
            Poll::Pending
        } else if this.unparsed >= PART {
            context.waker().wake_by_ref();
            Poll::Pending
        } else {
            this.read_part(context, buffer)
        };
        let count = buffer.filled().len() - filled;
        if count > 0 {
            this.connection.received();
        }
        this.unparsed += count;
        if read.is_pending() {
            // The library parses when there is nothing to read.
            this.unparsed = 0;
            // Nothing has arrived, so no request is lost. The library closes a connection that has ended.
            if this.closing.has_begun(context) && this.connection.is_idle() {
                return Poll::Ready(Ok(()));
            }
            this.check_deadline(context)?;
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(context, bytes);
        let all = matches!(written, Poll::Ready(Ok(count)) if count == bytes.len());
        // A partial write is followed by a pending one. A failed write ends the connection.
        if written.is_pending() || all {
            let unblocked = this.connection.set_blocked(written.is_pending());
            if unblocked {
                context.waker().wake_by_ref();
            }
        }
        if written.is_pending() {
            this.check_deadline(context)?;
        }
        written
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::super::cap::Connections;
    use super::super::connection::{HEAD_TIMEOUT, SEND_TIMEOUT};
    use super::*;
    use crate::domain::ip_block::Nat64;
    use crate::http::client::Proxies;
    use std::future::poll_fn;
    use std::net::{IpAddr, Ipv4Addr};
    use std::sync::Arc;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::time::timeout;

    const IDLE: Duration = Duration::from_secs(85);

    /// Server side and client side of a connection that holds 8 unread bytes.
    fn connection() -> (Guarded<DuplexStream>, DuplexStream) {
        let (server, client) = duplex(8);
        (guarded(server, &Drain::default()), client)
    }

    fn guarded(stream: DuplexStream, drain: &Drain) -> Guarded<DuplexStream> {
        let connections = Arc::new(Connections::new(1, 1, Proxies::default(), Nat64::default()));
        let place = connections.admit(IpAddr::from(Ipv4Addr::LOCALHOST));
        Guarded::new(stream, place.unwrap(), IDLE, drain)
    }

    /// A request that has arrived before the end of idle connections is served, also if the server has not read it.
    #[tokio::test(start_paused = true)]
    async fn the_closing_ends_an_idle_connection_without_loss() {
        let (drain, (server, mut client)) = (Drain::default(), duplex(8));
        let mut server = guarded(server, &drain);
        let ended = timeout(IDLE / 2, server.read_u8()).await;
        assert!(ended.is_err(), "the server serves: {ended:?}");
        client.write_all(b"head").await.unwrap();
        drain.close_idle();
        server.read_exact(&mut [0; 4]).await.unwrap();
        let waits = timeout(HEAD_TIMEOUT / 2, server.read_u8()).await;
        assert!(waits.is_err(), "the head is not complete: {waits:?}");
        let request = server.connection().begin();
        let waits = timeout(HEAD_TIMEOUT, server.read_u8()).await;
        assert!(waits.is_err(), "its body comes: {waits:?}");
        drop(request);
        let ended = timeout(HEAD_TIMEOUT, server.read_u8()).await.unwrap();
        assert_eq!(ended.unwrap_err().kind(), ErrorKind::UnexpectedEof);
    }

    #[tokio::test(start_paused = true)]
    async fn the_beginning_of_the_closing_wakes_an_idle_connection() {
        let (drain, (server, _client)) = (Drain::default(), duplex(8));
        let mut server = guarded(server, &drain);
        let close = async {
            tokio::task::yield_now().await;
            drain.close_idle();
        };
        let (ended, ()) = tokio::join!(timeout(IDLE / 2, server.read_u8()), close);
        assert_eq!(ended.unwrap().unwrap_err().kind(), ErrorKind::UnexpectedEof);
    }

    /// Reads on and returns the time until the connection fails.
    async fn time_to_failure(server: &mut Guarded<DuplexStream>) -> Duration {
        let started = Instant::now();
        let failed = loop {
            if let Err(error) = server.read_u8().await {
                break error;
            }
        };
        assert_eq!(failed.kind(), ErrorKind::TimedOut);
        started.elapsed()
    }

    fn assert_about(time: Duration, expected: Duration) {
        assert!(time >= expected && time < expected + Duration::from_millis(10), "{time:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_without_a_request_fails() {
        let (mut server, _client) = connection();
        assert_about(time_to_failure(&mut server).await, IDLE);
    }

    #[tokio::test(start_paused = true)]
    async fn every_head_has_a_timeout_from_its_first_byte() {
        let (mut server, mut client) = connection();
        for _ in 0..3 {
            client.write_all(b"head").await.unwrap();
            server.read_exact(&mut [0; 4]).await.unwrap();
            let request = server.connection().begin();
            // The body of a request has its own timeout.
            let body = timeout(HEAD_TIMEOUT * 2, server.read_u8()).await;
            assert!(body.is_err(), "{body:?}");
            drop(request);
            let idle = timeout(HEAD_TIMEOUT * 2, server.read_u8()).await;
            assert!(idle.is_err(), "an idle connection has more time: {idle:?}");
        }
        client.write_all(b"h").await.unwrap();
        tokio::spawn(async move {
            // Further bytes do not extend the time.
            tokio::time::sleep(HEAD_TIMEOUT / 2).await;
            client.write_all(b"ead").await.unwrap();
            std::future::pending::<()>().await;
        });
        assert_about(time_to_failure(&mut server).await, HEAD_TIMEOUT);
    }

    #[tokio::test(start_paused = true)]
    async fn the_library_parses_after_each_part() {
        let (server, mut client) = duplex(4 * PART);
        let (mut server, mut received) = (guarded(server, &Drain::default()), [0; PART]);
        client.write_all(&[0; 2 * PART]).await.unwrap();
        for _ in 0..2 {
            server.read_exact(&mut received).await.unwrap();
            let mut next = [0; 1];
            let read = poll_fn(|context| {
                let read = Pin::new(&mut server).poll_read(context, &mut ReadBuf::new(&mut next));
                Poll::Ready(read.is_pending())
            });
            assert!(read.await, "the library has no turn");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_disconnects_during_a_request_is_noticed() {
        let (mut server, client) = connection();
        let _request = server.connection().begin();
        drop(client);
        let read = timeout(IDLE, server.read(&mut [0; 8])).await;
        assert_eq!(read.unwrap().unwrap(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_response_that_is_not_read_fails_and_no_request_is_read_meanwhile() {
        let (mut server, mut client) = connection();
        client.write_all(b"request").await.unwrap();
        let shared = server.connection();
        let started = Instant::now();
        let failed = server.write_all(b"longer than eight bytes").await.unwrap_err();
        assert_eq!(failed.kind(), ErrorKind::TimedOut);
        assert_about(started.elapsed(), SEND_TIMEOUT);
        assert!(timeout(IDLE, shared.writable()).await.is_err(), "a request starts behind the response");
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_starts_when_the_response_before_it_is_read() {
        let (mut server, mut client) = connection();
        let shared = server.connection();
        let serve = async {
            server.write_all(b"longer than eight bytes").await.unwrap();
            server.read_u8().await.unwrap()
        };
        let use_it = async {
            tokio::task::yield_now().await;
            assert!(shared.is_blocked());
            client.write_all(b"r").await.unwrap();
            let mut response = [0; 23];
            let (_, read) = tokio::join!(shared.writable(), client.read_exact(&mut response));
            read.unwrap();
        };
        let (byte, ()) = tokio::join!(serve, use_it);
        assert_eq!(byte, b'r');
    }
}
