//! Real Redis servers. The tests of a process share one, with a numbered database for each test. A test that stops its
//! server starts its own.

pub mod cluster;
pub mod sentinel;

use super::process::{Stopped, free_port, spawn_with_cleanup};
use deadpool_redis::redis::{Client, Connection, RedisResult, Script, cmd};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const DATABASES: usize = 4_096;
/// Settings of every server with data.
const SERVER: &str = "save \"\"\nappendonly no\ndatabases 4096\n";

/// Returns the URL of an empty database of the shared server. No other call returns it.
pub fn url() -> String {
    static SHARED: OnceLock<OwnRedis> = OnceLock::new();
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    assert!(number < DATABASES, "more tests than databases");
    format!("{}/{number}", SHARED.get_or_init(OwnRedis::new).address())
}

/// Opens a blocking connection for the checks of a test.
pub fn connection(url: &str) -> Connection {
    connect(url).unwrap()
}

fn connect(url: &str) -> RedisResult<Connection> {
    Client::open(url)?.get_connection_with_timeout(Duration::from_secs(5))
}

/// Advances the time: shortens the TTL of every key in this database, and deletes the keys whose TTL is over.
pub fn advance(url: &str, by: Duration) {
    let script = Script::new(
        "for _, key in ipairs(redis.call('KEYS', '*')) do
           local left = redis.call('PTTL', key)
           if left > tonumber(ARGV[1]) then
             redis.call('PEXPIRE', key, left - ARGV[1])
           elseif left >= 0 then
             redis.call('DEL', key)
           end
         end",
    );
    script.arg(by.as_millis().to_string()).invoke::<()>(&mut connection(url)).unwrap();
}

/// Returns the keys of this database that do not expire.
pub fn without_expiry(url: &str) -> Vec<String> {
    let mut redis = connection(url);
    let mut keys: Vec<String> = cmd("KEYS").arg("*").query(&mut redis).unwrap();
    keys.retain(|key| cmd("PTTL").arg(key).query::<i64>(&mut redis).unwrap() == -1);
    keys
}

/// Separate server. The server stops and its folder is removed when this value is dropped, or when the process ends.
pub struct OwnRedis {
    port: u16,
    folder: PathBuf,
    /// Lines of its configuration file, besides the port.
    settings: String,
    /// Argument behind the configuration file.
    mode: &'static str,
    shell: Option<Child>,
    /// Shells of processes that have crashed.
    crashed: Vec<Child>,
}

impl OwnRedis {
    pub fn new() -> Self {
        Self::with("")
    }

    /// Starts a server with further lines in its configuration file.
    pub fn with(settings: &str) -> Self {
        let mut redis = Self::prepare(free_port(), &format!("{SERVER}{settings}"));
        redis.start();
        redis
    }

    /// Returns a server that is not started yet.
    fn prepare(port: u16, settings: &str) -> Self {
        let version = Command::new("redis-server").arg("--version").stdout(Stdio::null()).status();
        assert!(version.is_ok_and(|status| status.success()), "redis-server is missing: run scripts/setup");
        let folder = std::env::temp_dir().join(format!("doorstep-redis-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let folder = folder.canonicalize().unwrap();
        Self { port, folder, settings: settings.to_owned(), mode: "", shell: None, crashed: Vec::new() }
    }

    /// URL without a database.
    pub fn address(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub const fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> String {
        format!("{}/0", self.address())
    }

    /// Starts the server on the same port, without data unless it has crashed.
    pub fn start(&mut self) {
        self.spawn();
        self.wait_until_ready();
    }

    fn spawn(&mut self) {
        assert!(self.shell.is_none(), "the server is already running");
        std::fs::create_dir_all(&self.folder).unwrap();
        let (port, folder, file, mode) = (self.port, self.folder.display(), self.file(), self.mode);
        let standard = format!("port {port}\nbind 127.0.0.1\ndir {folder}\nlogfile {folder}/log\n");
        std::fs::write(&file, format!("{standard}{}", self.settings)).unwrap();
        self.shell = Some(spawn_with_cleanup(
            &format!("redis-server '{}' {mode} & PID=$!", file.display()),
            &format!("kill -9 $PID; wait $PID; rm -rf '{folder}'"),
        ));
    }

    fn file(&self) -> PathBuf {
        self.folder.join("redis.conf")
    }

    fn wait_until_ready(&self) {
        let what = format!("redis-server on port {}", self.port);
        wait_until(&what, || self.is_ready());
    }

    /// Returns true if this server, and no other one, listens on the port.
    fn is_ready(&self) -> bool {
        let file = format!("config_file:{}", self.file().display());
        let info = connect(&self.url()).and_then(|mut redis| cmd("INFO").arg("server").query::<String>(&mut redis));
        info.is_ok_and(|info| info.lines().any(|line| line == file))
    }

    /// Reply to `INFO`; empty if the server does not answer.
    pub fn info(&self, section: &str) -> String {
        connect(&self.url()).and_then(|mut redis| cmd("INFO").arg(section).query(&mut redis)).unwrap_or_default()
    }

    /// Sends a signal that ends the process, waits for its end, and keeps the folder: [`OwnRedis::start`] continues
    /// with the data that are on the disk.
    pub fn crash(&mut self, signal: &str) {
        let process = self.info("server");
        let process = process.lines().find_map(|line| line.strip_prefix("process_id:")).unwrap().to_owned();
        self::signal(signal, &process);
        // Its shell removes the folder when this value is dropped.
        self.crashed.extend(self.shell.take());
        wait_until("end of redis-server", || TcpStream::connect(("127.0.0.1", self.port)).is_err());
    }

    /// Kills the server with SIGKILL and waits for its end.
    pub fn kill(&mut self) {
        if let Some(mut shell) = self.shell.take() {
            drop(shell.stdin.take());
            shell.wait().unwrap();
        }
    }
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Stops a Redis process with SIGSTOP: it accepts commands, and executes them when it continues.
pub fn stop(url: &str) -> Stopped {
    let info: String = cmd("INFO").arg("server").query(&mut connection(url)).unwrap();
    let process = info.lines().find_map(|line| line.strip_prefix("process_id:")).unwrap();
    Stopped::new(vec![process.to_owned()])
}

/// Waits for a condition that becomes true by itself.
#[track_caller]
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn signal(signal: &str, process: &str) {
    assert!(Command::new("kill").args([signal, process]).status().unwrap().success());
}
