//! A real PgBouncer between doorstep and PostgreSQL.

use crate::client::{Client, PASSWORD};
use crate::databases::empty_database;
use crate::doorstep::Folder;
use crate::support::process::{free_port, spawn_with_cleanup};
use serde_json::json;
use std::net::TcpStream;
use std::process::Child;
use std::time::{Duration, Instant};
use url::Url;

/// PgBouncer with fewer connections to the server than doorstep has to it.
struct PgBouncer {
    url: String,
    /// Shell that stops the process when its standard input closes.
    _cleanup: Child,
    _folder: tempfile::TempDir,
}

impl PgBouncer {
    fn start(database: &str, mode: &str, size: u32) -> Self {
        let (mut url, port) = (Url::parse(database).unwrap(), free_port());
        let folder = tempfile::tempdir().unwrap();
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={} user=postgres\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
            listen_port = {port}\nunix_socket_dir =\nauth_type = any\npool_mode = {mode}\ndefault_pool_size = {size}\n",
            url.port().unwrap()
        );
        let file = folder.path().join("pgbouncer.ini");
        std::fs::write(&file, settings).unwrap();
        std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        // PgBouncer does not run as root.
        let start =
            format!("user=; test $(id -u) -ne 0 || user='-u postgres'\npgbouncer -q $user {} & pid=$!", file.display());
        let cleanup = spawn_with_cleanup(&start, "kill $pid");
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "PgBouncer does not start: run scripts/setup");
        }
        url.set_port(Some(port)).unwrap();
        Self { url: url.into(), _cleanup: cleanup, _folder: folder }
    }
}

async fn sign_in_many_times(client: Client, phone: String) {
    for _ in 0..8 {
        let response = client.post("/v1/login", json!({"phone_number": phone, "password": PASSWORD})).await;
        assert_eq!(response.status, 200, "{response:?}");
        assert_eq!(client.me(&response.field("access_token")).await.status, 200);
        let refreshed =
            client.post("/v1/token/refresh", json!({"refresh_token": response.field("refresh_token")})).await;
        assert_eq!(refreshed.status, 200, "{refreshed:?}");
    }
}

#[actix_web::test]
async fn concurrent_users_get_no_error_behind_a_pooler() {
    for (mode, size) in [("transaction", 3), ("session", 8)] {
        let (folder, pooler) = (Folder::new(), PgBouncer::start(&empty_database(), mode, size));
        let vars = [("DATABASE_URL", pooler.url.as_str()), ("DATABASE_CONNECTIONS", "8")];
        let migrated = folder.run(&["migrate"], &vars);
        assert_eq!(migrated.status, Some(0), "{}", migrated.stderr);
        let (doorstep, client) = folder.serve(&vars).await;
        let phones: Vec<_> = (0..4).map(|n| format!("+861380013800{n}")).collect();
        for phone in &phones {
            client.sign_up(&folder, phone).await;
        }
        let users = phones.into_iter().map(|phone| actix_web::rt::spawn(sign_in_many_times(client.clone(), phone)));
        for user in users.collect::<Vec<_>>() {
            user.await.unwrap();
        }
        doorstep.line("database pooler found");
    }
}
