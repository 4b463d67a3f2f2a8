//! Where the metrics are, and where they are not.

use crate::client::Client;
use crate::doorstep::{Doorstep, Folder};
use std::net::TcpListener;

fn metrics_url(doorstep: &Doorstep) -> String {
    let line = doorstep.line("metrics on http://");
    line.split_once("metrics on ").unwrap().1.split([' ', '"']).next().unwrap().to_owned()
}

#[actix_web::test]
async fn they_have_an_address_of_their_own() {
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
    assert!(reqwest::get(&url).await.is_err(), "it stops with the service");
}

/// A developer's second service on one machine starts all the same; an address that somebody chose is insisted upon.
#[actix_web::test]
async fn an_address_that_is_taken_stops_who_chose_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = Folder::new();
    let mut chosen = folder.start(&[("METRICS_BIND", &address)]);
    assert!(!chosen.wait().success());
    assert!(chosen.output().iter().any(|line| line.contains(&format!("METRICS_BIND {address}: "))));
    // Taken by this listener, or by another program: either will do.
    let _default = TcpListener::bind("127.0.0.1:9464");
    let (_doorstep, client) = folder.serve(&[("METRICS_BIND", "")]).await;
    assert_eq!(client.get("/healthz").await.status, 200);
}
