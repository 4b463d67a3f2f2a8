//! Verification of the TLS certificate of an SMS provider.

use crate::doorstep::{Folder, Var};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const AUTHORITY: &str = include_str!("authority.pem");
const SERVER: &[u8] = include_bytes!("server.pem");

const ACCEPTED: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 23\r\nConnection: close\r\n\r\n\
    {\"statusCode\":\"000000\"}";

/// A TLS server that accepts every message. It runs until the test process ends.
struct Provider {
    url: String,
    messages: Arc<AtomicUsize>,
}

impl Provider {
    fn start() -> Self {
        let certificate = CertificateDer::from_pem_slice(SERVER).unwrap();
        let key = PrivateKeyDer::from_pem_slice(SERVER).unwrap();
        let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let config = Arc::new(builder.with_single_cert(vec![certificate], key).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let messages = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&messages);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let mut tls = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
                if receives_message(&mut tls) {
                    count.fetch_add(1, Ordering::SeqCst);
                    tls.write_all(ACCEPTED).and_then(|()| tls.flush()).ok();
                }
            }
        });
        Self { url, messages }
    }
}

fn receives_message(tls: &mut StreamOwned<ServerConnection, TcpStream>) -> bool {
    let mut received = Vec::new();
    let mut buffer = [0; 4_096];
    while let Ok(more @ 1..) = tls.read(&mut buffer) {
        received.extend_from_slice(&buffer[..more]);
        if received.ends_with(b"}") {
            return String::from_utf8_lossy(&received).contains("templateId");
        }
    }
    false
}

/// Mistake 8 in docs/mistakes.md: verification disabled for the whole process.
#[actix_web::test]
async fn a_provider_with_an_untrusted_certificate_gets_no_message() {
    let provider = Provider::start();
    let folder = Folder::new();
    folder.write("authority.pem", AUTHORITY);
    let vars: [Var<'_>; 9] = [
        ("SMS_PROVIDERS", "cloopen"),
        ("SMS_CLOOPEN_BASE_URL", &provider.url),
        ("SMS_CLOOPEN_ACCOUNT_SID", "sid"),
        ("SMS_CLOOPEN_AUTH_TOKEN", "token"),
        ("SMS_CLOOPEN_APP_ID", "app"),
        ("SMS_CLOOPEN_TEMPLATE_CODE", "1"),
        ("SMS_CLOOPEN_TEMPLATE_DELETE_ACCOUNT", "3"),
        ("SMS_CLOOPEN_TEMPLATE_PHONE_CHANGED", "2"),
        ("SMS_NOTICES", "off"),
    ];
    let (doorstep, client) = folder.serve(&vars).await;
    let rejected = client.send_code("+8613800138000").await;
    assert_eq!((rejected.status, rejected.body["code"].as_str()), (502, Some("sms_delivery_failed")), "{rejected:?}");
    let line = doorstep.line("sms provider failed");
    assert!(line.contains("unreachable: invalid peer certificate"), "{line}");
    assert_eq!(provider.messages.load(Ordering::SeqCst), 0);

    // The same server is accepted if its authority is trusted: the certificate was the only error.
    let (_doorstep, client) = folder.serve(&[&vars[..], &[("SSL_CERT_FILE", "authority.pem")]].concat()).await;
    let sent = client.send_code("+8613800138000").await;
    assert_eq!((sent.status, provider.messages.load(Ordering::SeqCst)), (200, 1), "{sent:?}");
}
