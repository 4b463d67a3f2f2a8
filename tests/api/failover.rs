//! Failover between two SMS providers: a code is sent once, also when the first provider fails.

use crate::support::aliyun::{DELETION_TEMPLATE, FakeAliyun, KEY_ID, KEY_SECRET, NOTICE_TEMPLATE, SIGN_NAME, TEMPLATE};
use crate::support::cloopen::Behaviour;
use crate::support::process::free_port;
use crate::support::provider;
use crate::test_server::{BackEnds, TestServer, fresh_phone};
use chrono::{DateTime, Utc};
use doorstep::ports::Clock;
use std::sync::Arc;

/// Clock that shows the start time of a test server.
struct StartTime;

impl Clock for StartTime {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_795_000_000_000).unwrap()
    }
}

/// Service with two SMS providers: Cloopen first, then Aliyun.
struct TwoProviders {
    server: TestServer,
    aliyun: FakeAliyun,
}

impl TwoProviders {
    async fn with(back_ends: BackEnds, more: &[(&str, &str)]) -> Self {
        let aliyun = FakeAliyun::start(Arc::new(StartTime));
        // Aliyun refuses variables that a template does not have.
        let (code, deletion) = (format!("{TEMPLATE}(code,time=minutes)"), format!("{DELETION_TEMPLATE}(code)"));
        let settings = [
            ("SMS_PROVIDERS", "cloopen,aliyun"),
            ("SMS_ALIYUN_BASE_URL", aliyun.base_url.as_str()),
            ("SMS_ALIYUN_ACCESS_KEY_ID", KEY_ID),
            ("SMS_ALIYUN_ACCESS_KEY_SECRET", KEY_SECRET),
            ("SMS_ALIYUN_SIGN_NAME", SIGN_NAME),
            ("SMS_ALIYUN_TEMPLATE_CODE", code.as_str()),
            ("SMS_ALIYUN_TEMPLATE_DELETE_ACCOUNT", deletion.as_str()),
            ("SMS_ALIYUN_TEMPLATE_PHONE_CHANGED", NOTICE_TEMPLATE),
            ("SMS_TIMEOUT_SECONDS", "1"),
        ];
        Self { server: TestServer::with(back_ends, &[&settings, more].concat()).await, aliyun }
    }

    /// Codes that Aliyun has accepted.
    fn aliyun_codes(&self) -> Vec<String> {
        let code = |message: provider::Taken| message.values.into_iter().find(|(name, _)| name == "code").unwrap().1;
        self.aliyun.stage.taken().into_iter().map(code).collect()
    }

    /// Number of verified codes that this provider has sent.
    async fn verified_by(&self, provider: &str) -> f64 {
        self.server.metric("doorstep_codes_verified_total", &format!("provider=\"{provider}\"")).await
    }
}

async fn after_a_refusal_the_next_provider_sends_the_code(back_ends: BackEnds) {
    let providers = TwoProviders::with(back_ends, &[]).await;
    providers.server.sms.behave(Behaviour::Refuse("160032"));
    let ticket = providers.server.new_ticket(&fresh_phone()).await;
    assert_eq!((providers.server.sms.requests(), providers.aliyun_codes().len()), (1, 1));
    assert_eq!(providers.server.verify_code(&ticket, &providers.aliyun_codes()[0]).await.status, 200);
    assert_eq!((providers.verified_by("aliyun").await, providers.verified_by("cloopen").await), (1.0, 0.0));
    assert_eq!(providers.server.metric("doorstep_sms_messages_total", "outcome=\"accepted\"").await, 1.0);
    assert_eq!(
        providers.server.metric("doorstep_sms_attempts_total", "provider=\"cloopen\",outcome=\"refused\"").await,
        1.0
    );
}

#[actix_web::test]
async fn after_a_refusal_the_next_provider_sends_the_code_embedded() {
    after_a_refusal_the_next_provider_sends_the_code(BackEnds::Embedded).await;
}

#[actix_web::test]
async fn after_a_refusal_the_next_provider_sends_the_code_real() {
    after_a_refusal_the_next_provider_sends_the_code(BackEnds::Real).await;
}

#[actix_web::test]
async fn after_a_connection_failure_the_next_provider_sends_the_code() {
    let unreachable = format!("http://127.0.0.1:{}", free_port());
    let providers = TwoProviders::with(BackEnds::Embedded, &[("SMS_CLOOPEN_BASE_URL", &unreachable)]).await;
    providers.server.new_ticket(&fresh_phone()).await;
    assert_eq!(providers.aliyun_codes().len(), 1);
}

/// The first provider has possibly sent the message, so the second is not called, and the message stays counted.
#[actix_web::test]
async fn after_a_timeout_no_other_provider_is_called() {
    let providers = TwoProviders::with(BackEnds::Embedded, &[("SMS_BUDGET_HOUR", "1")]).await;
    providers.server.sms.behave(Behaviour::Hang);
    providers.server.send_code(&fresh_phone()).await.assert_error(502, "sms_delivery_failed");
    assert_eq!((providers.server.sms.requests(), providers.aliyun_codes().len()), (1, 0));
    providers.server.send_code(&fresh_phone()).await.assert_error(503, "sms_budget_exhausted");
}

/// The setting prefers a message that is possibly sent twice to one that is never sent. Both contain the same code.
#[actix_web::test]
async fn failover_after_a_timeout_can_be_turned_on() {
    let providers = TwoProviders::with(BackEnds::Embedded, &[("SMS_FAILOVER_AFTER_TIMEOUT", "true")]).await;
    providers.server.sms.behave(Behaviour::Hang);
    let ticket = providers.server.new_ticket(&fresh_phone()).await;
    assert_eq!((providers.server.sms.requests(), providers.aliyun_codes().len()), (1, 1));
    assert_eq!(providers.server.verify_code(&ticket, &providers.aliyun_codes()[0]).await.status, 200);
}

#[actix_web::test]
async fn a_region_can_have_its_own_providers() {
    let providers =
        TwoProviders::with(BackEnds::Embedded, &[("SMS_PROVIDERS", "cloopen"), ("SMS_PROVIDERS_CN", "aliyun")]).await;
    providers.server.new_ticket(&fresh_phone()).await;
    assert_eq!((providers.server.sms.requests(), providers.aliyun_codes().len()), (0, 1));
}
