//! `doorstep openapi` and `doorstep error-codes`.

use crate::doorstep::Folder;
use std::process::Command;

#[actix_web::test]
async fn the_command_the_committed_file_and_the_server_have_the_same_document() {
    let folder = Folder::new();
    let output = folder.run(&["openapi"], &[]);
    assert_eq!(output.status, Some(0));
    assert!(output.stdout == include_str!("../../openapi/openapi.json"), "stale: run `make openapi`");
    assert!(std::fs::read_dir(&folder).unwrap().next().is_none(), "the command creates no files");
    let (_doorstep, client) = folder.serve(&[]).await;
    let served = client.get("/openapi.json").await;
    assert!(served.body == serde_json::from_str::<serde_json::Value>(&output.stdout).unwrap());
}

#[test]
fn the_view_for_sdks_is_the_committed_file() {
    let output = Folder::new().run(&["openapi", "--for-sdk"], &[]);
    assert_eq!(output.status, Some(0));
    assert!(output.stdout == include_str!("../../openapi/openapi-sdk.json"), "stale: run `make openapi`");
}

#[test]
fn the_guide_to_the_error_codes_is_committed_as_json_and_as_a_page() {
    let folder = Folder::new();
    let stdout = |arguments: &[&str]| {
        let output = folder.run(arguments, &[]);
        assert_eq!(output.status, Some(0));
        output.stdout
    };
    let json = include_str!("../../openapi/error-codes.json");
    assert!(stdout(&["error-codes"]) == json, "stale: run `make openapi`");
    let page = include_str!("../../docs/errors.md");
    assert!(stdout(&["error-codes", "--markdown"]) == page, "stale: run `make openapi`");
    assert!(std::fs::read_dir(&folder).unwrap().next().is_none(), "the command creates no files");
    let guide: serde_json::Value = serde_json::from_str(json).unwrap();
    for entry in guide["errors"].as_array().unwrap() {
        let heading = format!("\n### {}\n", entry["code"].as_str().unwrap());
        assert!(page.contains(&heading), "no anchor: {heading}");
    }
}

#[test]
fn the_bruno_collection_has_a_request_for_each_error_code() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/bruno/run.mjs");
    let output = Command::new("node").args([script, "--check"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
