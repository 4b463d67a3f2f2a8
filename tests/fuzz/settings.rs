//! Fuzz target of the settings.

use chrono::DateTime;
use doorstep::app::check;
use doorstep::config::{Config, Problems};

pub const SETTINGS: &str = "APP_ENV=production\nBIND=[::]:8080\nDATABASE_URL=postgres://u:p@db:5432/d?sslmode=require\n\
    REDIS_URL=rediss://:p@redis:6379/0\nSMS_PROVIDERS=cloopen,twilio,webhook\nSMS_PROVIDERS_US=tencent\n\
    SMS_CLOOPEN_TEMPLATE_CODE=1(code,minutes)\nSMS_ALIYUN_SIGN_NAME_LOGIN_US=Acme\nTRUSTED_PROXIES=10.0.0.0/8,::/1\n\
    TEST_PHONES=+8613800138000=123456@2027-01-31\nCLIENT_APPS=a=ios:example.com,b=android:FA+9qCX9VSu\n\
    SMS_WEBHOOK_URL=https://a/b?c\nSMS_WEBHOOK_SECRET=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\nCOOLDOWN_SECONDS=60,9\n\
    SMS_BUDGET_REGION_HOUR=300,US=50\nCAPTCHA_COLOURS_DARK=b4bcc4,181c20\nAVATAR_STORAGE=s3\nLOG=doorstep=debug,info\n";

/// Marks the secrets among the settings.
const MARK: &str = "hushQ7";
const SECRETS: [&str; 12] = [
    "DATABASE_URL",
    "REDIS_URL",
    "SECRET_KEY",
    "JWT_KEYS",
    "TEST_PHONES",
    "SMS_CLOOPEN_AUTH_TOKEN",
    "SMS_ALIYUN_ACCESS_KEY_SECRET",
    "SMS_TENCENT_SECRET_KEY",
    "SMS_TWILIO_KEY_SECRET",
    "SMS_WEBHOOK_SECRET",
    "AVATAR_S3_SECRET_ACCESS_KEY",
    "AVATAR_QINIU_SECRET_KEY",
];

/// The settings are valid, or each problem names a variable. Neither the settings nor the problems show a secret.
pub fn settings(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let lines = text.lines().filter_map(|line| line.trim_start_matches("# ").split_once('='));
    // A file could be a device that never ends.
    let is_path = |name: &str| name.ends_with("_FILE") || name == "SMS_TEXTS";
    let vars: Vec<(&str, &str)> = lines.filter(|(name, _)| !is_path(name)).collect();
    let read = |mark: &str| {
        let marked = vars.iter().map(|(name, value)| match SECRETS.contains(name) && !value.is_empty() {
            true => ((*name).to_owned(), format!("{value}{mark}")),
            false => ((*name).to_owned(), (*value).to_owned()),
        });
        let mut problems = Problems::default();
        let shown = match Config::from_vars(marked) {
            Ok(config) => {
                check(&config, DateTime::from_timestamp(1_795_000_000, 0).unwrap(), &mut problems);
                format!("{config:?}")
            }
            Err(found) => {
                problems = found;
                String::new()
            }
        };
        let names =
            |line: &String| line.split_once(": ").is_some_and(|(name, what)| !name.is_empty() && !what.is_empty());
        assert!(problems.errors.iter().all(names), "{problems}");
        format!("{shown}{problems}")
    };
    read("");
    assert!(!read(MARK).contains(MARK) || text.contains(MARK));
}
