//! The npm package `dpop`, as an independent implementation of RFC 9449.

use crate::doorstep::Folder;
use crate::support::process::free_port;
use std::path::Path;
use std::process::{Command, Stdio};

const CLIENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/dpop-client");

#[actix_web::test]
async fn a_client_with_the_npm_package_dpop_has_a_bound_session() {
    let node = Command::new("node").arg("--version").stdout(Stdio::null()).status();
    assert!(node.is_ok_and(|status| status.success()), "node is missing: run scripts/setup");
    let package = Path::new(CLIENT).join("node_modules/dpop/package.json");
    assert!(package.is_file(), "the npm package dpop is missing: run scripts/setup (no {})", package.display());

    let folder = Folder::new();
    let bind = format!("127.0.0.1:{}", free_port());
    let url = format!("http://{bind}");
    let (_doorstep, _client) = folder.serve(&[("BIND", &bind), ("PUBLIC_URLS", &url)]).await;
    let mut client = Command::new("node");
    client.args(["client.mjs", &url]).arg(folder.path("data/outbox.log")).current_dir(CLIENT).stdin(Stdio::null());
    let output = client.output().unwrap();
    let [checks, errors] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(output.status.success(), "{}\n{checks}{errors}", output.status);
    let last = checks.lines().last();
    assert_eq!(last, Some("ok  the owner still refreshes"), "{checks}");
}
