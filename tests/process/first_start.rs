//! `doorstep` in an empty folder, without settings.

use crate::doorstep::Folder;
use std::os::unix::fs::PermissionsExt;

#[actix_web::test]
async fn a_server_without_settings_runs_and_its_data_survives_a_restart() {
    let folder = Folder::new();
    let (mut doorstep, client) = folder.serve(&[]).await;
    let line = doorstep.line("listening on http://127.0.0.1:");
    for part in ["mode=\"development\"", "database=\"sqlite\"", "staging=\"memory\"", "sms=\"console\""] {
        assert!(line.contains(part), "{part} in {line}");
    }
    for file in ["data/secret_key", "data/jwt_keys.pem", "data/doorstep.sqlite3", "data/outbox.log"] {
        assert_eq!(mode(&folder, file), 0o600, "{file}");
    }
    assert_eq!(mode(&folder, "data"), 0o700);
    let keys = [folder.read("data/secret_key"), folder.read("data/jwt_keys.pem")];

    let signed_in = client.sign_up(&folder, "+8613800138000").await;
    assert_eq!(signed_in.body["user"]["phone_number"], "+8613800138000");
    let token = signed_in.field("access_token");
    doorstep.stop("TERM");
    doorstep.line("shutdown complete");

    let (_restarted, client) = folder.serve(&[]).await;
    assert_eq!([folder.read("data/secret_key"), folder.read("data/jwt_keys.pem")], keys);
    let me = client.me(&token).await;
    assert_eq!((me.status, &me.body["phone_number"]), (200, &signed_in.body["user"]["phone_number"]), "{me:?}");
    assert_eq!(client.send_code("+8613800138000").await.body["code"], "phone_already_registered");
}

fn mode(folder: &Folder, name: &str) -> u32 {
    std::fs::metadata(folder.path(name)).unwrap().permissions().mode() & 0o777
}
