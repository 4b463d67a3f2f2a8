//! Two replicas of the program, their stores, the SMS provider, and a proxy in front of each server.

use crate::proxy::Proxy;
use crate::support::client::BYPASS;
use crate::support::doorstep::{DEADLINE, Doorstep, Folder, Var};
use crate::support::postgres::{self, OwnPostgres};
use crate::support::process::free_port;
use crate::support::redis::OwnRedis;
use crate::support::redis::cluster::OwnCluster;
use crate::support::redis::sentinel::OwnSentinels;
use crate::support::webhook::{FakeWebhook, SECRET};
use crate::users::http;
use doorstep::adapters::database::migrate;
use doorstep::adapters::system::SystemClock;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};
use tokio::time::sleep;

/// Servers that a scenario needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stores {
    /// One Redis that loses nothing when it is restarted, and a database on a shared PostgreSQL.
    #[default]
    Standard,
    /// One Redis without persistence.
    WithoutPersistence,
    /// A PostgreSQL of its own.
    OwnPostgres,
    Sentinel,
    Cluster,
}

pub enum Redis {
    One(OwnRedis),
    Sentinel(Box<OwnSentinels>),
    Cluster(OwnCluster),
}

pub struct Setup {
    pub redis: Redis,
    pub redis_proxy: Proxy,
    pub own_postgres: Option<OwnPostgres>,
    /// URL of the database without a proxy.
    pub database: String,
    pub postgres_proxy: Proxy,
    pub sms: FakeWebhook,
    pub sms_proxy: Proxy,
    pub replicas: [Replica; 2],
    /// Client of all users.
    pub http: reqwest::Client,
    /// Threads of the users and of the proxies.
    pub runtime: Runtime,
}

pub struct Replica {
    folder: Folder,
    vars: Vec<(String, String)>,
    pub doorstep: Doorstep,
    /// Lines of the processes before this one.
    earlier: Vec<String>,
    pub url: String,
}

impl Setup {
    pub fn new(stores: Stores) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let redis = Redis::start(stores);
        let own_postgres = (stores == Stores::OwnPostgres).then(OwnPostgres::start_new);
        let database = own_postgres.as_ref().map_or_else(postgres::url, |own| own.url("postgres"));
        if own_postgres.is_some() {
            migrate::run(&database).unwrap();
        }
        postgres::make_devices_older(&database);
        let sms = FakeWebhook::start(Arc::new(SystemClock));
        let proxy = |port| Proxy::start(runtime.handle(), port);
        let redis_proxy = proxy(redis.port());
        let (postgres_proxy, sms_proxy) = (proxy(port_of(&database)), proxy(sms.url.port().unwrap()));
        let redis_url = redis.url(&redis_proxy);
        let database_url = with_port(&database, postgres_proxy.port);
        let sms_url = with_port(sms.url.as_str(), sms_proxy.port);
        let vars = vars(&[("REDIS_URL", &redis_url), ("DATABASE_URL", &database_url), ("SMS_WEBHOOK_URL", &sms_url)]);
        let replicas = [Replica::start(&vars), Replica::start(&vars)];
        let setup = Self {
            redis,
            redis_proxy,
            own_postgres,
            database,
            postgres_proxy,
            sms,
            sms_proxy,
            replicas,
            http: http(),
            runtime,
        };
        setup.replicas.iter().for_each(|replica| setup.wait_until_ready(replica));
        setup
    }

    pub fn wait_until_ready(&self, replica: &Replica) {
        // The log names the address when the port is open.
        let (url, begun) = (format!("{}/readyz", replica.doorstep.url()), Instant::now());
        self.runtime.block_on(async {
            while !self.http.get(&url).send().await.is_ok_and(|response| response.status() == 200) {
                assert!(begun.elapsed() < DEADLINE, "not ready: {}", replica.doorstep.output().join("\n"));
                sleep(Duration::from_millis(20)).await;
            }
        });
    }

    pub fn urls(&self) -> [String; 2] {
        self.replicas.each_ref().map(|replica| replica.url.clone())
    }
}

impl Redis {
    fn start(stores: Stores) -> Self {
        match stores {
            Stores::Sentinel => Self::Sentinel(Box::new(OwnSentinels::new())),
            Stores::Cluster => Self::Cluster(OwnCluster::new(true)),
            Stores::WithoutPersistence => Self::One(OwnRedis::new()),
            Stores::Standard | Stores::OwnPostgres => Self::One(OwnRedis::with("appendonly yes\n")),
        }
    }

