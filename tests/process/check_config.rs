//! `doorstep check-config`, and what a server that cannot start says.

use crate::doorstep::{Folder, Said, Var};

/// Everything that a provider and a store want to know, and that nobody else may.
const SECRETS: [&str; 5] = ["hush-database", "hush-redis", "hush-token", "hush-storage", "MC4CAQAwBQYDK2VwBCIEI"];

const PRODUCTION: [Var<'static>; 10] = [
    ("APP_ENV", "production"),
    ("DATABASE_URL", "postgres://doorstep:hush-database@db/doorstep"),
    ("REDIS_URL", "redis://:hush-redis@redis:6379/0"),
    ("SMS_PROVIDERS", "cloopen"),
    ("SMS_CLOOPEN_ACCOUNT_SID", "sid"),
    ("SMS_CLOOPEN_AUTH_TOKEN", "hush-token"),
    ("SMS_CLOOPEN_APP_ID", "app"),
    ("SMS_CLOOPEN_TEMPLATE_CODE", "1"),
    ("SMS_CLOOPEN_TEMPLATE_DELETE_ACCOUNT", "3"),
    ("SMS_CLOOPEN_TEMPLATE_PHONE_CHANGED", "2"),
];

impl Said {
    #[track_caller]
    fn assert_discreet(&self) {
        for secret in SECRETS {
            assert!(!self.out.contains(secret) && !self.err.contains(secret), "{secret} in {}{}", self.out, self.err);
        }
    }

    /// Failed, with one sentence about each of these and no panic.
    #[track_caller]
    fn assert_refused(&self, names: &[&str]) {
        assert_eq!(self.status, Some(1), "{}{}", self.out, self.err);
        assert!(!self.err.contains("panicked") && !self.out.contains("panicked"), "{}", self.err);
        for name in names {
            assert!(self.err.contains(name), "{name} in {}", self.err);
        }
        self.assert_discreet();
    }
}

/// A folder with both keys in it, and the settings that name them.
fn folder_with_keys() -> Folder {
    let folder = Folder::new();
    folder.write("jwt.pem", &folder.run(&["keygen"], &[]).out);
    folder.write("secret", &folder.run(&["keygen", "--secret-key"], &[]).out);
    folder
}

const KEY_FILES: [Var<'static>; 2] = [("JWT_KEYS_FILE", "jwt.pem"), ("SECRET_KEY_FILE", "secret")];

#[test]
fn production_with_nothing_set_names_everything_at_once() {
    for arguments in [&["check-config"][..], &[]] {
        let said = Folder::new().run(arguments, &[("APP_ENV", "production")]);
        said.assert_refused(&["DATABASE_URL: ", "REDIS_URL: ", "SECRET_KEY: ", "JWT_KEYS: ", "SMS_PROVIDERS: "]);
    }
}

#[test]
fn production_names_every_insecure_setting_at_once() {
    let insecure = [
        ("APP_ENV", "production"),
        ("DATABASE_URL", "sqlite://data/doorstep.sqlite3"),
        ("SECRET_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ("SMS_PROVIDERS", "cloopen"),
        ("SMS_CLOOPEN_BASE_URL", "http://app.cloopen.com:8883"),
        ("CAPTCHA_BYPASS_ANSWER", "letmein"),
    ];
    let said = Folder::new().run(&["check-config"], &insecure);
    for (name, _) in &insecure[1..] {
        assert!(*name == "SMS_PROVIDERS" || said.err.contains(&format!("  {name}: ")), "{name} in {}", said.err);
    }
    said.assert_refused(&["SMS_CLOOPEN_ACCOUNT_SID: ", "SMS_CLOOPEN_AUTH_TOKEN: ", "SMS_CLOOPEN_APP_ID: "]);
    said.assert_refused(&["SMS_CLOOPEN_TEMPLATE_PHONE_CHANGED: "]);
}

#[test]
fn good_settings_are_shown_without_their_secrets() {
    let folder = folder_with_keys();
    let said = folder.run(&["check-config"], &[&PRODUCTION[..], &KEY_FILES].concat());
    assert_eq!((said.status, said.err.as_str()), (Some(0), ""));
    assert!(said.out.contains("The settings can be used.") && said.out.contains("Production"), "{}", said.out);
    said.assert_discreet();
    assert!(!said.out.contains(folder.read("secret").trim()));
    assert!(!folder.path("data").exists(), "it makes nothing");
}

/// An end that nobody will live to see is none.
#[test]
fn a_test_number_of_production_ends_within_a_year() {
    let folder = folder_with_keys();
    let check = |list| folder.run(&["check-config"], &[&PRODUCTION[..], &KEY_FILES, &[("TEST_PHONES", list)]].concat());
    check("+8613800138000=918273@2199-01-31").assert_refused(&["TEST_PHONES: ", "within a year"]);
    check("+8613800138000=918273").assert_refused(&["TEST_PHONES: ", "last day"]);
    // One that has ended is forgotten about, not forbidden.
    let said = check("+8613800138000=918273@2026-01-31");
    assert_eq!(said.status, Some(0), "{}", said.err);
    assert!(said.out.contains("+86138****8000") && !said.out.contains("918273"), "{}", said.out);
}

#[test]
fn a_storage_is_shown_without_its_secret_and_judged_by_its_address() {
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
    for said in [storage("https://s3.example.com", "false"), storage("http://127.0.0.1:9000", "true")] {
        assert!(said.status == Some(0) && said.out.contains("pictures"), "{}{}", said.out, said.err);
        said.assert_discreet();
    }
    storage("http://127.0.0.1:9000", "false").assert_refused(&["AVATAR_S3_BUCKET: ", "path style"]);
}

#[test]
fn a_provider_is_shown_without_its_secret_and_judged_by_its_settings() {
    let aliyun = |more: &[Var<'static>]| {
        let vars = [
            ("SMS_PROVIDERS", "aliyun,webhook"),
            ("SMS_ALIYUN_ACCESS_KEY_ID", "LTAI5t"),
            ("SMS_ALIYUN_ACCESS_KEY_SECRET", "hush-token"),
            ("SMS_ALIYUN_SIGN_NAME", "Acme"),
            ("SMS_ALIYUN_TEMPLATE_CODE", "SMS_1(code)"),
            ("SMS_ALIYUN_TEMPLATE_DELETE_ACCOUNT", "SMS_2(code)"),
            ("SMS_ALIYUN_TEMPLATE_PHONE_CHANGED", "SMS_3(phone)"),
            ("SMS_WEBHOOK_URL", "https://sms.example.com/send?key=hush-query"),
            ("CLIENT_APPS", "shop=ios:example.com"),
        ];
        Folder::new().run(&["check-config"], &[&vars, more].concat())
    };
    // The bytes of "hush-webhook…", so that no form of it is shown.
    let good = aliyun(&[("SMS_WEBHOOK_SECRET", "whsec_aHVzaC13ZWJob29rLWh1c2gtd2ViaG9vay1odXNo")]);
    assert!(
        good.status == Some(0) && good.out.contains("SMS_2") && good.out.contains("LTAI5t"),
        "{}{}",
        good.out,
        good.err
    );
    good.assert_discreet();
    assert!(!good.out.contains("aHVzaC13"), "{}", good.out);
    let bad =
        aliyun(&[("SMS_WEBHOOK_SECRET", "hush-redis"), ("CLIENT_APPS", "shop=ios:example.com,shop=ios:example.org")]);
    bad.assert_refused(&["SMS_WEBHOOK_SECRET: expected whsec_", "CLIENT_APPS: names an app twice"]);
}

#[test]
fn nothing_set_is_a_good_configuration_of_development() {
    let folder = Folder::new();
    let said = folder.run(&["check-config"], &[]);
    assert_eq!((said.status, said.err.as_str()), (Some(0), ""));
    assert!(std::fs::read_dir(&folder).unwrap().next().is_none(), "it makes nothing");
}

#[test]
fn what_cannot_be_used_is_told_in_a_sentence() {
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
            folder.run(arguments, &vars).assert_refused(&[names]);
        }
    }
}

