//! Both releases, and their stores.

use crate::support::client::{BYPASS, Client};
use crate::support::doorstep::{Doorstep, Folder, Var};
use crate::support::postgres::{OwnPostgres, make_devices_older};
use crate::support::redis::{OwnRedis, connection};
use crate::support::webhook::{FakeWebhook, SECRET};
use deadpool_redis::redis::cmd;
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use doorstep::adapters::system::SystemClock;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Migration of the next release: it only adds.
const EXPANSION: &str = "
    ALTER TABLE users ADD COLUMN planted TEXT;
    ALTER TABLE sessions ADD COLUMN planted BIGINT NOT NULL DEFAULT 7;
    ALTER TABLE pending_acts ADD COLUMN planted TIMESTAMP;
    CREATE TABLE planted (id TEXT PRIMARY KEY, user_id TEXT REFERENCES users (id) ON DELETE CASCADE);
    INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000001')";

pub const DOCUMENT: &str = "terms@2026-11-01";
/// Published URL of both releases, for DPoP proofs.
pub const PUBLIC_URL: &str = "https://api.example.com";

pub struct Releases {
    /// The release before, and this one.
    pub clients: [Client; 2],
    pub sms: FakeWebhook,
    pub database: String,
    next_phone: AtomicU32,
    _processes: [Doorstep; 2],
    _postgres: OwnPostgres,
    redis: OwnRedis,
    _folders: [Folder; 2],
}

impl Releases {
    /// Starts the release before on an empty database, migrates as the next release does, and starts this one.
    pub async fn start() -> Arc<Self> {
        let (postgres, redis) = (OwnPostgres::start_new(), OwnRedis::new());
        let sms = FakeWebhook::start(Arc::new(SystemClock));
        let folders = [Folder::new(), Folder::new()];
        let [jwt_keys, secret_key] = folders[1].keygen();
        let (database, redis_url) = (postgres.url("postgres"), redis.url());
        let stores = [
            ("DATABASE_URL", database.as_str()),
            ("REDIS_URL", &redis_url),
            ("JWT_KEYS", &jwt_keys),
            ("SECRET_KEY", secret_key.trim()),
            ("SMS_WEBHOOK_URL", sms.url.as_str()),
        ];
        let vars = [&stores[..], &SETTINGS].concat();

        let program = program_before();
        migrate(&program, &database);
        let before = folders[0].start_program(&program, &vars);
        let before_client = Client::new(&before.url());
        before_client.wait_for_readiness("ready").await;

        migrate(env!("CARGO_BIN_EXE_doorstep"), &database);
        let mut admin = PgConnection::establish(&database).unwrap();
        admin.batch_execute(EXPANSION).unwrap();
        make_devices_older(&database);
        let next = folders[1].start(&vars);
        let clients = [before_client, Client::new(&next.url())];
        for client in &clients {
            client.wait_for_readiness("ready").await;
        }
        let next_phone = AtomicU32::new(0);
        let processes = [before, next];
        Arc::new(Self {
            clients,
            sms,
            database,
            next_phone,
            _processes: processes,
            _postgres: postgres,
            redis,
            _folders: folders,
        })
    }

    /// Ends the wait between two messages to one number, of all numbers.
    pub fn end_cooldowns(&self) {
        let mut redis = connection(&self.redis.url());
        let keys: Vec<String> = cmd("KEYS").arg("limit:*cooldown*").query(&mut redis).unwrap();
        if !keys.is_empty() {
            cmd("DEL").arg(keys).exec(&mut redis).unwrap();
        }
    }

    pub fn fresh_phone(&self) -> String {
        format!("+8613{:09}", self.next_phone.fetch_add(1, Ordering::Relaxed))
    }
}

/// Limits that this many people behind one address do not meet, and all that a flow needs.
const SETTINGS: [Var<'static>; 17] = [
    ("CAPTCHA_BYPASS_ANSWER", BYPASS),
    ("LEGAL_DOCUMENTS", DOCUMENT),
    ("PUBLIC_URLS", PUBLIC_URL),
    ("SMS_PROVIDERS", "webhook"),
    ("SMS_WEBHOOK_SECRET", SECRET),
    ("SMS_NOTICES", "off"),
    ("PROOF_OF_WORK", "off"),
    ("LIMIT_PHONE_HOUR", "100"),
    ("LIMIT_IP_CAPTCHAS", "100000"),
    ("LIMIT_IP_SENDS", "100000"),
    ("LIMIT_IP_PHONES_HOUR", "100000"),
    ("LIMIT_IP_UNVERIFIED_HOUR", "100000"),
    ("SMS_BUDGET_HOUR", "100000"),
    ("SMS_BUDGET_DAY", "1000000"),
    ("SMS_BUDGET_REGION_HOUR", "100000"),
    ("SMS_BUDGET_REGION_UNVERIFIED_HOUR", "100000"),
    ("SMS_BUDGET_RESERVED_PERCENT", "0"),
];

/// Path of the program of the release before, which `scripts/previous-release` has built.
fn program_before() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("tests/upgrade/previous-release")).unwrap();
    let commit = text.lines().find(|line| !line.starts_with('#')).unwrap();
    let program = root.join(".previous-release").join(commit).join("doorstep");
    assert!(program.is_file(), "run `make upgrade`: there is no {}", program.display());
    program.display().to_string()
}

fn migrate(program: &str, database: &str) {
    let mut command = Command::new(program);
    let output = command.arg("migrate").env_clear().env("DATABASE_URL", database).output().unwrap();
    assert!(output.status.success(), "{program}: {output:?}");
}
