//! The programs of a release: `make release` builds them into `target/program`, and runs these tests.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "the other test binaries use the rest")]
mod support;

use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::client::Client;
use support::doorstep::Folder;
use tempfile::TempDir;

/// Build that needs AVX-512.
const FASTER: &str = "x86-64-v4";

/// Output of the reference implementation for the password `password`: see `src/adapters/argon2/tests/verify.rs`.
const REFERENCE: &str = "$argon2id$v=19$m=256,t=3,p=4$c2FsdHNhbHQ$NWaxf8hZggDrqgttS5fMmhyGDCsC6Cur";

/// Programs of the release that this machine can run, each in a folder of its own, so that none replaces itself.
struct Programs {
    folder: TempDir,
    builds: Vec<&'static str>,
}

impl Programs {
    fn new() -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let mut builds = vec![std::env::consts::ARCH];
        if has_avx512() {
            builds.push(FASTER);
        }
        let programs = Self { folder, builds };
        for build in &programs.builds {
            let name = if *build == FASTER { faster() } else { "doorstep".to_owned() };
            fs::hard_link(release().join(name), programs.path(build)).unwrap();
        }
        programs
    }

    fn path(&self, build: &str) -> PathBuf {
        self.folder.path().join(build)
    }
}

fn release() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/program")
}

fn faster() -> String {
    format!("doorstep-{}-{FASTER}", env!("CARGO_PKG_VERSION"))
}

fn has_avx512() -> bool {
    #[cfg(target_arch = "x86_64")]
    return is_x86_feature_detected!("avx512vl");
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}

fn version(program: &Path) -> String {
    let output = Command::new(program).arg("version").env_clear().output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_release_runs_the_build_for_this_processor() {
    let expected = |build| format!("doorstep {} ({build})\n", env!("CARGO_PKG_VERSION"));
    let programs = Programs::new();
    for build in &programs.builds {
        assert_eq!(version(&programs.path(build)), expected(build));
    }
    assert_eq!(version(&release().join("doorstep")), expected(programs.builds.last().unwrap()));
}

/// The first build computes the hash of the reference implementation, and replaces it by one at the current cost. Every
/// build, and the first one again, computes that one.
#[actix_web::test]
async fn every_build_computes_the_same_hashes() {
    let (programs, folder, phone) = (Programs::new(), Folder::new(), "+8613800138000");
    for first in &programs.builds {
        let (mut doorstep, client) = serve(&programs, &folder, first).await;
        if !folder.path("signed-up").exists() {
            client.sign_up(&folder, phone).await;
            folder.write("signed-up", "");
        }
        doorstep.stop("TERM");
        set_hash(&folder, REFERENCE);
        for build in std::iter::once(first).chain(&programs.builds) {
            let (mut doorstep, client) = serve(&programs, &folder, build).await;
            for (password, status) in [("passworb", 401), ("password", 200)] {
                let login = json!({"phone_number": phone, "password": password});
                assert_eq!(client.post("/v1/login", login).await.status, status, "{build} after {first}: {password}");
            }
            doorstep.stop("TERM");
        }
    }
}

async fn serve(programs: &Programs, folder: &Folder, build: &str) -> (support::doorstep::Doorstep, Client) {
    let doorstep = folder.start_program(programs.path(build).to_str().unwrap(), &[]);
    let line = doorstep.line("listening on http://");
    assert!(line.contains(&format!("({build})")), "{line}");
    let client = Client::new(&doorstep.url());
    client.wait_for_readiness("ready").await;
    (doorstep, client)
}

fn set_hash(folder: &Folder, hash: &str) {
    let path = folder.path("data/doorstep.sqlite3");
    let mut database = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    database.batch_execute(&format!("UPDATE users SET password_hash = '{hash}'")).unwrap();
}
