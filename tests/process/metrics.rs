//! The address of the metrics endpoint.

use crate::client::Client;
use crate::doorstep::{Doorstep, Folder};
use reqwest::Method;
use std::io::Write;
use std::net::TcpListener;
use std::process::{Command, Stdio};

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
/// Accept header of Prometheus 2.53.
const PROMETHEUS: &str = "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;\
                          q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
/// Prints each sample, with the type of its metric, as the parser of the Prometheus project reads it.
const PARSE: &str = "
import sys
from importlib import import_module
text = sys.stdin.read()
for metric in import_module(sys.argv[1]).text_string_to_metric_families(text):
    for sample in metric.samples:
        print(metric.type, bool(metric.documentation), sample.name, sorted(sample.labels.items()), float(sample.value))
";

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
    assert_eq!(response.headers()["content-type"], PROMETHEUS_TEXT);
    let text = response.text().await.unwrap();
    assert!(text.contains("doorstep_http_requests_total{method=\"GET\",route=\"/readyz\",status=\"200\"}"), "{text}");
    assert_eq!(client.get("/metrics").await.status, 404);
    let other = Client::new(url.trim_end_matches("/metrics"));
    assert_eq!(other.request(Method::GET, "/healthz").send().await.unwrap().status(), 404);
    doorstep.stop("TERM");
    assert!(reqwest::get(&url).await.is_err(), "the metrics server stops with the service");
}

/// Reads metrics with the parser of this Python module.
fn parse(module: &str, text: &str) -> Vec<String> {
    let mut python = Command::new("/usr/bin/python3");
    python.args(["-c", PARSE, module]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut python = python.spawn().unwrap();
    python.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "{module} does not accept\n{text}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// The parser of OpenMetrics is strict. Both formats have the same samples.
#[actix_web::test]
async fn a_client_gets_the_format_that_it_accepts() {
    let folder = Folder::new();
    let (doorstep, _client) = folder.serve(&[("METRICS_BIND", "127.0.0.1:0")]).await;
    let (url, http) = (metrics_url(&doorstep), reqwest::Client::new());
    let mut texts = Vec::new();
    for (accept, expected) in [
        (PROMETHEUS, OPEN_METRICS),
        ("application/openmetrics-text", OPEN_METRICS),
        ("text/plain;version=0.0.4, application/openmetrics-text;q=0.5", PROMETHEUS_TEXT),
        ("application/openmetrics-text;q=0", PROMETHEUS_TEXT),
        ("application/json", PROMETHEUS_TEXT),
        ("nonsense; ;", PROMETHEUS_TEXT),
        ("*/*", PROMETHEUS_TEXT),
    ] {
        for method in [Method::HEAD, Method::GET] {
            let response = http.request(method, &url).header("Accept", accept).send().await.unwrap();
            assert_eq!(response.status(), 200, "{accept}");
            assert_eq!(response.headers()["content-type"], expected, "{accept}");
            assert_eq!(response.headers()["vary"], "accept");
            texts.push(response.text().await.unwrap());
        }
    }
    let open_metrics = parse("prometheus_client.openmetrics.parser", &texts[1]);
    assert!(open_metrics.iter().any(|line| line.starts_with("counter True doorstep_http_requests_total [")));
    let text = texts.last().unwrap();
    assert!(text.contains("# TYPE doorstep_http_requests_total counter\n") && !text.contains("EOF"), "{text}");
    assert_eq!(parse("prometheus_client.parser", text), open_metrics);
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
