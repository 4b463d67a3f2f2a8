//! Back ends of the measured service: the same servers as in the tests, and an SMS provider in this process, which
//! therefore knows the codes.

use crate::process;
use crate::server::Server;
use crate::sign_up_requests::BYPASS;
use crate::support::cloopen::{ACCOUNT_SID, APP_ID, AUTH_TOKEN, FakeCloopen, NOTICE_TEMPLATE_ID, TEMPLATE_ID};
use crate::support::postgres::OwnPostgres;
use crate::support::redis::{self, OwnRedis};
use deadpool_redis::redis::{InfoDict, cmd};
use diesel::dsl::sql;
use diesel::sql_types::Integer;
use diesel::{Connection, PgConnection, RunQueryDsl};
use doorstep::adapters::database::migrate;
use doorstep::adapters::system::SystemClock;
use doorstep::domain::keys::Keys;
use doorstep::domain::master_keys::MasterKeys;
use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// Name of the service's database.
pub const DATABASE: &str = "load";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Staging in memory, SQLite with `synchronous=FULL`.
    Embedded,
    /// Redis and PostgreSQL.
    Real,
}

pub struct BackEnds {
    pub sms: FakeCloopen,
    pub redis: OwnRedis,
    pub postgres: OwnPostgres,
    /// Folder of the SQLite file and the keys, which survive a restart of the service.
    folder: TempDir,
}

impl BackEnds {
    /// `durable`: PostgreSQL waits for the disk at each commit, as in production.
    pub fn start(durable: bool) -> Self {
        let postgres = if durable { OwnPostgres::start_durable() } else { OwnPostgres::start_new() };
        postgres.admin(&format!("CREATE DATABASE {DATABASE}"));
        postgres.admin("CREATE EXTENSION pg_stat_statements");
        migrate::run(&postgres.url(DATABASE)).unwrap();
        let sms = FakeCloopen::start(Arc::new(SystemClock));
        Self { sms, redis: OwnRedis::new(), postgres, folder: tempfile::tempdir().unwrap() }
    }

    /// Starts a service on these back ends, with limits so high that no request reaches them.
    pub fn serve(&self, kind: Kind) -> Server {
        Server::doorstep(&self.variables(kind))
    }

