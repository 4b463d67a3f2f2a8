//! Rules that keep a development server away from the internet and from real phones.

use super::captcha::CAPTCHA_BYPASS_ANSWER;
use super::env::Env;
use super::mode::ALLOW_INSECURE_DEVELOPMENT;
use super::server::BIND;
use super::sms::{self, ProviderSettings, SMS_PROVIDERS};
use crate::domain::captcha::CaptchaAnswer;
use std::net::SocketAddr;

/// Refuses a server in development that other machines can reach, or that sends messages which cost money, unless the
/// operator allows it: such a server has an answer that passes every captcha.
pub(super) fn validate(env: &mut Env, bind: SocketAddr, providers: &[ProviderSettings]) {
    let is_loopback = bind.ip().to_canonical().is_loopback();
    let is_allowed = env.get(&ALLOW_INSECURE_DEVELOPMENT);
    if env.is_production() || is_allowed {
        return;
    }
    let remedy = "set APP_ENV=production, or ALLOW_INSECURE_DEVELOPMENT=true for a closed test network";
    if !is_loopback {
        env.problem(BIND.name, format!("expected a loopback address in development, like 127.0.0.1:8080: {remedy}"));
    }
    if providers.iter().any(|provider| provider.name() != sms::console::NAME) {
        let what = format!("expected console in development, which sends no real message: {remedy}");
        env.problem(SMS_PROVIDERS.name, what);
    }
}

/// Tells whether the service has the demo page, whose messages contain codes: in development, if no other machine can
/// reach the server and no message is sent to a phone, whatever the operator allows.
pub(super) fn demo(env: &Env, bind: SocketAddr, providers: &[ProviderSettings]) -> bool {
    let is_console = providers.iter().all(|provider| provider.name() == sms::console::NAME);
    !env.is_production() && bind.ip().to_canonical().is_loopback() && is_console
}

/// Returns the bypass of captchas only if no other machine can reach the server, whatever the operator allows.
pub(super) fn bypass(env: &mut Env, bind: SocketAddr, answer: Option<CaptchaAnswer>) -> Option<CaptchaAnswer> {
    let is_loopback = bind.ip().to_canonical().is_loopback();
    if !is_loopback && answer.is_some() && env.text(CAPTCHA_BYPASS_ANSWER.name).is_some() {
        let what = "must be set only while BIND is a loopback address: it is a right answer to every captcha";
        env.problem(CAPTCHA_BYPASS_ANSWER.name, what);
    }
    answer.filter(|_| is_loopback)
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Problems};

    fn read(vars: &[(&str, &str)]) -> Result<Config, Problems> {
        Config::from_vars(vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    const WEBHOOK: &[(&str, &str)] = &[
        ("SMS_PROVIDERS", "webhook"),
        ("SMS_WEBHOOK_URL", "https://sms.example.com/send"),
        ("SMS_WEBHOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    ];
    const ALLOWED: (&str, &str) = ("ALLOW_INSECURE_DEVELOPMENT", "true");

    #[test]
    fn development_sends_no_real_message_unless_it_is_allowed() {
        let Problems { errors, .. } = read(WEBHOOK).unwrap_err();
        assert!(matches!(&errors[..], [line] if line.starts_with("SMS_PROVIDERS: ")), "{errors:?}");
        let one_region = [WEBHOOK, &[("SMS_PROVIDERS", "console"), ("SMS_PROVIDERS_US", "webhook")]].concat();
        assert!(read(&one_region).unwrap_err().errors[0].starts_with("SMS_PROVIDERS: "));
        assert!(read(&[WEBHOOK, &[ALLOWED]].concat()).is_ok());
        assert!(read(&[WEBHOOK, &[("ALLOW_INSECURE_DEVELOPMENT", "false")]].concat()).is_err());
    }

    #[test]
    fn codes_are_shown_only_on_this_machine_in_development() {
        assert!(read(&[]).unwrap().demo);
        assert!(read(&[("BIND", "[::1]:8080"), ALLOWED]).unwrap().demo);
        assert!(!read(&[("BIND", "0.0.0.0:8080"), ALLOWED]).unwrap().demo, "other machines reach the server");
        assert!(!read(&[WEBHOOK, &[ALLOWED]].concat()).unwrap().demo, "messages go to phones");
        let (config, _) = Config::read([("APP_ENV".to_owned(), "production".to_owned())]);
        assert!(!config.demo, "production");
    }

    #[test]
    fn development_serves_only_this_machine_unless_it_is_allowed() {
        for bind in ["0.0.0.0:8080", "[::]:8080", "192.168.1.7:8080", "[::ffff:10.0.0.1]:8080"] {
            let Problems { errors, .. } = read(&[("BIND", bind)]).unwrap_err();
            assert!(matches!(&errors[..], [line] if line.starts_with("BIND: ")), "{bind}: {errors:?}");
            let config = read(&[("BIND", bind), ALLOWED]).unwrap();
            assert!(config.policy.captcha.bypass_answer.is_none(), "{bind}: a bypass that others can use");
            let explicit = read(&[("BIND", bind), ALLOWED, ("CAPTCHA_BYPASS_ANSWER", "letmein")]).unwrap_err();
            assert!(explicit.errors[0].starts_with("CAPTCHA_BYPASS_ANSWER: "), "{explicit}");
        }
        for bind in ["127.0.0.1:0", "[::1]:8080", "127.1.2.3:8080", "[::ffff:127.0.0.1]:8080"] {
            assert!(read(&[("BIND", bind)]).unwrap().policy.captcha.bypass_answer.is_some(), "{bind}");
        }
    }
}
