//! HTTP server of a fake provider, on a free port and in a separate thread.

use actix_web::dev::ServerHandle;
use actix_web::web::ServiceConfig;
use actix_web::{App, HttpServer};
use std::sync::mpsc;
use url::Url;

/// Server that runs until it is dropped.
pub struct FakeServer {
    pub url: Url,
    server: ServerHandle,
}

impl FakeServer {
    /// Starts the server, and returns when it listens.
    pub fn start(routes: impl Fn(&mut ServiceConfig) + Clone + Send + 'static) -> Self {
        let (sender, started) = mpsc::channel();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async {
                let app = move || App::new().configure(routes.clone());
                let server = HttpServer::new(app).workers(1).disable_signals().bind(("127.0.0.1", 0)).unwrap();
                let port = server.addrs()[0].port();
                let server = server.run();
                sender.send((port, server.handle())).unwrap();
                server.await.unwrap();
            });
        });
        let (port, server) = started.recv().unwrap();
        Self { url: Url::parse(&format!("http://127.0.0.1:{port}")).unwrap(), server }
    }
}

impl Drop for FakeServer {
    fn drop(&mut self) {
        // The command to stop is sent at once. Nothing waits for its end.
        drop(self.server.stop(false));
    }
}
