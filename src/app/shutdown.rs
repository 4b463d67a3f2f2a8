//! Shutdown: readiness ends, the server drains, the port closes, and requests in flight are completed.

use super::server::HttpServer;
use crate::flows::Service;
use std::io;
use std::time::{Duration, Instant};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Durations of a shutdown.
pub(super) struct Times {
    /// Time between SIGTERM and the end of new connections.
    pub delay: Duration,
    /// Time for requests in flight and messages after that.
    pub limit: Duration,
}

/// SIGTERM and SIGINT. (The server's own handler of SIGINT drops requests in flight.)
struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

/// Sender of a stop signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// SIGTERM: an orchestrator.
    Orchestrator,
    /// SIGINT: a keyboard.
    Keyboard,
}

impl StopSignals {
    fn new() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> Stop {
        tokio::select! {
            _ = self.terminate.recv() => Stop::Orchestrator,
            _ = self.interrupt.recv() => Stop::Keyboard,
        }
    }
}

impl HttpServer {
    /// Serves until a signal. After SIGTERM it serves on for the delay, in which the load balancer notices. Then
    /// completes the requests in flight. Returns the time at which the port began to close.
    pub(super) async fn serve(self, service: &Service, times: &Times) -> io::Result<Instant> {
        let Self { mut server, port, .. } = self;
        let (handle, mut signals) = (server.handle(), StopSignals::new()?);
        let stop = tokio::select! {
            stopped = &mut server => return stopped.map(|()| Instant::now()),
            stop = signals.next() => stop,
        };
        let delay = Some(times.delay).filter(|delay| stop == Stop::Orchestrator && !delay.is_zero());
        tracing::info!(delay_seconds = delay.map(|delay| delay.as_secs()), "shutdown started");
        service.start_draining();
        let closed = async {
            let Some(delay) = delay else {
                port.close_at_once(&handle);
                return Instant::now();
            };
            port.start_draining();
            // A second signal ends the delay.
            drop(tokio::time::timeout(delay, signals.next()).await);
            let began = Instant::now();
            port.close(&handle, times.limit).await;
            began
        };
        // The server must run meanwhile. It ends when the port is closed and its connections have ended.
        let (stopped, began) = tokio::join!(server, closed);
        stopped.map(|()| began)
    }
}
