//! Two providers: a person gets her code when one of them does not send, and never two codes.

use crate::support::aliyun::{DELETION_TEMPLATE, FakeAliyun, KEY_ID, KEY_SECRET, NOTICE_TEMPLATE, SIGN_NAME, TEMPLATE};
use crate::support::cloopen::Behaviour;
use crate::support::process::free_port;
use crate::support::provider;
use crate::test_server::{BackEnds, TestServer, fresh_phone};
use chrono::{DateTime, Utc};
use doorstep::ports::Clock;
use std::sync::Arc;

/// The time at which a house opens.
struct Opening;

impl Clock for Opening {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_795_000_000_000).unwrap()
    }
}

/// Cloopen first, then Aliyun.
struct Two {
    server: TestServer,
    aliyun: FakeAliyun,
}

impl Two {
    async fn with(back_ends: BackEnds, more: &[(&str, &str)]) -> Self {
        let aliyun = FakeAliyun::start(Arc::new(Opening));
        // It refuses variables that its templates do not have.
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

    /// The codes that Aliyun has carried.
    fn codes(&self) -> Vec<String> {
        let code = |taken: provider::Taken| taken.values.into_iter().find(|(name, _)| name == "code").unwrap().1;
        self.aliyun.stage.taken().into_iter().map(code).collect()
    }

    async fn verified_by(&self, provider: &str) -> f64 {
        self.server.metric("doorstep_codes_verified_total", &format!("provider=\"{provider}\"")).await
    }
}

async fn who_refuses_is_followed_by_the_next(back_ends: BackEnds) {
    let two = Two::with(back_ends, &[]).await;
    two.server.sms.behave(Behaviour::Refuse("160038"));
    let ticket = two.server.ticket(&fresh_phone()).await;
    assert_eq!((two.server.sms.requests(), two.codes().len()), (1, 1));
    assert_eq!(two.server.verify(&ticket, &two.codes()[0]).await.status, 200);
    assert_eq!((two.verified_by("aliyun").await, two.verified_by("cloopen").await), (1.0, 0.0));
    assert_eq!(two.server.metric("doorstep_sms_messages_total", "outcome=\"accepted\"").await, 1.0);
    assert_eq!(two.server.metric("doorstep_sms_attempts_total", "provider=\"cloopen\",outcome=\"refused\"").await, 1.0);
}

#[actix_web::test]
async fn who_refuses_is_followed_by_the_next_embedded() {
    who_refuses_is_followed_by_the_next(BackEnds::Embedded).await;
}

#[actix_web::test]
async fn who_refuses_is_followed_by_the_next_real() {
    who_refuses_is_followed_by_the_next(BackEnds::Real).await;
}

#[actix_web::test]
async fn who_cannot_be_reached_is_followed_by_the_next() {
    let nobody = format!("http://127.0.0.1:{}", free_port());
    let two = Two::with(BackEnds::Embedded, &[("SMS_CLOOPEN_BASE_URL", &nobody)]).await;
    two.server.ticket(&fresh_phone()).await;
    assert_eq!(two.codes().len(), 1);
}

/// Nobody knows whether the first has sent: the second is not asked, and the message stays counted.
#[actix_web::test]
async fn who_does_not_answer_is_followed_by_nobody() {
    let two = Two::with(BackEnds::Embedded, &[("SMS_BUDGET_HOUR", "1")]).await;
    two.server.sms.behave(Behaviour::Hang);
    two.server.send_code(&fresh_phone()).await.assert_refused(502, "sms_delivery_failed");
    assert_eq!((two.server.sms.requests(), two.codes().len()), (1, 0));
    two.server.send_code(&fresh_phone()).await.assert_refused(503, "sms_budget_exhausted");
}

/// A choice: perhaps twice rather than perhaps never. It is one code all the same.
#[actix_web::test]
async fn by_setting_the_next_is_asked_then_too() {
    let two = Two::with(BackEnds::Embedded, &[("SMS_FAILOVER_AFTER_TIMEOUT", "true")]).await;
    two.server.sms.behave(Behaviour::Hang);
    let ticket = two.server.ticket(&fresh_phone()).await;
    assert_eq!((two.server.sms.requests(), two.codes().len()), (1, 1));
    assert_eq!(two.server.verify(&ticket, &two.codes()[0]).await.status, 200);
}

#[actix_web::test]
async fn a_region_has_its_own_list() {
    let two = Two::with(BackEnds::Embedded, &[("SMS_PROVIDERS", "cloopen"), ("SMS_PROVIDERS_CN", "aliyun")]).await;
    two.server.ticket(&fresh_phone()).await;
    assert_eq!((two.server.sms.requests(), two.codes().len()), (0, 1));
}
