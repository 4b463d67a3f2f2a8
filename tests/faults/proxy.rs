//! TCP proxy between the service and a server. It injects the faults of a network.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch::{Receiver, Sender, channel};
use tokio::time::{Instant, sleep, sleep_until};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Pass,
    /// All connections are reset, and new ones too.
    Refuse,
    /// Every tenth response is cut off, and its connection is reset.
    Cut,
    /// Bytes disappear in both directions. A connection that lost bytes stays half open until a side closes it.
    Vanish,
    /// Bytes arrive later.
    Delay(Duration),
    /// Bytes for each second, in each direction of each connection.
    Trickle(u32),
    /// PostgreSQL: every second COMMIT is executed, but its response is lost and the connection is reset.
    LoseCommits,
}

/// Proxy on a port of its own. It stops with its runtime.
pub struct Proxy {
    pub port: u16,
    mode: Sender<Mode>,
}

/// State of one connection.
struct Link {
    mode: Receiver<Mode>,
    has_lost_bytes: AtomicBool,
    /// The next response is lost.
    is_doomed: AtomicBool,
    /// Chunks of all connections that a fault has looked at.
    chunks: Arc<AtomicUsize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    ToServer,
    ToClient,
}

type Chunk = (Instant, Vec<u8>);

impl Proxy {
    pub fn start(runtime: &Handle, server_port: u16) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (mode, receiver) = channel(Mode::Pass);
        runtime.spawn(serve(listener, ([127, 0, 0, 1], server_port).into(), receiver));
        Self { port, mode }
    }

    pub fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }
}

async fn serve(listener: std::net::TcpListener, server: SocketAddr, mode: Receiver<Mode>) {
    let listener = TcpListener::from_std(listener).unwrap();
    let chunks = Arc::default();
    loop {
        if let Ok((client, _)) = listener.accept().await {
            let link = Link {
                mode: mode.clone(),
                has_lost_bytes: AtomicBool::new(false),
                is_doomed: AtomicBool::new(false),
                chunks: Arc::clone(&chunks),
            };
            tokio::spawn(relay(client, server, link));
        }
    }
}

/// Relays the bytes of one connection until both sides have closed it, or until a fault resets it.
async fn relay(mut client: TcpStream, server: SocketAddr, link: Link) {
    let mut mode = link.mode.clone();
    let Ok(mut server) = TcpStream::connect(server).await else { return reset(&client) };
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let relayed = tokio::select! {
        relayed = async { tokio::try_join!(
            pump(from_client, to_server, &link, Direction::ToServer),
            pump(from_server, to_client, &link, Direction::ToClient),
        ) } => relayed.map(|_| ()),
        _ = mode.wait_for(|mode| *mode == Mode::Refuse) => Err(io::ErrorKind::ConnectionReset.into()),
    };
    if relayed.is_err() {
        reset(&client);
        reset(&server);
    }
}

/// Makes the end of this connection a reset.
fn reset(socket: &TcpStream) {
    socket.set_zero_linger().ok();
}

async fn pump(from: ReadHalf<'_>, to: WriteHalf<'_>, link: &Link, direction: Direction) -> io::Result<()> {
    let (queue, chunks) = unbounded_channel();
    tokio::try_join!(read(from, queue, link, direction), write(to, chunks, link)).map(|_| ())
}

async fn read(
    mut from: ReadHalf<'_>,
    queue: UnboundedSender<Chunk>,
    link: &Link,
    direction: Direction,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let length = from.read(&mut buffer).await?;
        if length == 0 {
            return link.end().await;
        }
        if let Some(delay) = link.pass(&buffer[..length], direction)? {
            queue.send((Instant::now() + delay, buffer[..length].to_vec())).ok();
        }
    }
}

async fn write(mut to: WriteHalf<'_>, mut chunks: UnboundedReceiver<Chunk>, link: &Link) -> io::Result<()> {
    while let Some((due, chunk)) = chunks.recv().await {
        sleep_until(due).await;
        let mode = *link.mode.borrow();
        match mode {
            Mode::Trickle(rate) => {
                for piece in chunk.chunks(64) {
                    to.write_all(piece).await?;
                    sleep(Duration::from_secs(1) * u32::try_from(piece.len()).unwrap() / rate).await;
                }
            }
            _ => to.write_all(&chunk).await?,
        }
    }
    to.shutdown().await
}

impl Link {
    /// Delay of this chunk; `None` if it disappears, an error if the connection is reset.
    fn pass(&self, chunk: &[u8], direction: Direction) -> io::Result<Option<Duration>> {
        let mode = *self.mode.borrow();
        if mode == Mode::Vanish || self.has_lost_bytes.load(Ordering::Relaxed) {
            self.has_lost_bytes.store(true, Ordering::Relaxed);
            return Ok(None);
        }
        match (mode, direction) {
            (Mode::Delay(delay), Direction::ToClient) => return Ok(Some(delay)),
            (Mode::Cut, Direction::ToClient) => self.cut()?,
            (Mode::LoseCommits, Direction::ToServer) if contains(chunk, b"COMMIT") && self.every(2) => {
                self.is_doomed.store(true, Ordering::Relaxed);
            }
            (Mode::LoseCommits, Direction::ToClient) if self.is_doomed.load(Ordering::Relaxed) => {
                return Err(io::ErrorKind::ConnectionReset.into());
            }
            _ => {}
        }
        Ok(Some(Duration::ZERO))
    }

    fn cut(&self) -> io::Result<()> {
        if self.every(10) { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }

    /// Returns true in the first call, and then once in this number of calls.
    fn every(&self, count: usize) -> bool {
        self.chunks.fetch_add(1, Ordering::Relaxed).is_multiple_of(count)
    }

    /// End of one direction. While packets disappear, the other side does not learn it.
    async fn end(&self) -> io::Result<()> {
        if !self.has_lost_bytes.load(Ordering::Relaxed) && *self.mode.borrow() != Mode::Vanish {
            return Ok(());
        }
        drop(self.mode.clone().wait_for(|mode| *mode != Mode::Vanish).await);
        Err(io::ErrorKind::ConnectionReset.into())
    }
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}
