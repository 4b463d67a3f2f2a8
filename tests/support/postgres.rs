//! A real PostgreSQL: one for the test process with a database for each test, or one of a test's own.

use super::process::{free_port, tethered};
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use doorstep::adapters::database::migrate;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock};

/// The URL of an empty, migrated database that no other test uses.
pub fn url() -> String {
    static SHARED: OnceLock<(OwnPostgres, Mutex<u32>)> = OnceLock::new();
    let (server, count) = SHARED.get_or_init(|| {
        let server = OwnPostgres::start_new();
        server.admin("CREATE DATABASE t0");
        migrate::run(&server.url("t0")).unwrap();
        (server, Mutex::new(0))
    });
    let mut count = count.lock().unwrap();
    *count += 1;
    server.admin(&format!("CREATE DATABASE t{count} TEMPLATE t0"));
    server.url(&format!("t{count}"))
}

/// A server that is stopped, and its folder removed, when this value or the test process ends.
pub struct OwnPostgres {
    folder: PathBuf,
    port: u16,
    /// Lives as long as this end of its standard input.
    _tether: Child,
}

impl OwnPostgres {
    pub fn start_new() -> Self {
        let folder = own_folder();
        let pg_ctl = format!("{} -D {}/data", in_shell("pg_ctl"), folder.display());
        // A Ctrl-C reaches this shell too; it must live on to tidy up.
        let tether =
            tethered("trap '' INT TERM HUP", &format!("{pg_ctl} -m immediate stop; rm -rf {}", folder.display()));
        let mut initdb = postgres("initdb");
        initdb.arg("-D").arg(folder.join("data")).args(["-U", "postgres", "-A", "trust", "-E", "UTF8"]);
        run(initdb.args(["--no-locale", "--no-sync"]));
        let server = Self { folder, port: free_port(), _tether: tether };
        server.start();
        server
    }

    /// On the same port, with the data of before.
    pub fn start(&self) {
        let options = format!(
            "-p {} -k {} -c listen_addresses=127.0.0.1 -c fsync=off -c full_page_writes=off -c max_connections=300 \
            -c shared_preload_libraries=pg_stat_statements",
            self.port,
            self.folder.display()
        );
        run(self.pg_ctl().arg("-l").arg(self.folder.join("log")).args(["-w", "-s", "-o", &options, "start"]));
    }

    /// As a crash: connections break in the middle of whatever they do.
    pub fn kill(&self) {
        run(self.pg_ctl().args(["-w", "-s", "-m", "immediate", "stop"]));
    }

    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres:open-sesame@127.0.0.1:{}/{database}", self.port)
    }

    /// Runs statements in the database that is always there.
    pub fn admin(&self, statements: &str) {
        PgConnection::establish(&self.url("postgres")).unwrap().batch_execute(statements).unwrap();
    }

    fn pg_ctl(&self) -> Command {
        let mut command = postgres("pg_ctl");
        command.arg("-D").arg(self.folder.join("data"));
        command
    }
}

/// PostgreSQL refuses to run as root: then its own user runs it.
fn is_root() -> bool {
    static ROOT: OnceLock<bool> = OnceLock::new();
    *ROOT.get_or_init(|| Command::new("id").arg("-u").output().unwrap().stdout == b"0\n")
}

/// A program of the newest PostgreSQL on this machine.
fn program(name: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let number = |folder: &PathBuf| folder.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let newest = versions.map(|entry| entry.path()).filter(|folder| number(folder).is_some()).max_by_key(number);
    let program = newest.unwrap_or_else(|| Path::new("/usr/lib/postgresql/none").to_owned()).join("bin").join(name);
    assert!(program.is_file(), "these tests need a PostgreSQL server: run scripts/setup (no {})", program.display());
    program
}

fn postgres(name: &str) -> Command {
    if !is_root() {
        return Command::new(program(name));
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program(name));
    command
}

fn in_shell(name: &str) -> String {
    let user = if is_root() { "runuser -u postgres -- " } else { "" };
    format!("{user}{}", program(name).display())
}

fn own_folder() -> PathBuf {
    let folder = tempfile::Builder::new().prefix("doorstep-postgres-").tempdir().unwrap().keep();
    if is_root() {
        run(Command::new("chown").arg("postgres").arg(&folder));
    }
    folder
}

/// Quiet unless it fails. Into files, for a server would keep a pipe open for ever.
fn run(command: &mut Command) {
    let mut said = tempfile::tempfile().unwrap();
    let output = || Stdio::from(said.try_clone().unwrap());
    let status = command.current_dir("/").stdin(Stdio::null()).stdout(output()).stderr(output()).status().unwrap();
    let mut text = String::new();
    std::io::Seek::rewind(&mut said).unwrap();
    std::io::Read::read_to_string(&mut said, &mut text).unwrap();
    assert!(status.success(), "{command:?}: {status}\n{text}");
}
