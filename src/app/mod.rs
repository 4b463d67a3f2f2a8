//! Composition root: builds the adapters from the settings, the service from the adapters, and the server from the
//! service.

mod avatar;
mod captcha;
mod check;
pub mod cpu_dispatch;
mod data_folder;
mod descriptors;
mod hasher;
mod json_line;
mod keys;
mod log;
mod metrics;
mod pages;
mod port;
mod redis;
mod runtime;
mod server;
mod shutdown;
mod sms;

pub use captcha::pictures;
pub use check::check;
pub use data_folder::make_data_folder;
pub use keys::new_secret_key;
pub use log::start as start_log;
pub use runtime::Runtime;

use crate::adapters::captcha::Speaker;
use crate::adapters::database::{Database, Settings, migrate};
use crate::adapters::dpop::Es256Proofs;
use crate::adapters::sms::PhoneLimits;
use crate::adapters::staging::memory::MemoryStaging;
use crate::config::{Config, Problems, StagingSettings};
use crate::domain::outbox::Outbox;
use crate::domain::phone;
use crate::flows::background::Background;
use crate::flows::{Ports, Service};
use crate::http::openapi;
use crate::ports::Staging;
use actix_web::dev::ServerHandle;
use secrecy::ExposeSecret;
use server::HttpServer;
use shutdown::Times;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;

/// Server that is bound to its port and connected to its parts.
pub struct App {
    http: HttpServer,
    service: Service,
    metrics: Option<(SocketAddr, ServerHandle)>,
    times: Times,
}

impl App {
    pub async fn build(config: Config) -> Result<Self, Box<dyn Error>> {
        Self::build_in(Runtime::real(), config).await
    }

    /// Builds all parts and binds the port, but does not serve yet. Must run on the same runtime as
    /// [`App::run_until_stopped`].
    pub async fn build_in(runtime: Runtime, config: Config) -> Result<Self, Box<dyn Error>> {
        // TLS for Redis and the SMS providers. It is already installed if this is the second App in the process.
        drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        validate(&config, &runtime)?;
        for phone in config.policy.test_phones.expired(runtime.clock.now()) {
            tracing::warn!(phone = phone.masked(), "test number expired");
        }
        if config.policy.public_urls.is_empty() {
            tracing::info!("dpop disabled: PUBLIC_URLS not set");
        }
        make_data_folder(&config)?;
        let keys = keys::load(&config, &*runtime.clock, &*runtime.rng)?;
        let database = Arc::new(open_database(&config)?);
        let metrics = metrics::start(&config.metrics)?;
        let telemetry = metrics.telemetry;
        let staging = staging(&config, &runtime)?;
        let outbox = Outbox::default();
        let phone_limits = PhoneLimits::new(Arc::clone(&staging) as _, keys.derived.phone_hash.clone());
        let ports = Ports {
            staging,
            users: Arc::clone(&database) as _,
            hasher: Arc::new(hasher::start(&config.hashing, &runtime.rng)?),
            sms: sms::router(&config.sms, &runtime, phone_limits, &telemetry, &outbox)?,
            telemetry,
            captcha_renderer: Arc::new(pictures(&config, &*runtime.rng)?),
            // The same number of threads as for requests: an audio captcha takes a millisecond of computing.
            audio_captcha: Arc::new(Speaker::new(config.server.workers)),
            tokens: Arc::new(keys.tokens),
            dpop_proofs: Arc::new(Es256Proofs),
            avatars: avatar::storage(&config.avatar)?,
            clock: runtime.clock,
            rng: runtime.rng,
        };
        let pages = pages::compress(&config, outbox)?;
        let service = Service::new(ports, keys.derived, config.policy, Background::new(Handle::current()));
        tokio::spawn(warm_up(service.clone(), database));
        service.start_sweep();
        service.start_probes();
        let max_connections = descriptors::max_connections(config.server.max_connections, descriptors::raise_limit());
        let http = server::bind(&config.server, &service, pages, max_connections)?;
        let (mode, database, version) = (config.mode.name(), config.database.engine(), cpu_dispatch::version());
        let (staging, avatars, sms) = (config.staging.name(), config.avatar.name(), config.sms.route.join(","));
        tracing::info!(version, mode, database, staging, sms, avatars, "listening on http://{}", http.address);
        if let Some((address, _)) = &metrics.server {
            tracing::info!("metrics on http://{address}/metrics");
        }
        let times = Times { delay: config.server.shutdown_delay, limit: config.server.shutdown };
        Ok(Self { http, service, metrics: metrics.server, times })
    }

    /// Bound port, also if the settings contain port 0 (any port).
    #[must_use]
    pub fn port(&self) -> u16 {
        self.http.address.port()
    }

    #[must_use]
    pub const fn service(&self) -> &Service {
        &self.service
    }

    /// Address of the metrics, if a server for them runs.
    #[must_use]
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().map(|(address, _)| *address)
    }

    /// Serves until SIGTERM or SIGINT, then completes requests in flight and messages on their way.
    pub async fn run_until_stopped(self) -> Result<(), Box<dyn Error>> {
        let stopped_at = self.http.serve(&self.service, &self.times).await?;
        let left = self.times.limit.saturating_sub(stopped_at.elapsed());
        if tokio::time::timeout(left, self.service.finish()).await.is_err() {
            tracing::warn!("shutdown timed out");
        }
        // The metrics stop last, so that they also show the shutdown.
        if let Some((_, metrics)) = &self.metrics {
            metrics.stop(false).await;
        }
        tracing::info!("shutdown complete");
        Ok(())
    }
}

/// Repeats the checks of `check-config`, for programs that use the crate, and logs the warnings.
fn validate(config: &Config, runtime: &Runtime) -> Result<(), Problems> {
    let mut problems = Problems::default();
    check(config, runtime.clock.now(), &mut problems);
    if !problems.errors.is_empty() {
        return Err(problems);
    }
    for warning in &config.warnings {
        tracing::warn!(warning, "setting needs attention");
    }
    Ok(())
}

fn open_database(config: &Config) -> Result<Database, Box<dyn Error>> {
    let url = config.database.url.expose_secret();
    if config.database.migrate_on_start {
        for name in migrate::run(url)? {
            tracing::info!(name, "migration applied");
        }
    }
    Ok(Database::open(url, Settings { connections: config.database.connections })?)
}

fn staging(config: &Config, runtime: &Runtime) -> Result<Arc<dyn Staging>, Box<dyn Error>> {
    Ok(match &config.staging {
        StagingSettings::Memory => Arc::new(MemoryStaging::new(Arc::clone(&runtime.clock))),
        StagingSettings::Redis { url } => redis::staging(url, config.server.workers)?,
    })
}

/// Does the work that would slow down the first requests. Then reports that the service is ready, when the database is
/// migrated.
async fn warm_up(service: Service, database: Arc<Database>) {
    let regions = service.policy().regions.clone();
    let warm_up = move || {
        phone::warm_up(&regions);
        openapi::warm_up();
        doorstep_huge_pages::return_freed_memory();
    };
    drop(tokio::task::spawn_blocking(warm_up).await);
    loop {
        match database.pending().await {
            Ok(pending) if pending.is_empty() => return service.set_warm(),
            Ok(pending) => tracing::error!(?pending, "database not migrated: run `doorstep migrate`"),
            Err(error) => tracing::warn!(%error, "not ready"),
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