#[test]
fn a_secret_is_given_in_one_way_only() {
    let folder = folder_with_keys();
    let secret = folder.read("secret");
    let vars = [&PRODUCTION[..], &KEY_FILES, &[("SECRET_KEY", secret.as_str())]].concat();
    folder.run(&["check-config"], &vars).assert_refused(&["SECRET_KEY: give either SECRET_KEY or SECRET_KEY_FILE"]);
}

#[test]
fn the_environment_wins_over_the_file() {
    let folder = Folder::new();
    folder.write(".env", "# ours\nCODE_SECONDS=60\nPHONE_REGIONS=SG\nexport LIMIT_IP_SENDS='7'\n");
    let said = folder.run(&["check-config"], &[("CODE_SECONDS", "120")]);
    assert!(said.out.contains("life: 120s") && !said.out.contains("life: 60s"), "{}", said.out);
    assert!(said.out.contains("SG") && said.out.contains("max: 7,"), "{}", said.out);
    std::fs::create_dir(folder.path("below")).unwrap();
    let below = format!("cd below && exec '{}' check-config", env!("CARGO_BIN_EXE_doorstep"));
    let below = std::process::Command::new("sh").args(["-c", &below]).env_clear().current_dir(&folder).output();
    assert!(!String::from_utf8(below.unwrap().stdout).unwrap().contains("SG"), "another folder's file was read");
}

#[test]
fn the_example_can_be_used_as_it_is() {
    let folder = Folder::new();
    folder.write(".env", include_str!("../../.env.example"));
    let (example, nothing) = (folder.run(&["check-config"], &[]), Folder::new().run(&["check-config"], &[]));
    assert_eq!((example.status, example.out), (Some(0), nothing.out), "{}", example.err);
}

#[test]
fn a_file_that_cannot_be_read_is_told_without_its_words() {
    for file in ["SECRET_KEY=two words hush-token\n", "SECRET_KEY='hush-token\n", "hush-token\n"] {
        let folder = Folder::new();
        folder.write(".env", &format!("CODE_SECONDS=60\n{file}"));
        folder.run(&["check-config"], &[]).assert_refused(&[".env: line 2 "]);
    }
    let folder = Folder::new();
    std::fs::create_dir(folder.path(".env")).unwrap();
    folder.run(&["check-config"], &[]).assert_refused(&[".env: "]);
}

#[test]
fn keys_on_one_line_of_the_file_can_be_used() {
    let folder = folder_with_keys();
    let keys = folder.read("jwt.pem").replace('\n', "\\n");
    for quote in ["\"", "'"] {
        folder.write(".env", &format!("JWT_KEYS={quote}{keys}{quote}\nSECRET_KEY_FILE=secret\n"));
        let said = folder.run(&["check-config"], &[]);
        assert_eq!((said.status, said.err.as_str()), (Some(0), ""), "{quote}");
    }
}

/// A stray variable of another program must not stop this one.
#[test]
fn variables_that_are_no_text_are_passed_over() {
    use std::os::unix::ffi::OsStrExt;
    let command = |name: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_doorstep"));
        command.env_clear().env(name, std::ffi::OsStr::from_bytes(b"\xff")).arg("check-config");
        command.current_dir(Folder::new().as_ref()).output().unwrap()
    };
    assert!(command("SOMEBODY_ELSES").status.success());
}
