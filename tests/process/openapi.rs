//! `doorstep openapi`.

use crate::doorstep::Folder;

#[actix_web::test]
async fn the_document_is_the_committed_one_and_the_one_that_is_served() {
    let folder = Folder::new();
    let said = folder.run(&["openapi"], &[]);
    assert_eq!(said.status, Some(0));
    assert!(said.out == include_str!("../../openapi/openapi.json"), "stale: run `make openapi`");
    assert!(std::fs::read_dir(&folder).unwrap().next().is_none(), "it leaves nothing behind");
    let (_doorstep, client) = folder.serve(&[]).await;
    let served = client.get("/openapi.json").await;
    assert_eq!(served.text.trim_end(), said.out.trim_end());
}
