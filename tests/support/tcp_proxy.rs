//! TCP proxy in front of a server, which loses what passes through it when a test wants it to.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// Proxy on a port of its own. Its threads end with the test process.
pub struct TcpProxy {
    port: u16,
    faults: Arc<Faults>,
}

#[derive(Default)]
struct Faults {
    /// Connections of earlier generations are half open: bytes arrive, and go nowhere.
    generation: AtomicUsize,
    /// Text of a request whose answer is lost, with the connection.
    unanswered: Mutex<Option<&'static str>>,
    refuses: AtomicBool,
}

/// One connection through the proxy.
#[derive(Clone)]
struct Link {
    faults: Arc<Faults>,
    generation: usize,
    loses_answer: Arc<AtomicBool>,
}

impl TcpProxy {
    pub fn start(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, faults) = (listener.local_addr().unwrap().port(), Arc::<Faults>::default());
        let shared = Arc::clone(&faults);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if !shared.refuses.load(Ordering::SeqCst) {
                    Link::new(&shared).connect(&client, server);
                }
            }
        });
        Self { port, faults }
    }

    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Loses all bytes of the present connections, in both directions and for ever.
    pub fn lose_connections(&self) {
        self.faults.generation.fetch_add(1, Ordering::SeqCst);
    }

    /// Forwards the next request that contains this text, and breaks its connection instead of answering.
    pub fn lose_answer_to(&self, text: &'static str) {
        *self.faults.unanswered.lock().unwrap() = Some(text);
    }

    pub fn refuse_connections(&self, refuses: bool) {
        self.faults.refuses.store(refuses, Ordering::SeqCst);
    }
}

impl Link {
    fn new(faults: &Arc<Faults>) -> Self {
        let generation = faults.generation.load(Ordering::SeqCst);
        Self { faults: Arc::clone(faults), generation, loses_answer: Arc::default() }
    }

    fn connect(self, client: &TcpStream, server: u16) {
        let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { return };
        let (back, (from, to)) = (self.clone(), (server.try_clone().unwrap(), client.try_clone().unwrap()));
        thread::spawn(move || back.forward(from, to, |link, _| !link.loses_answer.load(Ordering::SeqCst)));
        let client = client.try_clone().unwrap();
        thread::spawn(move || self.forward(client, server, Self::notice_request));
    }

    /// Forwards bytes until one side ends, or `passes` is false.
    fn forward(self, mut from: TcpStream, mut to: TcpStream, passes: impl Fn(&Self, &[u8]) -> bool) {
        let mut buffer = [0; 16 * 1024];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            if self.generation < self.faults.generation.load(Ordering::SeqCst) {
                continue;
            }
            if !passes(&self, &buffer[..count]) || to.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    }

    fn notice_request(&self, bytes: &[u8]) -> bool {
        let mut unanswered = self.faults.unanswered.lock().unwrap();
        if unanswered.is_some_and(|text| bytes.windows(text.len()).any(|window| window == text.as_bytes())) {
            *unanswered = None;
            self.loses_answer.store(true, Ordering::SeqCst);
        }
        true
    }
}
