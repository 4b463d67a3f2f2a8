//! Socket with the timeouts of its connection.

use super::cap::Place;
use super::connection::Connection;
use std::future::Future;
use std::io::{self, ErrorKind};
use std::mem;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// Maximum number of bytes that are read at once and that the HTTP library does not get yet.
const PART: usize = 2_048;

/// Socket that fails when its connection has reached a timeout, and that gives the HTTP library one request at a time.
///
/// The library parses all heads that it gets, and each becomes a request of about 2 kB: 128 KiB of short heads would
/// become 12 MB. So it gets bytes up to the end of one head, and then nothing until that request ends, except its
/// declared body, and a chunked body while a handler reads it. It gets nothing while the client does not read.
pub struct Guarded<S> {
    stream: S,
    connection: Rc<Connection>,
    /// Wakes the task at or before the deadline of the connection. The deadline moves with each request; the timer is
    /// set again only when it has fired, or when the deadline is earlier.
    timer: Pin<Box<Sleep>>,
    /// Bytes that are read, and that the library does not get yet.
    ahead: Vec<u8>,
    heads: Heads,
    /// The library has got the end of a head. It must parse it before it gets more.
    parse_first: bool,
    _place: Place,
}

/// Finds the ends of heads: an empty line, after CRLF or, as the library accepts it, LF. A body may contain such lines
/// too; then the library parses its part early, which is harmless.
#[derive(Default)]
struct Heads {
    /// The last line has ended, and nothing but CR has followed.
    at_line_start: bool,
}

impl Heads {
    /// Returns the number of bytes up to the end of a head, or of all bytes, and whether a head ends there.
    fn split(&mut self, bytes: &[u8]) -> (usize, bool) {
        for (at, byte) in bytes.iter().enumerate() {
            match byte {
                b'\n' if self.at_line_start => return (at + 1, true),
                b'\n' => self.at_line_start = true,
                b'\r' => {}
                _ => self.at_line_start = false,
            }
        }
        (bytes.len(), false)
    }
}

impl<S> Guarded<S> {
    /// Closes the connection when no request was active for `idle_timeout`.
    pub fn new(stream: S, place: Place, idle_timeout: Duration) -> Self {
        let connection = Rc::new(Connection::new(idle_timeout));
        let timer = Box::pin(sleep_until(connection.deadline()));
        Self {
            stream,
            connection,
            timer,
            ahead: Vec::new(),
            heads: Heads::default(),
            parse_first: false,
            _place: place,
        }
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
    /// Gives the library the next part, if it may have one. Notices meanwhile that the client disconnects, unless the
    /// client has sent further requests.
    fn read_part(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if mem::take(&mut self.parse_first) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let readable = self.connection.readable(context.waker());
        if self.ahead.is_empty() {
            let mut part = [0; PART];
            let mut part = ReadBuf::new(&mut part);
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut part))?;
            if part.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            self.ahead = part.filled().to_vec();
        }
        let most = self.ahead.len().min(buffer.remaining()).min(readable);
        if most == 0 {
            return Poll::Pending;
        }
        let (count, is_head) = self.heads.split(&self.ahead[..most]);
        buffer.put_slice(&self.ahead[..count]);
        // An idle connection keeps no memory for it.
        self.ahead = self.ahead.split_off(count);
        self.parse_first = is_head;
        self.connection.received(count);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let read = if this.connection.is_blocked() {
            // The end of the block wakes this task.
            Poll::Pending
        } else {
            this.read_part(context, buffer)
        };
        if read.is_pending() {
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
        (guarded(server), client)
    }

    fn guarded(stream: DuplexStream) -> Guarded<DuplexStream> {
        let connections = Arc::new(Connections::new(1, 1, Proxies::default(), Nat64::default()));
        let place = connections.admit(IpAddr::from(Ipv4Addr::LOCALHOST));
        Guarded::new(stream, place.unwrap(), IDLE)
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
            let request = server.connection().begin(Some(8));
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
    async fn during_a_request_only_its_body_is_read() {
        let (mut server, mut client) = connection();
        let (mut received, request) = ([0; 8], server.connection().begin(Some(3)));
        client.write_all(b"bodyhead").await.unwrap();
        assert_eq!(server.read(&mut received).await.unwrap(), 3);
        assert!(timeout(IDLE, server.read_u8()).await.is_err(), "the next head is read");
        drop(request);
        assert_eq!(server.read(&mut received).await.unwrap(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_in_chunks_is_read_by_its_handler_only() {
        let (mut server, mut client) = connection();
        let request = server.connection().begin(None);
        client.write_all(b"body").await.unwrap();
        assert!(timeout(IDLE, server.read_u8()).await.is_err(), "nobody reads the body");
        let (mut received, shared) = ([0; 8], server.connection());
        let reading = async {
            tokio::task::yield_now().await;
            let body = shared.read_body();
            tokio::task::yield_now().await;
            drop(body);
        };
        let (count, ()) = tokio::join!(server.read(&mut received), reading);
        assert_eq!(count.unwrap(), 4);
        client.write_all(b"head").await.unwrap();
        assert!(timeout(IDLE, server.read_u8()).await.is_err(), "the next head is read");
        drop(request);
        assert_eq!(server.read(&mut received).await.unwrap(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_disconnects_during_a_request_is_noticed() {
        let (mut server, client) = connection();
        let _request = server.connection().begin(Some(0));
        drop(client);
        let read = timeout(IDLE, server.read(&mut [0; 8])).await;
        assert_eq!(read.unwrap().unwrap(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn each_head_is_parsed_before_the_next_one_is_read() {
        let (server, mut client) = duplex(64);
        let (mut server, mut received) = (guarded(server), [0; 64]);
        for heads in [["a\r\nb\r\n\r\n", "c\r\n\r\n"], ["a\n\n", "b\n\r\n"]] {
            client.write_all(heads.concat().as_bytes()).await.unwrap();
            for head in heads {
                let count = server.read(&mut received).await.unwrap();
                assert_eq!(&received[..count], head.as_bytes());
                let mut next = [0; 1];
                let parsed = poll_fn(|context| {
                    let read = Pin::new(&mut server).poll_read(context, &mut ReadBuf::new(&mut next));
                    Poll::Ready(read.is_pending())
                });
                assert!(parsed.await, "the library has no turn");
            }
        }
        assert!(server.ahead.is_empty());
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
