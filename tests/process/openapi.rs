//! `doorstep openapi`.

use crate::doorstep::Folder;

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
