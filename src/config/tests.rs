use super::*;
use crate::domain::limits::Limit;
use crate::domain::policy::Demand;
use std::collections::BTreeSet;

fn read(vars: &[(&str, &str)]) -> Result<Config, Problems> {
    Config::from_vars(vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

const PRODUCTION: &[(&str, &str)] = &[
    ("APP_ENV", "production"),
    ("DATABASE_URL", "postgres://doorstep:hush@db/doorstep"),
    ("REDIS_URL", "rediss://:hush@redis:6379"),
    ("SECRET_KEY", "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg"),
    ("JWT_KEYS", "-----BEGIN PRIVATE KEY-----hush"),
    ("SMS_PROVIDERS", "cloopen"),
    ("SMS_CLOOPEN_ACCOUNT_SID", "sid"),
    ("SMS_CLOOPEN_AUTH_TOKEN", "hush"),
    ("SMS_CLOOPEN_APP_ID", "app"),
    ("SMS_CLOOPEN_TEMPLATE_CODE", "1"),
    ("SMS_CLOOPEN_TEMPLATE_DELETE_ACCOUNT", "3"),
    ("SMS_CLOOPEN_TEMPLATE_PHONE_CHANGED", "2"),
    ("SMS_NOTICES", "off"),
];

#[test]
fn the_default_is_development_with_embedded_stores() {
    let config = read(&[]).unwrap();
    assert_eq!(config.mode, Mode::Development);
    assert!(matches!(config.staging, StagingSettings::Memory));
    assert!(matches!(config.keys, KeySettings::Generated));
    assert!(config.sms.route == ["console"]);
    assert!(config.policy.captcha.bypass_answer.is_some());
    assert!(!config.log.json && config.database.migrate_on_start);
}

#[test]
fn production_with_all_settings_is_valid() {
    let config = read(PRODUCTION).unwrap();
    assert_eq!(config.mode, Mode::Production);
    assert!(config.policy.captcha.bypass_answer.is_none());
    assert!(config.log.json && !config.server.docs && !config.database.migrate_on_start);
}

#[test]
fn production_reports_all_insecure_settings_at_once() {
    let Problems { errors: problems, .. } =
        read(&[("APP_ENV", "production"), ("CAPTCHA_BYPASS_ANSWER", "letmein"), ("SMS_PROVIDERS", "console")])
            .unwrap_err();
    for name in ["DATABASE_URL", "REDIS_URL", "SECRET_KEY", "JWT_KEYS", "CAPTCHA_BYPASS_ANSWER", "SMS_PROVIDERS"] {
        assert!(problems.iter().any(|line| line.starts_with(name)), "{name} in {problems:?}");
    }
}

#[test]
fn all_invalid_values_are_reported_at_once() {
    let invalid = [
        ("APP_ENV", "prod"),
        ("BIND", "8080"),
        ("WORKERS", "0"),
        ("TRUSTED_PROXIES", "10.0.0.0/8,all"),
        ("NAT64_PREFIXES", "64:ff9b:1::/95"),
        ("DOCS", "maybe"),
        ("SHUTDOWN_SECONDS", "-1"),
        ("LOG_FORMAT", "xml"),
        ("DATABASE_URL", "mysql://db"),
        ("DATABASE_CONNECTIONS", "many"),
        ("REDIS_URL", "localhost:6379"),
        ("SECRET_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ("JWT_KEYS_FILE", "/nowhere/jwt.pem"),
        ("HASH_MEMORY_KIB", "7167"),
        ("HASH_PASSES", "11"),
        ("HASH_THREADS", "0"),
        ("PHONE_REGIONS", "CN,XX"),
        ("PHONE_EXTRA_MOBILE_PREFIXES", "CN:149"),
        ("COOLDOWN_SECONDS", "60,soon"),
        ("LIMIT_PHONE_HOUR", "0"),
        ("LIMIT_WRONG_CODES_DAY", "101"),
        ("SMS_BUDGET_RESERVED_PERCENT", "51"),
        ("LOGIN_CAPTCHA_AFTER", "101"),
        ("CODE_SECONDS", "601"),
        ("CAPTCHA_STYLE", "three_lines"),
        ("CAPTCHA_LENGTH", "3"),
        ("CAPTCHA_ALPHABET", "ABCDEFG"),
        ("CAPTCHA_SIZE", "193x144"),
        ("CAPTCHA_CLUTTER", "fog"),
        ("CAPTCHA_THEME", "grey"),
        ("CAPTCHA_COLOURS_LIGHT", "#777777,#999999"),
        ("CAPTCHA_COLOURS_DARK", "#000000,#ffffff"),
        ("PROOF_OF_WORK", "sometimes"),
        ("PROOF_OF_WORK_BITS", "27"),
        ("PROOF_OF_WORK_IP_CAPTCHAS", "0"),
        ("TEST_PHONES", "+8613800138000=hush"),
        ("SESSION_IDLE_DAYS", "366"),
        ("AVATAR_BASE_URL", "http://cdn.example.com"),
        ("SMS_PROVIDERS", "pigeon"),
    ];
    let Problems { errors: problems, .. } = read(&invalid).unwrap_err();
    for (name, _) in invalid {
        assert!(problems.iter().any(|line| line.starts_with(name)), "{name} in {problems:#?}");
    }
}

#[test]
fn conflicting_settings_are_reported() {
    let with = |more: &[(&str, &str)]| read(&[PRODUCTION, more].concat()).map(drop);
    assert!(with(&[("TRUSTED_PROXIES", "10.0.0.0/8")]).is_ok());
    assert!(with(&[("TRUSTED_PROXIES", "0.0.0.0/0")]).is_err());
    assert!(with(&[("TRUSTED_PROXIES", "::/0")]).is_err());
    assert!(with(&[("BIND", "127.0.0.1:8080"), ("METRICS_BIND", "127.0.0.1:8080")]).is_err());
    assert!(with(&[("BIND", "127.0.0.1:8080"), ("METRICS_BIND", "127.0.0.1:9464")]).is_ok());
    assert!(with(&[("COOLDOWN_SECONDS", "60,5")]).is_err());
    assert!(with(&[("COOLDOWN_SECONDS", "60,6")]).is_ok());
}

/// Letters are readable with all settings.
#[test]
fn captcha_letters_are_large_enough() {
    let with = |settings: &[(&str, &str)]| read(settings).map(drop);
    assert!(with(&[("CAPTCHA_SIZE", "384x288"), ("CAPTCHA_LENGTH", "8"), ("CAPTCHA_STYLE", "one_line")]).is_ok());
    assert!(with(&[("CAPTCHA_SIZE", "96x96"), ("CAPTCHA_LENGTH", "4")]).is_ok());
    for invalid in ["96x96", "392x144", "88x144", "192x40", "192x296", "192", "x", "-192x144", "192x144x2"] {
        let Problems { errors: problems, .. } =
            read(&[("CAPTCHA_SIZE", invalid), ("CAPTCHA_LENGTH", "8")]).unwrap_err();
        assert!(problems.len() == 1 && problems[0].starts_with("CAPTCHA_SIZE: "), "{invalid}: {problems:?}");
    }
    assert!(with(&[("CAPTCHA_CLUTTER", "bands, curves,discs")]).is_ok());
    assert!(with(&[("CAPTCHA_CLUTTER", "bands,bands")]).is_err());
    assert!(
        with(&[("CAPTCHA_COLOURS_LIGHT", "#000000, #ffffff"), ("CAPTCHA_COLOURS_DARK", "#ffffff,#000000")]).is_ok()
    );
    // The light theme is dark on light.
    assert!(with(&[("CAPTCHA_COLOURS_LIGHT", "#ffffff,#000000")]).is_err());
    assert!(with(&[("CAPTCHA_ALPHABET", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")]).is_ok());
}

/// The list of the OWASP Password Storage Cheat Sheet, and one pass less for each entry.
#[test]
fn a_hash_costs_at_least_the_recommended_minimum() {
    for (memory, passes, fewer) in [(47_104, 1, 0), (19_456, 2, 1), (12_288, 3, 2), (9_216, 4, 3), (7_168, 5, 4)] {
        let with =
            |passes: u32| read(&[("HASH_MEMORY_KIB", &memory.to_string()), ("HASH_PASSES", &passes.to_string())]);
        let hashing = with(passes).unwrap().hashing;
        assert_eq!((hashing.memory_kib, hashing.passes), (memory, passes));
        let Problems { errors: problems, .. } = with(fewer).unwrap_err();
        assert!(problems.len() == 1 && problems[0].starts_with("HASH_PASSES: "), "{problems:?}");
    }
    let hashing = read(&[]).unwrap().hashing;
    assert_eq!((hashing.memory_kib, hashing.passes), (19_456, 2));
    assert!(read(&[("HASH_MEMORY_KIB", "1048576"), ("HASH_PASSES", "10")]).is_ok());
}

#[test]
fn no_secret_is_printed() {
    let config = with_every_provider(&[]).unwrap();
    let printed = format!("{config:?}");
    assert!(!printed.contains("hush") && !printed.contains("n4bQgY") && !printed.contains("whsec"), "{printed}");
    assert_eq!(config.sms.providers.len(), 5, "{printed}");
}

/// All providers, with their required settings only.
const EVERY_PROVIDER: &[(&str, &str)] = &[
    ("SMS_PROVIDERS", "cloopen,aliyun,tencent,twilio,webhook"),
    ("COOLDOWN_SECONDS", "60"),
    ("SMS_ALIYUN_ACCESS_KEY_ID", "id"),
    ("SMS_ALIYUN_ACCESS_KEY_SECRET", "hush"),
    ("SMS_ALIYUN_SIGN_NAME", "Acme"),
    ("SMS_ALIYUN_TEMPLATE_CODE", "SMS_1(code)"),
    ("SMS_ALIYUN_TEMPLATE_DELETE_ACCOUNT", "SMS_2(code)"),
    ("SMS_ALIYUN_TEMPLATE_PHONE_CHANGED", "SMS_3"),
    ("SMS_TENCENT_SECRET_ID", "id"),
    ("SMS_TENCENT_SECRET_KEY", "hush"),
    ("SMS_TENCENT_APP_ID", "1400006666"),
    ("SMS_TENCENT_SIGN_NAME", "Acme"),
    ("SMS_TENCENT_TEMPLATE_CODE", "1"),
    ("SMS_TENCENT_TEMPLATE_DELETE_ACCOUNT", "2"),
    ("SMS_TENCENT_TEMPLATE_PHONE_CHANGED", "3"),
    ("SMS_TWILIO_ACCOUNT_SID", "AC1"),
    ("SMS_TWILIO_KEY_SECRET", "hush"),
    ("SMS_TWILIO_FROM", "+15005550006"),
    ("SMS_WEBHOOK_URL", "https://sms.example.com/send"),
    ("SMS_WEBHOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
];

/// Reads the settings of production with all providers. `more` replaces settings.
fn with_every_provider(more: &[(&str, &str)]) -> Result<Config, Problems> {
    let mut vars = [PRODUCTION, EVERY_PROVIDER].concat();
    vars.retain(|(name, _)| !more.iter().any(|(other, _)| name == other));
    read(&[&vars, more].concat())
}

#[test]
fn missing_and_invalid_settings_of_a_provider_are_reported() {
    for (name, value, problem) in [
        ("SMS_ALIYUN_ACCESS_KEY_ID", "", "SMS_ALIYUN_ACCESS_KEY_ID: "),
        ("SMS_ALIYUN_ACCESS_KEY_SECRET", "", "SMS_ALIYUN_ACCESS_KEY_SECRET: "),
        ("SMS_ALIYUN_BASE_URL", "http://dysmsapi.aliyuncs.com", "SMS_ALIYUN_BASE_URL: "),
        ("SMS_ALIYUN_SIGN_NAME", "", "SMS_ALIYUN_SIGN_NAME: must be set, or SMS_ALIYUN_SIGN_NAME_CN"),
        ("SMS_ALIYUN_TEMPLATE_DELETE_ACCOUNT", "", "SMS_ALIYUN_TEMPLATE_DELETE_ACCOUNT: "),
        ("SMS_ALIYUN_TEMPLATE_CODE", "SMS_1(number)", "SMS_ALIYUN_TEMPLATE_REGISTER: "),
        ("SMS_ALIYUN_TIMEOUT_SECONDS", "31", "SMS_ALIYUN_TIMEOUT_SECONDS: "),
        ("SMS_TENCENT_SECRET_KEY", "", "SMS_TENCENT_SECRET_KEY: "),
        ("SMS_TENCENT_APP_ID", "", "SMS_TENCENT_APP_ID: "),
        ("SMS_TENCENT_SIGN_NAME", "", "SMS_TENCENT_SIGN_NAME: "),
        ("SMS_TENCENT_INTERNATIONAL_SECRET_ID", "other", "SMS_TENCENT_INTERNATIONAL_SECRET_KEY: "),
        ("SMS_TENCENT_INTERNATIONAL_SECRET_KEY", "hush", "SMS_TENCENT_INTERNATIONAL_SECRET_KEY: "),
        ("SMS_TENCENT_INTERNATIONAL_BASE_URL", "sms", "SMS_TENCENT_INTERNATIONAL_BASE_URL: "),
        ("SMS_TWILIO_KEY_SECRET", "", "SMS_TWILIO_KEY_SECRET: "),
        ("SMS_TWILIO_FROM", "", "SMS_TWILIO_FROM: "),
        ("SMS_TWILIO_MESSAGING_SERVICE_SID", "MG1", "SMS_TWILIO_FROM: "),
        ("SMS_WEBHOOK_URL", "", "SMS_WEBHOOK_URL: "),
        ("SMS_WEBHOOK_URL", "http://sms.example.com", "SMS_WEBHOOK_URL: "),
        ("SMS_WEBHOOK_URL", "https://user:hush@sms.example.com", "SMS_WEBHOOK_URL: expected a URL without user"),
        ("SMS_WEBHOOK_SECRET", "", "SMS_WEBHOOK_SECRET: must be set"),
        ("SMS_WEBHOOK_SECRET", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "SMS_WEBHOOK_SECRET: expected"),
        ("SMS_WEBHOOK_SECRET", "whsec_aHVzaA==", "SMS_WEBHOOK_SECRET: expected"),
        ("CLIENT_APPS", "shop=ios:example", "CLIENT_APPS: "),
        ("SMS_PROVIDERS", "cloopen,twilio,twilio", "SMS_PROVIDERS: "),
    ] {
        let Problems { errors: problems, .. } = with_every_provider(&[(name, value)]).unwrap_err();
        assert!(problems.iter().any(|line| line.starts_with(problem)), "{name}={value}: {problems:?}");
        assert!(!problems.iter().any(|line| line.contains("hush") || line.contains("MfKQ")), "{problems:?}");
    }
}

#[test]
fn a_signature_is_required_if_the_provider_needs_one() {
    let with = |more: &[(&str, &str)]| with_every_provider(more).map(drop);
    // Tencent needs a signature for mainland China only.
    let united_states = [("PHONE_REGIONS", "US"), ("SMS_TENCENT_SIGN_NAME", "")];
    assert!(with(&united_states).is_ok());
    let aliyun = with(&[("PHONE_REGIONS", "US"), ("SMS_ALIYUN_SIGN_NAME", "")]).unwrap_err();
    assert!(aliyun.errors.iter().any(|line| line.contains("SMS_ALIYUN_SIGN_NAME_US")), "{aliyun}");
    assert!(with(&[("SMS_ALIYUN_SIGN_NAME", ""), ("SMS_ALIYUN_SIGN_NAME_CN", "小店")]).is_ok());
}

/// Messages with templates have no autofill line.
#[test]
fn autofill_lines_are_validated_only_for_providers_with_free_text() {
    let long = [
        ("CLIENT_APPS", "shop=ios:a.very.long.name.of.a.shop.in.a.very.long.street.of.a.very.long.town.example.com"),
        ("SMS_BRAND", "Twenty letters long."),
    ];
    assert!(read(&[PRODUCTION, &long].concat()).is_ok());
    let Problems { errors: problems, .. } = with_every_provider(&long).unwrap_err();
    assert!(problems.len() == 1 && problems[0].starts_with("CLIENT_APPS: "), "{problems:?}");
}

#[test]
fn the_settings_control_proof_of_work() {
    let policy = |vars: &[(&str, &str)]| read(vars).unwrap().policy;
    let proof = |vars: &[(&str, &str)]| policy(vars).proof;
    let defaults = proof(&[]);
    let free = policy(&[]).limits.quota(Limit::IpFreeCaptchas).max;
    assert_eq!((defaults.demand, defaults.bits, free), (Demand::OnAbuseSignal, 18, 30));
    assert_eq!(proof(&[("PROOF_OF_WORK", "off")]).demand, Demand::Never);
    assert_eq!(proof(&[("PROOF_OF_WORK", "always"), ("PROOF_OF_WORK_BITS", "26")]).bits, 26);
}

/// Development allows test numbers without a last day; production does not.
#[test]
fn production_requires_a_last_day_for_test_numbers() {
    let (without_day, with_day) = ("+8613800138000=918273", "+8613800138000=918273@2027-01-31");
    let production = |list: &str| read(&[PRODUCTION, &[("TEST_PHONES", list)]].concat());
    assert!(read(&[("TEST_PHONES", without_day)]).is_ok());
    for list in [without_day.to_owned(), format!("{with_day},+15550100001=918273")] {
        let Problems { errors: problems, .. } = production(&list).unwrap_err();
        assert!(problems.len() == 1 && problems[0].starts_with("TEST_PHONES: "), "{problems:?}");
        assert!(!problems[0].contains("918273"), "{problems:?}");
    }
    let printed = format!("{:?}", production(with_day).unwrap());
    assert!(printed.contains("+86138****8000") && !printed.contains("918273"), "{printed}");
    for list in ["+8613800138000=9182730", "+8613800138000=918273=1", "13800138000=918273", "+8613800138000=918273@x"] {
        let Problems { errors: problems, .. } = read(&[("TEST_PHONES", list)]).unwrap_err();
        assert!(problems[0].starts_with("TEST_PHONES: entry 1") && !problems[0].contains("918273"), "{problems:?}");
    }
}

#[test]
fn an_invalid_legal_document_is_reported() {
    let documents = |list| read(&[("LEGAL_DOCUMENTS", list)]).unwrap().policy.legal_documents.as_slice().to_vec();
    let parsed = documents("terms@2026-11-01, privacy@v1.2_B").iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(parsed, ["terms@2026-11-01", "privacy@v1.2_B"]);
    assert!(documents("").is_empty());
    for (list, expected) in [
        ("terms@1,terms@2", "expected one version of each document: terms@2"),
        (",", "expected name@version, like terms@2026-11-01"),
        ("privacy", "expected name@version, like terms@2026-11-01, and not \"privacy\""),
        ("Privacy@1", "expected name@version, like terms@2026-11-01, and not \"Privacy@1\""),
        ("a@1,b@1,c@1,d@1,e@1,f@1,g@1,h@1,i@1", "expected at most 8 documents"),
    ] {
        let Problems { errors: problems, .. } = read(&[("LEGAL_DOCUMENTS", list)]).unwrap_err();
        assert_eq!(problems, [format!("LEGAL_DOCUMENTS: {expected}")]);
    }
}

#[test]
fn an_empty_variable_is_not_set() {
    assert!(read(&[("REDIS_URL", ""), ("WORKERS", " ")]).is_ok());
}

/// Every setting that is declared is read, and the reverse: with every provider and every storage.
#[test]
fn the_reference_has_exactly_the_settings_that_are_read() {
    let mut read = BTreeSet::new();
    for storage in ["s3", "qiniu"] {
        let vars = [("SMS_PROVIDERS", sms::names().join(",")), ("AVATAR_STORAGE", storage.to_owned())];
        let mut env = Env::new(vars.map(|(name, value)| (name.to_owned(), value)));
        drop(Config::read_from(&mut env));
        read.append(&mut env.names_read.borrow_mut());
    }
    let declared: Vec<_> = sections::all().into_iter().flat_map(|section| section.settings).collect();
    for name in &read {
        assert!(names::is_known(&declared, name), "{name} is read, but in no section");
    }
    for setting in &declared {
        let name = setting.stem.as_ref().unwrap_or(&setting.name);
        assert!(read.contains(name), "{name} is declared, but not read");
        assert!(!setting.doc.is_empty() && !setting.values.is_empty(), "{name}");
    }
    let distinct: BTreeSet<_> = declared.iter().map(|setting| &setting.name).collect();
    assert_eq!(distinct.len(), declared.len(), "a setting is in two sections");
}
