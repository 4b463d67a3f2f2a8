//! Cloopen in the suite of all providers. The tests of Cloopen alone are in `sms.rs`.

use super::{Case, Settings, clock, templates};
use crate::support::cloopen::{
    ACCOUNT_SID, APP_ID, AUTH_TOKEN, Behaviour, DELETION_TEMPLATE_ID, FakeCloopen, NOTICE_TEMPLATE_ID, TEMPLATE_ID,
};
use chrono::TimeDelta;
use doorstep::adapters::sms::Provider;
use doorstep::adapters::sms::cloopen::Cloopen;
use doorstep::config::BaseUrl;
use doorstep::config::sms::cloopen;
use secrecy::SecretString;

pub struct Fake(FakeCloopen);

impl Case for Fake {
    const REJECTS_DUPLICATES: bool = true;
    const SUCCESS_NEEDS_THE_BODY: bool = true;
    const REFUSAL: (&'static str, &'static str) = ("160032", "statusCode 160032");
    const PHONE_LIMITS: &'static [(&'static str, u64)] =
        &[("160038", 60), ("160021", 3_600), ("160022", 3_600), ("160040", 3_600), ("160041", 3_600)];
    const SECRETS: &'static [&'static str] = &[ACCOUNT_SID, AUTH_TOKEN, "sig="];

    fn start() -> Self {
        Self(FakeCloopen::start(clock(TimeDelta::zero())))
    }

    fn provider(&self, settings: Settings) -> Box<dyn Provider> {
        let cloopen_settings = cloopen::Settings {
            base_url: settings.base_url.unwrap_or_else(|| BaseUrl(self.0.base_url.clone())),
            account_sid: ACCOUNT_SID.to_owned(),
            auth_token: SecretString::from(settings.key.unwrap_or(AUTH_TOKEN).to_owned()),
            app_id: APP_ID.to_owned(),
            templates: templates(TEMPLATE_ID, DELETION_TEMPLATE_ID, NOTICE_TEMPLATE_ID, None),
            timeout: settings.timeout,
        };
        Box::new(Cloopen::new(cloopen_settings, settings.clock).unwrap())
    }

    fn behave(&self, behaviour: Behaviour) {
        self.0.behave(behaviour);
    }

    fn accepted(&self) -> usize {
        self.0.accepted()
    }

    fn requests(&self) -> usize {
        self.0.requests()
    }
}
