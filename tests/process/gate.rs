//! A server whose provider takes its time: until the test lets it answer.

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

/// A provider takes as long as its clock: this one tells that it was asked, and shows the time once the gate is open.
struct Gate {
    arrivals: UnboundedSender<()>,
    /// Ends when the other end is dropped.
    shut: Mutex<Receiver<()>>,
}

impl Clock for Gate {
    fn now(&self) -> DateTime<Utc> {
        self.arrivals.send(()).ok();
        self.shut.lock().unwrap().recv().ok();
        SystemClock.now()
    }
}

/// A server with a provider behind a gate.
pub struct TestServer {
    pub sms: FakeCloopen,
    arrivals: UnboundedReceiver<()>,
    gate: Option<Sender<()>>,
    pub doorstep: Doorstep,
    pub client: Client,
    _folder: Folder,
}

impl TestServer {
    pub async fn new(settings: &[Var<'_>]) -> Self {
        let (sender, arrivals) = unbounded_channel();
        let (gate, shut) = channel();
        let sms = FakeCloopen::start(Arc::new(Gate { arrivals: sender, shut: Mutex::new(shut) }));
        let vars = [
            ("SMS_PROVIDERS", "cloopen"),
            ("SMS_CLOOPEN_BASE_URL", sms.base_url.as_str()),
            ("SMS_CLOOPEN_ACCOUNT_SID", ACCOUNT_SID),
            ("SMS_CLOOPEN_AUTH_TOKEN", AUTH_TOKEN),
            ("SMS_CLOOPEN_APP_ID", APP_ID),
            ("SMS_CLOOPEN_TEMPLATE_CODE", "1"),
            ("SMS_CLOOPEN_TEMPLATE_DELETE_ACCOUNT", DELETION_TEMPLATE_ID),
            ("SMS_CLOOPEN_TEMPLATE_PHONE_CHANGED", NOTICE_TEMPLATE_ID),
            ("SMS_TIMEOUT_SECONDS", "30"),
        ];
        let folder = Folder::new();
        let (doorstep, client) = folder.serve(&[&vars, settings].concat()).await;
        Self { sms, arrivals, gate: Some(gate), doorstep, client, _folder: folder }
    }

    /// Returns when the provider has a message in its hands.
    pub async fn provider_is_asked(&mut self) {
        timeout(DEADLINE, self.arrivals.recv()).await.unwrap().unwrap();
    }

    pub fn open_gate(&mut self) {
        self.gate = None;
    }

    /// Returns when nobody listens any more.
    pub fn refuses_connections(&self) {
        let url = self.doorstep.url();
        let address = url.trim_start_matches("http://");
        let deadline = Instant::now() + DEADLINE;
        while TcpStream::connect(address).is_ok() {
            assert!(Instant::now() < deadline, "still listening");
        }
    }
}