    /// Port behind the proxy. A client of Sentinel or of a cluster finds the servers without the proxy.
    fn port(&self) -> u16 {
        match self {
            Self::One(server) => server.port(),
            Self::Sentinel(own) => own.servers[0].port(),
            Self::Cluster(own) => own.nodes[0].port(),
        }
    }

    fn url(&self, proxy: &Proxy) -> String {
        match self {
            Self::One(_) => format!("redis://127.0.0.1:{}/0", proxy.port),
            Self::Sentinel(own) => own.url(0),
            Self::Cluster(own) => own.url(),
        }
    }

    /// The server of a setup with one.
    pub fn one(&mut self) -> &mut OwnRedis {
        match self {
            Self::One(server) => server,
            Self::Sentinel(_) | Self::Cluster(_) => panic!("this setup has several servers"),
        }
    }

    /// URLs of all primaries.
    pub fn primaries(&self) -> Vec<String> {
        let primary = |server: &&OwnRedis| server.info("replication").contains("role:master");
        match self {
            Self::One(server) => vec![server.url()],
            Self::Sentinel(own) => own.servers.iter().filter(primary).map(OwnRedis::url).collect(),
            Self::Cluster(own) => own.nodes.iter().filter(primary).map(OwnRedis::url).collect(),
        }
    }
}

impl Replica {
    fn start(vars: &[(String, String)]) -> Self {
        let folder = Folder::new();
        let bind = format!("127.0.0.1:{}", free_port());
        let vars = [vars, &[("BIND".to_owned(), bind.clone())]].concat();
        let doorstep = spawn(&folder, &vars);
        Self { folder, vars, doorstep, earlier: Vec::new(), url: format!("http://{bind}") }
    }

    /// Starts another process on the same port, when the first one has ended.
    pub fn start_again(&mut self) {
        self.earlier.extend(self.doorstep.output());
        self.doorstep = spawn(&self.folder, &self.vars);
    }

    /// Lines of the log, of all processes.
    pub fn output(&self) -> Vec<String> {
        [self.earlier.clone(), self.doorstep.output()].concat()
    }
}

fn spawn(folder: &Folder, vars: &[(String, String)]) -> Doorstep {
    let vars: Vec<Var<'_>> = vars.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    folder.start(&vars)
}

/// Settings of all replicas. Limits of a client count by the address that its user sends; those of a phone and of the
/// service are so high that correct users do not meet them.
fn vars(stores: &[Var<'_>]) -> Vec<(String, String)> {
    static KEYS: OnceLock<[String; 2]> = OnceLock::new();
    let [jwt_keys, secret_key] = KEYS.get_or_init(|| Folder::new().keygen());
    let settings = [
        ("JWT_KEYS", jwt_keys.as_str()),
        ("SECRET_KEY", secret_key.trim()),
        ("TRUSTED_PROXIES", "127.0.0.1/32"),
        ("SMS_PROVIDERS", "webhook"),
        ("SMS_WEBHOOK_SECRET", SECRET),
        ("SMS_NOTICES", "off"),
        ("CAPTCHA_BYPASS_ANSWER", BYPASS),
        ("PROOF_OF_WORK", "off"),
        ("SMS_TIMEOUT_SECONDS", "1"),
        ("COOLDOWN_SECONDS", "2"),
        ("LIMIT_PHONE_HOUR", "100"),
        ("LIMIT_PHONE_DAY", "100"),
        ("LIMIT_IP_CAPTCHAS", "1000"),
        ("LIMIT_IP_SENDS", SENDS_TEXT),
        ("LIMIT_IP_PHONES_HOUR", "10000"),
        ("LIMIT_IP_UNVERIFIED_HOUR", "10000"),
        ("SMS_BUDGET_RESERVED_PERCENT", "0"),
        ("SMS_BUDGET_HOUR", "1000000"),
        ("SMS_BUDGET_DAY", "10000000"),
        ("SMS_BUDGET_REGION_HOUR", "1000000"),
        ("SMS_BUDGET_REGION_UNVERIFIED_HOUR", "100000"),
        ("WORKERS", "2"),
    ];
    let own = |(name, value): &Var<'_>| ((*name).to_owned(), (*value).to_owned());
    settings.iter().chain(stores).map(own).collect()
}

/// Messages that one IP block can request: the limit that the probe exhausts.
pub const SENDS: usize = 150;
const SENDS_TEXT: &str = "150";

fn port_of(url: &str) -> u16 {
    url::Url::parse(url).unwrap().port().unwrap()
}

fn with_port(url: &str, port: u16) -> String {
    let mut url = url::Url::parse(url).unwrap();
    url.set_port(Some(port)).unwrap();
    url.into()
}
