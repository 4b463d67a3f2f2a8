//! `doorstep check-config`, and the messages of a server that cannot start.

mod secret_keys;

use crate::doorstep::{CommandOutput, Folder, Var};
use crate::support::redis::{self, OwnRedis};
use deadpool_redis::redis::cmd;

/// Secrets for providers and stores; no output may contain them.
const SECRETS: [&str; 5] = ["hush-database", "hush-redis", "hush-token", "hush-storage", "MC4CAQAwBQYDK2VwBCIEI"];

const PRODUCTION: [Var<'static>; 11] = [
    ("APP_ENV", "production"),
    ("DATABASE_URL", "postgres://doorstep:hush-database@127.0.0.1/doorstep"),
    ("REDIS_URL", "rediss://:hush-redis@redis:6379/0"),
    ("SMS_PROVIDERS", "cloopen"),
    ("SMS_CLOOPEN_ACCOUNT_SID", "sid"),
    ("SMS_CLOOPEN_AUTH_TOKEN", "hush-token"),
    ("SMS_CLOOPEN_APP_ID", "app"),
    ("SMS_CLOOPEN_TEMPLATE_CODE", "1"),
    ("SMS_CLOOPEN_TEMPLATE_DELETE_ACCOUNT", "3"),
    ("SMS_CLOOPEN_TEMPLATE_PHONE_CHANGED", "2"),
    ("SMS_NOTICES", "off"),
];

impl CommandOutput {
    #[track_caller]
    fn assert_no_secrets(&self) {
        for secret in SECRETS {
            let found = self.stdout.contains(secret) || self.stderr.contains(secret);
            assert!(!found, "{secret} in {}{}", self.stdout, self.stderr);
        }
    }

    /// Asserts that the command failed without a panic, and names each of these problems.
    #[track_caller]
    fn assert_rejected(&self, names: &[&str]) {
        assert_eq!(self.status, Some(1), "{}{}", self.stdout, self.stderr);
        assert!(!self.stderr.contains("panicked") && !self.stdout.contains("panicked"), "{}", self.stderr);
        for name in names {
            assert!(self.stderr.contains(name), "{name} in {}", self.stderr);
        }
        self.assert_no_secrets();
    }
}

/// Creates a folder with both keys. `KEY_FILES` are the settings for it.
fn folder_with_keys() -> Folder {
    let folder = Folder::new();
    folder.write("jwt.pem", &folder.run(&["keygen"], &[]).stdout);
    folder.write("secret", &folder.run(&["keygen", "--secret-key"], &[]).stdout);
    folder
}

