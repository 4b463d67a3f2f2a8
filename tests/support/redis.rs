//! Real Redis servers. One is shared by a test process, a numbered database for each test; a test that has to break
//! its server starts its own.

use super::process::{free_port, tethered};
use deadpool_redis::redis::{Client, Connection, RedisResult, Script, cmd};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const DATABASES: usize = 4_096;

/// An empty database of the shared server, never given to anybody else.
pub fn url() -> String {
    static SHARED: OnceLock<OwnRedis> = OnceLock::new();
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    assert!(number < DATABASES, "more tests than databases");
    format!("{}/{number}", SHARED.get_or_init(OwnRedis::new).address())
}

/// A blocking connection for a test's own questions.
pub fn connection(url: &str) -> Connection {
    connect(url).unwrap()
}

fn connect(url: &str) -> RedisResult<Connection> {
    Client::open(url)?.get_connection_with_timeout(Duration::from_secs(5))
}

/// Moves time: every key of this database has so much less to live, and dies if it has no more.
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

/// The keys of this database that would live for ever.
pub fn without_expiry(url: &str) -> Vec<String> {
    let mut redis = connection(url);
    let mut keys: Vec<String> = cmd("KEYS").arg("*").query(&mut redis).unwrap();
    keys.retain(|key| cmd("PTTL").arg(key).query::<i64>(&mut redis).unwrap() == -1);
    keys
}

/// A server of one's own. It and its folder are gone when this is dropped, or when the process ends in any way.
pub struct OwnRedis {
    port: u16,
    folder: PathBuf,
    shell: Option<Child>,
}

impl OwnRedis {
    pub fn new() -> Self {
        let version = Command::new("redis-server").arg("--version").stdout(Stdio::null()).status();
        assert!(version.is_ok_and(|status| status.success()), "redis-server is missing: run scripts/setup");
        let port = free_port();
        let folder = std::env::temp_dir().join(format!("doorstep-redis-{}-{port}", std::process::id()));
        let mut redis = Self { port, folder, shell: None };
        redis.start();
        redis
    }

    fn address(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub fn url(&self) -> String {
        format!("{}/0", self.address())
    }

    /// Starts it, empty, where it was before.
    pub fn start(&mut self) {
        assert!(self.shell.is_none(), "it runs");
        std::fs::create_dir_all(&self.folder).unwrap();
        self.folder = self.folder.canonicalize().unwrap();
        let (port, folder) = (self.port, self.folder.display());
        self.shell = Some(tethered(
            &format!(
                "redis-server --port {port} --bind 127.0.0.1 --dir '{folder}' --logfile '{folder}/log' \
                 --save '' --appendonly no --databases {DATABASES} & PID=$!"
            ),
            &format!("kill -9 $PID; wait $PID; rm -rf '{folder}'"),
        ));
        let deadline = Instant::now() + Duration::from_secs(10);
        while !self.answers() {
            assert!(Instant::now() < deadline, "redis-server did not start on port {port}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Whether it is this server that listens there.
    fn answers(&self) -> bool {
        let folder: RedisResult<(String, String)> =
            connect(&self.url()).and_then(|mut redis| cmd("CONFIG").arg("GET").arg("dir").query(&mut redis));
        folder.is_ok_and(|(_, folder)| self.folder == Path::new(&folder))
    }

    /// Kills it the hard way and returns when it is dead.
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
