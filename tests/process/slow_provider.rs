//! A server whose SMS provider responds only after the test releases the response.

use crate::client::Client;
use crate::doorstep::{DEADLINE, Doorstep, Folder, Var};
use crate::support::cloopen::{ACCOUNT_SID, APP_ID, AUTH_TOKEN, DELETION_TEMPLATE_ID, FakeCloopen, NOTICE_TEMPLATE_ID};
use chrono::{DateTime, Utc};
use doorstep::adapters::system::SystemClock;
use doorstep::ports::Clock;
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

/// Clock of the provider. It reports each call, then blocks until the test releases it, and so delays the response.
struct BlockingClock {
    requests: UnboundedSender<()>,
    /// Channel that ends when the test drops the sender.
    released: Mutex<Receiver<()>>,
}

impl Clock for BlockingClock {
    fn now(&self) -> DateTime<Utc> {
        self.requests.send(()).ok();
        self.released.lock().unwrap().recv().ok();
        SystemClock.now()
    }
}

/// A server with such a provider.
pub struct TestServer {
    pub sms: FakeCloopen,
    requests: UnboundedReceiver<()>,
    release: Option<Sender<()>>,
    pub doorstep: Doorstep,
    pub client: Client,
    _folder: Folder,
}

impl TestServer {
    pub async fn new(settings: &[Var<'_>]) -> Self {
        let (sender, requests) = unbounded_channel();
        let (release, released) = channel();
        let clock = BlockingClock { requests: sender, released: Mutex::new(released) };
        let sms = FakeCloopen::start(Arc::new(clock));
        let vars = [
            ("SMS_PROVIDERS", "cloopen"),
            ("SMS_CLOOPEN_BASE_URL", sms.base_url.as_str()),
            ("SMS_CLOOPEN_ACCOUNT_SID", ACCOUNT_SID),
            ("SMS_CLOOPEN_AUTH_TOKEN", AUTH_TOKEN),
            ("SMS_CLOOPEN_APP_ID", APP_ID),
            ("SMS_CLOOPEN_TEMPLATE_CODE", "1"),
            ("SMS_CLOOPEN_TEMPLATE_DELETE_ACCOUNT", DELETION_TEMPLATE_ID),
            ("SMS_CLOOPEN_TEMPLATE_PHONE_CHANGED", NOTICE_TEMPLATE_ID),
            ("SMS_NOTICES", "off"),
            ("SMS_TIMEOUT_SECONDS", "30"),
        ];
        let folder = Folder::new();
        let (doorstep, client) = folder.serve(&[&vars, settings].concat()).await;
        Self { sms, requests, release: Some(release), doorstep, client, _folder: folder }
    }

    /// Waits until the provider has received a message.
    pub async fn wait_for_provider_request(&mut self) {
        timeout(DEADLINE, self.requests.recv()).await.unwrap().unwrap();
    }

    /// Lets the provider respond.
    pub fn release_provider(&mut self) {
        self.release = None;
    }

    /// Waits until the port is closed.
    pub fn wait_until_port_is_closed(&self) {
        let url = self.doorstep.url();
        let address = url.trim_start_matches("http://");
        let deadline = Instant::now() + DEADLINE;
        while TcpStream::connect(address).is_ok() {
            assert!(Instant::now() < deadline, "the port is still open");
        }
    }
}