const KEY_FILES: [Var<'static>; 2] = [("JWT_KEYS_FILE", "jwt.pem"), ("SECRET_KEY_FILE", "secret")];

#[test]
fn production_without_settings_reports_all_problems_at_once() {
    for arguments in [&["check-config"][..], &[]] {
        let output = Folder::new().run(arguments, &[("APP_ENV", "production")]);
        output.assert_rejected(&["DATABASE_URL: ", "REDIS_URL: ", "SECRET_KEY: ", "JWT_KEYS: ", "SMS_PROVIDERS: "]);
    }
}

#[test]
fn production_reports_all_insecure_settings_at_once() {
    let insecure = [
        ("APP_ENV", "production"),
        ("DATABASE_URL", "sqlite://data/doorstep.sqlite3"),
        ("SECRET_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ("SMS_PROVIDERS", "cloopen"),
        ("SMS_CLOOPEN_BASE_URL", "http://app.cloopen.com:8883"),
        ("CAPTCHA_BYPASS_ANSWER", "letmein"),
    ];
    let output = Folder::new().run(&["check-config"], &insecure);
    for (name, _) in &insecure[1..] {
        assert!(
            *name == "SMS_PROVIDERS" || output.stderr.contains(&format!("  {name}: ")),
            "{name} in {}",
            output.stderr
        );
    }
    output.assert_rejected(&["SMS_CLOOPEN_ACCOUNT_SID: ", "SMS_CLOOPEN_AUTH_TOKEN: ", "SMS_CLOOPEN_APP_ID: "]);
    output.assert_rejected(&["SMS_CLOOPEN_TEMPLATE_PHONE_CHANGED: "]);
}

#[test]
fn valid_settings_are_shown_without_secrets() {
    let folder = folder_with_keys();
    let output = folder.run(&["check-config"], &[&PRODUCTION[..], &KEY_FILES].concat());
    assert_eq!((output.status, output.stderr.as_str()), (Some(0), ""));
    assert!(
        output.stdout.contains("The settings are valid.") && output.stdout.contains("Production"),
        "{}",
        output.stdout
    );
    output.assert_no_secrets();
    assert!(!output.stdout.contains(folder.read("secret").trim()));
    assert!(!folder.path("data").exists(), "the command creates no files");
}

/// A last day in the far future has no effect, so production rejects it.
#[test]
fn a_test_number_in_production_needs_a_last_day_within_a_year() {
    let folder = folder_with_keys();
    let check = |list| folder.run(&["check-config"], &[&PRODUCTION[..], &KEY_FILES, &[("TEST_PHONES", list)]].concat());
    check("+8613800138000=918273@2199-01-31").assert_rejected(&["TEST_PHONES: ", "within a year"]);
    check("+8613800138000=918273").assert_rejected(&["TEST_PHONES: ", "last day"]);
    // An expired test number is not an error.
    let output = check("+8613800138000=918273@2026-01-31");
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    assert!(output.stdout.contains("+86138****8000") && !output.stdout.contains("918273"), "{}", output.stdout);
}

#[test]
fn avatar_storage_is_shown_without_its_secret_and_its_endpoint_is_validated() {
    let storage = |endpoint: &'static str, path_style: &'static str| {
        Folder::new().run(
            &["check-config"],
            &[
                ("AVATAR_STORAGE", "s3"),
                ("AVATAR_BASE_URL", "https://cdn.example.com/"),
                ("AVATAR_S3_ENDPOINT", endpoint),
                ("AVATAR_S3_PATH_STYLE", path_style),
                ("AVATAR_S3_REGION", "eu-central-1"),
                ("AVATAR_S3_BUCKET", "pictures"),
                ("AVATAR_S3_ACCESS_KEY_ID", "id"),
                ("AVATAR_S3_SECRET_ACCESS_KEY", "hush-storage"),
            ],
        )
    };
    for output in [storage("https://s3.example.com", "false"), storage("http://127.0.0.1:9000", "true")] {
        assert!(output.status == Some(0) && output.stdout.contains("pictures"), "{}{}", output.stdout, output.stderr);
        output.assert_no_secrets();
    }
    storage("http://127.0.0.1:9000", "false").assert_rejected(&["AVATAR_S3_BUCKET: ", "path style"]);
}

#[test]
fn sms_providers_are_shown_without_secrets_and_their_settings_are_validated() {
    let aliyun = |more: &[Var<'static>]| {
        let vars = [
            ("ALLOW_INSECURE_DEVELOPMENT", "true"),
            ("SMS_PROVIDERS", "aliyun,webhook"),
            ("SMS_ALIYUN_ACCESS_KEY_ID", "LTAI5t"),
            ("SMS_ALIYUN_ACCESS_KEY_SECRET", "hush-token"),
            ("SMS_ALIYUN_SIGN_NAME", "Acme"),
            ("SMS_ALIYUN_TEMPLATE_CODE", "SMS_1(code)"),
            ("SMS_ALIYUN_TEMPLATE_DELETE_ACCOUNT", "SMS_2(code)"),
            ("SMS_ALIYUN_TEMPLATE_PHONE_CHANGED", "SMS_3(phone)"),
            ("SMS_NOTICES", "off"),
            ("SMS_WEBHOOK_URL", "https://sms.example.com/hush-path?key=hush-query"),
            ("CLIENT_APPS", "shop=ios:example.com"),
        ];
        Folder::new().run(&["check-config"], &[&vars, more].concat())
    };
    // The secret is the bytes of "hush-webhook…": neither form of it may be shown.
    let valid = aliyun(&[("SMS_WEBHOOK_SECRET", "whsec_aHVzaC13ZWJob29rLWh1c2gtd2ViaG9vay1odXNo")]);
    assert!(
        valid.status == Some(0) && valid.stdout.contains("SMS_2") && valid.stdout.contains("LTAI5t"),
        "{}{}",
        valid.stdout,
        valid.stderr
    );
    valid.assert_no_secrets();
    for secret in ["aHVzaC13", "hush-path", "hush-query"] {
        assert!(!valid.stdout.contains(secret), "{secret} in {}", valid.stdout);
    }
    let invalid =
        aliyun(&[("SMS_WEBHOOK_SECRET", "hush-redis"), ("CLIENT_APPS", "shop=ios:example.com,shop=ios:example.org")]);
    invalid.assert_rejected(&["SMS_WEBHOOK_SECRET: expected whsec_", "CLIENT_APPS: expected each app only once"]);
}

#[test]
fn no_settings_are_a_valid_development_configuration() {
    let folder = Folder::new();
    let output = folder.run(&["check-config"], &[]);
    assert_eq!((output.status, output.stderr.as_str()), (Some(0), ""));
    assert!(std::fs::read_dir(&folder).unwrap().next().is_none(), "the command creates no files");
}

#[test]
fn an_invalid_setting_is_reported_by_name() {
    let folder = folder_with_keys();
    let keys = folder.read("jwt.pem");
    let damaged = keys.replace("MC4", "MC5");
    let twice = format!("{keys}{keys}");
    let rsa = keys.replace("PRIVATE", "RSA PRIVATE");
    folder.write("empty", "");
    for (name, value, names) in [
        ("JWT_KEYS", "no PEM at all hush-token", "JWT_KEYS: "),
        ("JWT_KEYS", &damaged, "JWT_KEYS: "),
        ("JWT_KEYS", &twice, "JWT_KEYS: "),
        ("JWT_KEYS", &rsa, "JWT_KEYS: "),
        ("JWT_KEYS_FILE", "nowhere.pem", "JWT_KEYS_FILE: "),
        ("SECRET_KEY", "hush-token", "SECRET_KEY: "),
        ("SECRET_KEY_FILE", "empty", "SECRET_KEY: "),
        ("REDIS_URL", "redis://:hush-redis@redis:port/0", "REDIS_URL: "),
        ("REDIS_URL", "hush-redis", "REDIS_URL: "),
        ("DATABASE_URL", "mysql://doorstep:hush-database@db/doorstep", "DATABASE_URL: "),
        ("SMS_CLOOPEN_BASE_URL", "https://", "SMS_CLOOPEN_BASE_URL: "),
        ("LOG", "doorstep=loud", "LOG: "),
        ("BIND", "localhost", "BIND: "),
    ] {
        let base = name.trim_end_matches("_FILE");
        let mut vars = [&PRODUCTION[..], &KEY_FILES].concat();
        vars.retain(|(known, _)| known.trim_end_matches("_FILE") != base);
        vars.push((name, value));
        for arguments in [&["check-config"][..], &[]] {
            folder.run(arguments, &vars).assert_rejected(&[names]);
        }
    }
}

#[test]
fn a_secret_in_a_variable_and_in_a_file_is_rejected() {
    let folder = folder_with_keys();
    let secret = folder.read("secret");
    let vars = [&PRODUCTION[..], &KEY_FILES, &[("SECRET_KEY", secret.as_str())]].concat();
    let output = folder.run(&["check-config"], &vars);
    output.assert_rejected(&["SECRET_KEY: expected either SECRET_KEY or SECRET_KEY_FILE"]);
}

#[test]
fn the_environment_overrides_the_env_file_of_the_working_folder() {
    let folder = Folder::new();
    folder.write(".env", "# ours\nCODE_SECONDS=60\nPHONE_REGIONS=SG\nexport LIMIT_IP_SENDS='7'\n");
    let output = folder.run(&["check-config"], &[("CODE_SECONDS", "120")]);
    assert!(output.stdout.contains("code_ttl: 120s") && !output.stdout.contains("code_ttl: 60s"), "{}", output.stdout);
    assert!(output.stdout.contains("SG") && output.stdout.contains("max: 7,"), "{}", output.stdout);
    std::fs::create_dir(folder.path("below")).unwrap();
    let below = format!("cd below && exec '{}' check-config", env!("CARGO_BIN_EXE_doorstep"));
    let below = std::process::Command::new("sh").args(["-c", &below]).env_clear().current_dir(&folder).output();
    assert!(!String::from_utf8(below.unwrap().stdout).unwrap().contains("SG"), "the file of another folder was read");
}

#[test]
fn the_example_file_is_valid_and_changes_nothing() {
    let folder = Folder::new();
    folder.write(".env", include_str!("../../../.env.example"));
    let (example, defaults) = (folder.run(&["check-config"], &[]), Folder::new().run(&["check-config"], &[]));
    assert_eq!((example.status, example.stdout), (Some(0), defaults.stdout), "{}", example.stderr);
}

#[test]
fn an_invalid_env_file_is_reported_without_its_content() {
    for file in ["SECRET_KEY=two words hush-token\n", "SECRET_KEY='hush-token\n", "hush-token\n"] {
        let folder = Folder::new();
        folder.write(".env", &format!("CODE_SECONDS=60\n{file}"));
        folder.run(&["check-config"], &[]).assert_rejected(&[".env: line 2: "]);
    }
    let folder = Folder::new();
    std::fs::create_dir(folder.path(".env")).unwrap();
    folder.run(&["check-config"], &[]).assert_rejected(&[".env: "]);
}

#[test]
fn keys_on_one_line_of_the_env_file_are_accepted() {
    let folder = folder_with_keys();
    let keys = folder.read("jwt.pem").replace('\n', "\\n");
    for quote in ["\"", "'"] {
        folder.write(".env", &format!("JWT_KEYS={quote}{keys}{quote}\nSECRET_KEY_FILE=secret\n"));
        let output = folder.run(&["check-config"], &[]);
        assert_eq!((output.status, output.stderr.as_str()), (Some(0), ""), "{quote}");
    }
}

/// An invalid variable of another program must not stop this one.
#[test]
fn variables_that_are_not_utf_8_are_ignored() {
    use std::os::unix::ffi::OsStrExt;
    let command = |name: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_doorstep"));
        command.env_clear().env(name, std::ffi::OsStr::from_bytes(b"\xff")).arg("check-config");
        command.current_dir(Folder::new().as_ref()).output().unwrap()
    };
    assert!(command("OTHER_PROGRAM").status.success());
}

/// Settings of a server that anybody on the internet could use at the cost of its operator.
#[test]
fn development_with_a_real_provider_or_a_public_address_does_not_start() {
    let webhook = [
        ("SMS_PROVIDERS", "webhook"),
        ("SMS_WEBHOOK_URL", "https://sms.example.com/send"),
        ("SMS_WEBHOOK_SECRET", "whsec_aHVzaC13ZWJob29rLWh1c2gtd2ViaG9vay1odXNo"),
        ("BIND", "0.0.0.0:0"),
        ("METRICS_BIND", "off"),
    ];
    for arguments in [&["check-config"][..], &[]] {
        let output = Folder::new().run(arguments, &webhook);
        output.assert_rejected(&["  SMS_PROVIDERS: ", "  BIND: ", "APP_ENV=production", "ALLOW_INSECURE_DEVELOPMENT"]);
        let bypass = ("CAPTCHA_BYPASS_ANSWER", "letmein");
        let allowed = [&webhook[..], &[("ALLOW_INSECURE_DEVELOPMENT", "true"), bypass]].concat();
        Folder::new().run(arguments, &allowed).assert_rejected(&["problems in the settings (1)", bypass.0]);
    }
    let folder = Folder::new();
    let allowed = folder.run(&["check-config"], &[&webhook[..], &[("ALLOW_INSECURE_DEVELOPMENT", "true")]].concat());
    assert_eq!((allowed.status, allowed.stderr.as_str()), (Some(0), ""));
    assert!(allowed.stdout.contains("bypass_answer: None"), "{}", allowed.stdout);
}

#[test]
fn production_reports_dangerous_values_and_warnings_together() {
    let folder = folder_with_keys();
    folder.set_mode("jwt.pem", 0o644);
    let dangerous = [
        ("SECRET_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"),
        ("LIMIT_WRONG_CODES_DAY", "1000000000"),
        ("LIMIT_IP_SENDS", "1000000000"),
        ("SMS_BUDGET_DAY", "1000000000"),
        ("SMS_BUDGET_REGION_HOUR", "300,US=1000000000"),
        ("TRUSTED_PROXIES", "0.0.0.0/1,128.0.0.0/1"),
    ];
    let dubious = [
        ("DATABASE_URL", "postgres://doorstep:hush-database@db/doorstep"),
        ("REDIS_URL", "redis://:hush-redis@redis:6379/0"),
        ("LIMIT_IP_CAPTCHAS", "900000"),
        ("SMS_BUGDET_HOUR", "1"),
    ];
    let mut vars = PRODUCTION.to_vec();
    vars.retain(|(name, _)| !dubious.iter().any(|(other, _)| name == other));
    vars.extend([("JWT_KEYS_FILE", "jwt.pem"), ("REDIS_PORT_6379_TCP_ADDR", "10.0.0.7")]);
    vars.extend(dangerous.iter().chain(&dubious));
    for arguments in [&["check-config"][..], &[]] {
        let output = folder.run(arguments, &vars);
        let (errors, warnings) = output.stderr.split_once("warnings (4):\n").expect(&output.stderr);
        for name in dangerous.map(|(name, _)| name).iter().chain(&["JWT_KEYS_FILE"]) {
            assert!(errors.contains(&format!("  {name}: ")), "{name} in {errors}");
        }
        assert!(errors.contains("problems in the settings (7):"), "{errors}");
        for (name, _) in dubious {
            assert!(warnings.contains(&format!("  {name}: ")), "{name} in {warnings}");
        }
        assert!(warnings.contains("the nearest is SMS_BUDGET_HOUR"), "{warnings}");
        output.assert_rejected(&[]);
    }
}

/// The problems that only the adapters find appear together with the others.
#[test]
fn all_checks_report_at_once() {
    let vars = [("JWT_KEYS", "no PEM at all hush-token"), ("BIND", "localhost"), ("REDIS_URL", "redis://redis:port/0")];
    for arguments in [&["check-config"][..], &[]] {
        let output = Folder::new().run(arguments, &vars);
        output.assert_rejected(&["  JWT_KEYS: ", "  BIND: ", "  REDIS_URL: ", "  SECRET_KEY: ", "(4):"]);
    }
}

#[test]
fn files_with_secrets_are_for_their_owner_only() {
    let folder = folder_with_keys();
    let production = [&PRODUCTION[..], &KEY_FILES].concat();
    for (mode, is_reported) in [(0o600, false), (0o400, false), (0o640, true)] {
        folder.set_mode("secret", mode);
        let output = folder.run(&["check-config"], &production);
        assert_eq!(output.status, Some(0), "{mode:o}: {}", output.stderr);
        assert_eq!(output.stderr.contains("  SECRET_KEY_FILE: "), is_reported, "{mode:o}: {}", output.stderr);
    }
    for mode in [0o644, 0o604, 0o666] {
        folder.set_mode("secret", mode);
        folder.run(&["check-config"], &production).assert_rejected(&["  SECRET_KEY_FILE: ", "chmod 600"]);
        let development = folder.run(&["check-config"], &KEY_FILES);
        assert_eq!(development.status, Some(0), "{mode:o}: {}", development.stderr);
        assert!(development.stderr.contains("warnings (1):\n  SECRET_KEY_FILE: "), "{}", development.stderr);
    }
}

#[actix_web::test]
async fn the_start_logs_the_warnings_of_the_settings_and_of_redis() {
    let (folder, redis) = (Folder::new(), OwnRedis::new());
    let url = redis.url();
    let mut set = cmd("CONFIG");
    set.arg("SET").arg("maxmemory-policy").arg("allkeys-lru");
    set.query::<()>(&mut redis::connection(&url)).unwrap();
    let (doorstep, _client) = folder.serve(&[("REDIS_URL", &url), ("SMS_BUGDET_HOUR", "1")]).await;
    let line = doorstep.line("setting needs attention");
    assert!(line.contains("WARN") && line.contains("SMS_BUGDET_HOUR: "), "{line}");
    let line = doorstep.line("redis evicts keys");
    assert!(line.contains("WARN") && line.contains("allkeys-lru"), "{line}");
}

#[actix_web::test]
async fn the_start_says_what_accounts_without_passwords_mean_for_recycled_numbers() {
    let folder = Folder::new();
    let (doorstep, _client) = folder.serve(&[("PASSWORD_MODE", "optional")]).await;
    let line = doorstep.line("setting needs attention");
    assert!(line.contains("WARN") && line.contains("NUMBER_STALE_DAYS: 0"), "{line}");
    assert!(line.contains("next owner of a recycled number enters the account with a code"), "{line}");
}
