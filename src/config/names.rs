//! Names of the settings, and warnings about misspelt names.

use super::env::Env;
use super::sections;
use super::variable::Description;

/// Beginnings of names that only doorstep uses. A name with another beginning is reported only if it is nearly the name
/// of a setting: it may belong to another program.
const PREFIXES: [&str; 14] = [
    "APP_",
    "AVATAR_",
    "CAPTCHA_",
    "DATABASE_",
    "HASH_",
    "JWT_",
    "LIMIT_",
    "METRICS_",
    "PHONE_",
    "PROOF_OF_WORK",
    "REDIS_",
    "SESSION_",
    "SMS_",
    "TRUSTED_",
];

/// Variables of other programs with one of these beginnings: the X11 session manager.
const FOREIGN: [&str; 1] = ["SESSION_MANAGER"];

/// Warns of each variable that looks like a setting and is none. It is no error: the variable may belong to another
/// program.
pub(super) fn validate(env: &mut Env) {
    let settings = settings();
    let has_variants = |setting: &&Description| setting.stem.as_ref() == Some(&setting.name);
    let variants: Vec<_> = settings.iter().filter(has_variants).map(|setting| format!("{}_US", setting.name)).collect();
    for name in env.suffixes("") {
        if is_known(&settings, &name) || FOREIGN.contains(&name.as_str()) {
            continue;
        }
        let names = settings.iter().map(|setting| &setting.name).chain(&variants);
        // A name that was cut off is nearest to its whole form.
        let Some(nearest) = names.min_by_key(|known| (!known.starts_with(&name), distance(&name, known))) else {
            return;
        };
        let distance = distance(&name, nearest);
        if PREFIXES.iter().any(|prefix| name.starts_with(prefix)) || distance * 5 <= name.len() {
            env.warning(&name, format!("has no effect, because no setting has this name; the nearest is {nearest}"));
        }
    }
}

pub(super) fn settings() -> Vec<Description> {
    sections::all().into_iter().flat_map(|section| section.settings).collect()
}

pub(super) fn is_known(settings: &[Description], name: &str) -> bool {
    let file = name.strip_suffix("_FILE");
    settings.iter().any(|setting| {
        let is_file = setting.is_secret && file == Some(&*setting.name);
        let is_variant = setting.stem.as_ref().and_then(|stem| name.strip_prefix(&**stem)).is_some_and(is_suffix);
        setting.name == name || is_file || is_variant
    })
}

fn is_suffix(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('_')
}

/// Number of characters to insert, delete or replace (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, right) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(left != right);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warnings(names: &[&str]) -> Vec<String> {
        let mut env = Env::new(names.iter().map(|name| ((*name).to_owned(), "development".to_owned())));
        validate(&mut env);
        let problems = env.into_problems();
        assert!(problems.errors.is_empty(), "{:?}", problems.errors);
        problems.warnings
    }

    #[test]
    fn a_misspelt_name_is_reported_with_the_nearest_one() {
        for (misspelt, nearest) in [
            ("SMS_BUGDET_HOUR", "SMS_BUDGET_HOUR"),
            ("LIMIT_WRONG_CODE_DAY", "LIMIT_WRONG_CODES_DAY"),
            ("TRUSTED_PROXIE", "TRUSTED_PROXIES"),
            ("CAPTCHA_BYPASS", "CAPTCHA_BYPASS_ANSWER"),
            ("PROOF_OF_WORKS", "PROOF_OF_WORK"),
            ("JWT_KEY", "JWT_KEYS"),
            ("JWT_KEY_FILE", "JWT_KEYS"),
            ("SECRETKEY", "SECRET_KEY"),
            ("WORKER", "WORKERS"),
            ("ACCESS_TOKENS_SECONDS", "ACCESS_TOKEN_SECONDS"),
            ("BIND_ADDRESS_OF_REDIS_URL", ""),
            ("REDIS_PASSWORD", "REDIS_URL"),
            ("DATABASE_URL_FILES", "DATABASE_URL"),
            ("SMS_PROVIDER_US", "SMS_PROVIDERS_US"),
        ] {
            let found = warnings(&[misspelt]);
            if nearest.is_empty() {
                assert!(found.is_empty(), "{found:?}");
                continue;
            }
            let [line] = &found[..] else { panic!("{misspelt}: {found:?}") };
            assert!(line.starts_with(&format!("{misspelt}: ")) && line.ends_with(nearest), "{line}");
        }
    }

    #[test]
    fn names_of_settings_and_of_other_programs_are_not_reported() {
        let known = [
            "APP_ENV",
            "BIND",
            "JWT_KEYS_FILE",
            "SMS_TENCENT_INTERNATIONAL_SECRET_KEY_FILE",
            "TEST_PHONES_FILE",
            "SMS_PROVIDERS_US",
            "SMS_CLOOPEN_TEMPLATE_LOGIN_US",
            "SMS_ALIYUN_SIGN_NAME_LOGIN",
            "PATH",
            "HOME",
            "LOGNAME",
            "HOSTNAME",
            "SSL_CERT_FILE",
            "SESSION_MANAGER",
            "RUST_LOG",
        ];
        assert_eq!(warnings(&known), Vec::<String>::new());
        let injected = [
            "REDIS_PORT",
            "REDIS_PORT_6379_TCP",
            "REDIS_PORT_6379_TCP_ADDR",
            "REDIS_SERVICE_HOST",
            "REDIS_SERVICE_PORT",
            "REDIS_SERVICE_PORT_TLS",
            "SMS_PROVIDERS_PORT",
            "METRICS_PORT_9464_TCP_PROTO",
        ];
        assert_eq!(warnings(&injected), Vec::<String>::new());
    }

    /// A file is an alternative only for secrets.
    #[test]
    fn the_secrets_are_declared() {
        let is_secret = |setting: &Description| {
            let endings = ["_SECRET", "SECRET_KEY", "_SECRET_ACCESS_KEY", "_AUTH_TOKEN"];
            let names = ["DATABASE_URL", "REDIS_URL", "JWT_KEYS", "TEST_PHONES"];
            endings.iter().any(|ending| setting.name.ends_with(ending)) || names.contains(&&*setting.name)
        };
        for setting in settings() {
            assert_eq!(setting.is_secret, is_secret(&setting), "{}", setting.name);
        }
        assert_eq!(
            warnings(&["BIND_FILE", "APP_ENV_FILE"]).len(),
            1,
            "BIND_FILE is short: it may be of another program"
        );
    }
}
