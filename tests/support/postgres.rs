//! Real PostgreSQL servers: a shared one with a database for each test, or a separate one for one test.

use super::process::{free_port, spawn_with_cleanup};
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use doorstep::adapters::database::migrate;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock};

/// Returns the URL of an empty, migrated database. No other call returns it.
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

/// Lets every device of this database be known for two days, so that it can approve acts and change the number.
pub fn make_devices_older(url: &str) {
    let trigger = "CREATE FUNCTION make_older() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        NEW.device_since := NEW.device_since - interval '2 days'; RETURN NEW; END $$;
        CREATE TRIGGER make_older BEFORE INSERT ON sessions FOR EACH ROW EXECUTE FUNCTION make_older()";
    PgConnection::establish(url).unwrap().batch_execute(trigger).unwrap();
}

/// Separate server. The server stops and its folder is removed when this value is dropped, or when the process ends.
pub struct OwnPostgres {
    folder: PathBuf,
    port: u16,
    /// Settings as arguments of `postgres`.
    durability: &'static str,
    /// Shell that stops the server when its standard input closes.
    _cleanup: Child,
}

/// A crash of the machine loses everything, which tests do not mind.
const FAST: &str = "-c fsync=off -c full_page_writes=off";
/// The defaults of PostgreSQL: a commit is on the disk before its answer.
const DURABLE: &str = "-c fsync=on -c full_page_writes=on";

impl OwnPostgres {
    pub fn start_new() -> Self {
        Self::start_with(FAST)
    }

    /// Starts a server that waits for the disk, as in production.
    pub fn start_durable() -> Self {
        Self::start_with(DURABLE)
    }

    fn start_with(durability: &'static str) -> Self {
        let folder = own_folder();
        let pg_ctl = format!("{} -D {}/data", in_shell("pg_ctl"), folder.display());
        // The shell gets a Ctrl-C too, and must survive it to stop the server.
        let cleanup = spawn_with_cleanup(
            "trap '' INT TERM HUP",
            &format!("{pg_ctl} -m immediate stop; rm -rf {}", folder.display()),
        );
        let mut initdb = postgres("initdb");
        initdb.arg("-D").arg(folder.join("data")).args(["-U", "postgres", "-A", "trust", "-E", "UTF8"]);
        run(initdb.args(["--no-locale", "--no-sync"]));
        let server = Self { folder, port: free_port(), durability, _cleanup: cleanup };
        server.start();
        server
    }

    /// Starts the server on the same port, with the same data.
    pub fn start(&self) {
        let options = format!(
            "-p {} -k {} -c listen_addresses=127.0.0.1 {} -c max_connections=300 \
            -c shared_preload_libraries=pg_stat_statements -c lc_messages=zh_CN.utf8",
            self.port,
            self.folder.display(),
            self.durability
        );
        // The messages are Chinese: no code may depend on their words.
        run(self
            .pg_ctl()
            .env("LOCPATH", self.folder.join("locales"))
            .arg("-l")
            .arg(self.folder.join("log"))
            .args(["-w", "-s", "-o", &options, "start"]));
    }

    /// Stops the server like a crash: connections break in the middle of a statement.
    pub fn kill(&self) {
        self.stop("immediate");
    }

    /// Stops the server in a mode of `pg_ctl`: `fast` or `immediate`.
    pub fn stop(&self, mode: &str) {
        run(self.pg_ctl().args(["-w", "-s", "-m", mode, "stop"]));
    }

    /// Processes of the server, the first one before its children.
    pub fn processes(&self) -> Vec<String> {
        let file = std::fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap();
        let first = file.lines().next().unwrap().to_owned();
        let children = std::fs::read_to_string(format!("/proc/{first}/task/{first}/children")).unwrap();
        std::iter::once(first).chain(children.split_whitespace().map(str::to_owned)).collect()
    }

    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres:open-sesame@127.0.0.1:{}/{database}", self.port)
    }

    /// Runs statements in the database `postgres`, which always exists.
    pub fn admin(&self, statements: &str) {
        PgConnection::establish(&self.url("postgres")).unwrap().batch_execute(statements).unwrap();
    }

    fn pg_ctl(&self) -> Command {
        let mut command = postgres("pg_ctl");
        command.arg("-D").arg(self.folder.join("data"));
        command
    }
}

/// Returns the folder with the locale `zh_CN.utf8`, which is compiled once.
fn chinese() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("locales");
        let locale = folder.join("zh_CN.utf8");
        if !locale.is_dir() {
            std::fs::create_dir_all(&folder).unwrap();
            let new = tempfile::Builder::new().prefix("new-").tempdir_in(&folder).unwrap().keep().join("zh_CN.utf8");
            run(Command::new("localedef").args(["-i", "zh_CN", "-f", "UTF-8"]).arg(&new));
            // Fails if another test binary was faster.
            let _ = std::fs::rename(&new, &locale);
        }
        folder
    })
}

/// Returns true if this process runs as root. PostgreSQL does not run as root, so the user `postgres` runs it then.
fn is_root() -> bool {
    static ROOT: OnceLock<bool> = OnceLock::new();
    *ROOT.get_or_init(|| Command::new("id").arg("-u").output().unwrap().stdout == b"0\n")
}

/// Path of a program of the newest PostgreSQL on this machine.
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

/// Creates the folder of a server, with its locale.
fn own_folder() -> PathBuf {
    let folder = tempfile::Builder::new().prefix("doorstep-postgres-").tempdir().unwrap().keep();
    run(Command::new("cp").arg("-r").arg(chinese()).arg(folder.join("locales")));
    if is_root() {
        run(Command::new("chown").arg("-R").arg("postgres").arg(&folder));
    }
    folder
}

/// Runs a command, and shows its output only if it fails. The output goes to a file, because a server would keep a pipe
/// open.
fn run(command: &mut Command) {
    let mut file = tempfile::tempfile().unwrap();
    let output = || Stdio::from(file.try_clone().unwrap());
    let status = command.current_dir("/").stdin(Stdio::null()).stdout(output()).stderr(output()).status().unwrap();
    let mut text = String::new();
    std::io::Seek::rewind(&mut file).unwrap();
    std::io::Read::read_to_string(&mut file, &mut text).unwrap();
    assert!(status.success(), "{command:?}: {status}\n{text}");
}
