//! The address of the metrics endpoint.

use crate::client::Client;
use crate::doorstep::{Doorstep, Folder};
use std::net::TcpListener;

fn metrics_url(doorstep: &Doorstep) -> String {
    let line = doorstep.line("metrics on http://");
    line.split_once("metrics on ").unwrap().1.split([' ', '"']).next().unwrap().to_owned()
}

#[actix_web::test]
async fn metrics_have_their_own_address() {
    let folder = Folder::new();
    let (mut doorstep, client) = folder.serve(&[("METRICS_BIND", "127.0.0.1:0")]).await;
    let url = metrics_url(&doorstep);
    let response = reqwest::get(&url).await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/openmetrics-text; version=1.0.0; charset=utf-8");
    let text = response.text().await.unwrap();
    assert!(text.contains("doorstep_http_requests_total{method=\"GET\",route=\"/readyz\",status=\"200\"}"), "{text}");
    assert_eq!(client.get("/metrics").await.status, 404);
    let other = Client::new(url.trim_end_matches("/metrics"));
    assert_eq!(other.request(reqwest::Method::GET, "/healthz").send().await.unwrap().status(), 404);
    doorstep.stop("TERM");
    assert!(reqwest::get(&url).await.is_err(), "the metrics server stops with the service");
}

/// The default address may be in use, so that a developer can start a second service on one machine. An address that
/// the operator sets must be available.
#[actix_web::test]
async fn a_metrics_address_in_use_is_an_error_only_if_it_is_set() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = Folder::new();
    let mut doorstep = folder.start(&[("METRICS_BIND", &address)]);
    assert!(!doorstep.wait().success());
    assert!(doorstep.output().iter().any(|line| line.contains(&format!("METRICS_BIND {address}: "))));
    // This listener or another program uses the default address: both are fine for the test.
    let _default = TcpListener::bind("127.0.0.1:9464");
    let (_doorstep, client) = folder.serve(&[("METRICS_BIND", "")]).await;
    assert_eq!(client.get("/healthz").await.status, 200);
}