    /// Starts a service on Redis and PostgreSQL, with further settings.
    pub fn serve_with(&self, settings: &[(&'static str, String)]) -> Server {
        Server::doorstep(&[&self.variables(Kind::Real), settings].concat())
    }

    /// Starts a service on Redis and PostgreSQL inside another program, with further settings.
    pub fn serve_in(&self, program: Command, settings: &[(&'static str, String)]) -> Server {
        Server::doorstep_in(program, &[&self.variables(Kind::Real), settings].concat())
    }

    fn variables(&self, kind: Kind) -> Vec<(&'static str, String)> {
        let unlimited = [
            "LIMIT_IP_SENDS",
            "LIMIT_IP_PHONES_HOUR",
            "LIMIT_IP_UNVERIFIED_HOUR",
            "LIMIT_IP_CAPTCHAS",
            "LIMIT_IP_WRONG_PASSWORDS_HOUR",
            "LOGIN_IP_CAPTCHA_AFTER",
            "SMS_BUDGET_REGION_UNVERIFIED_HOUR",
            "SMS_BUDGET_REGION_HOUR",
            "SMS_BUDGET_HOUR",
            "SMS_BUDGET_DAY",
        ];
        let mut variables = vec![
            ("DATA_DIR", self.folder.path().display().to_string()),
            // The service collects metrics while it is measured.
            ("METRICS_BIND", "127.0.0.1:0".to_owned()),
            ("CAPTCHA_BYPASS_ANSWER", BYPASS.to_owned()),
            ("PROOF_OF_WORK", "off".to_owned()),
            // The provider is a fake.
            ("ALLOW_INSECURE_DEVELOPMENT", "true".to_owned()),
            ("SMS_PROVIDERS", "cloopen".to_owned()),
            ("SMS_CLOOPEN_BASE_URL", self.sms.base_url.to_string()),
            ("SMS_CLOOPEN_ACCOUNT_SID", ACCOUNT_SID.to_owned()),
            ("SMS_CLOOPEN_AUTH_TOKEN", AUTH_TOKEN.to_owned()),
            ("SMS_CLOOPEN_APP_ID", APP_ID.to_owned()),
            ("SMS_CLOOPEN_TEMPLATE_CODE", TEMPLATE_ID.to_owned()),
            ("SMS_CLOOPEN_TEMPLATE_DELETE_ACCOUNT", "3".to_owned()),
            ("SMS_CLOOPEN_TEMPLATE_PHONE_CHANGED", NOTICE_TEMPLATE_ID.to_owned()),
            ("SMS_NOTICES", "off".to_owned()),
        ];
        variables.extend(unlimited.map(|limit| (limit, "1000000".to_owned())));
        if kind == Kind::Real {
            variables.push(("REDIS_URL", self.redis.url()));
            variables.push(("DATABASE_URL", self.database_url(kind)));
        }
        variables
    }

    /// Keys of the service, which has started once before.
    pub fn keys(&self) -> Keys {
        let text = fs::read_to_string(self.folder.path().join("secret_key")).unwrap();
        Keys::new(&MasterKeys::parse(&text).unwrap())
    }

    /// Returns the URL of the database, or the path of the SQLite file, which exists after the first start of a
    /// service.
    pub fn database_url(&self, kind: Kind) -> String {
        match kind {
            Kind::Embedded => self.folder.path().join("doorstep.sqlite3").display().to_string(),
            Kind::Real => self.postgres.url(DATABASE),
        }
    }

    /// Waits for the code of a phone.
    pub async fn code_for(&self, phone: &str) -> String {
        loop {
            if let Some(code) = self.sms.code_for(phone) {
                return code;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Processor time of Redis so far.
    pub fn redis_cpu(&self) -> Duration {
        let info: InfoDict = cmd("INFO").arg("server").query(&mut redis::connection(&self.redis.url())).unwrap();
        process::cpu(info.get("process_id").unwrap())
    }

    /// Commands that Redis has received so far, without those of scripts.
    pub fn redis_commands(&self) -> f64 {
        let info: InfoDict = cmd("INFO").arg("commandstats").query(&mut redis::connection(&self.redis.url())).unwrap();
        let calls = |name: &str| {
            let line: Option<String> = info.get(&format!("cmdstat_{name}"));
            line.and_then(|line| line.strip_prefix("calls=")?.split(',').next()?.parse::<f64>().ok())
        };
        ["evalsha", "eval", "del"].into_iter().filter_map(calls).sum()
    }

    /// Processor time of PostgreSQL so far: the sum over all its processes, also those that have ended.
    pub fn postgres_cpu(&self) -> Duration {
        let (postmaster, processes) = self.postgres_processes();
        let living: Duration = processes.into_iter().map(process::cpu).sum();
        living + process::cpu_of_ended_children(postmaster)
    }

    /// Number of times that PostgreSQL has waited so far: the sum over all its processes.
    pub fn postgres_waits(&self) -> u64 {
        self.postgres_processes().1.into_iter().map(process::waits).sum()
    }

    /// Returns the first process, and all of them.
    fn postgres_processes(&self) -> (u32, Vec<u32>) {
        let mut connection = PgConnection::establish(&self.postgres.url("postgres")).unwrap();
        let own: i32 = sql::<Integer>("SELECT pg_backend_pid()").get_result(&mut connection).unwrap();
        let postmaster = process::parent(own.unsigned_abs()).unwrap();
        (postmaster, process::children(postmaster).into_iter().chain([postmaster]).collect())
    }
}
