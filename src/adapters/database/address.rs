//! Parsed database URL: the engine and its address.

use super::error::StartError;
use std::path::{Path, PathBuf};

/// Engine and address of the database. Not `Debug`, because the URL contains a password.
#[derive(Clone)]
pub(super) enum Address {
    /// Absolute path: a change of the working directory does not change the file.
    Sqlite(PathBuf),
    Postgres(PostgresUrl),
}

/// URL for libpq, with the timeouts of [`DEFAULTS`].
#[derive(Clone)]
pub(super) struct PostgresUrl {
    /// URL for poolers, which refuse or ignore settings of a session.
    pub plain: String,
    /// The same URL, with the settings of [`SESSION`].
    pub with_session: String,
}

impl Address {
    /// Parses a URL. Only the scheme selects the engine; there is no fallback to the other engine.
    pub fn parse(url: &str) -> Result<Self, StartError> {
        match url.split_once("://") {
            Some(("sqlite", path)) => sqlite(path),
            Some(("postgres" | "postgresql", rest)) => postgres(url, rest),
            _ => Err(StartError::Scheme),
        }
    }

    /// Rejects a SQLite file that does not exist: SQLite would create an empty file at a mistyped path.
    pub fn must_exist(&self) -> Result<(), StartError> {
        match self {
            Self::Sqlite(path) if !path.is_file() => Err(StartError::Missing(path.clone())),
            _ => Ok(()),
        }
    }
}

fn sqlite(path: &str) -> Result<Address, StartError> {
    // Options would become part of the file name.
    if path.is_empty() || path.contains(['?', '#', '\0']) {
        return Err(StartError::SqlitePath);
    }
    let path = std::path::absolute(Path::new(path)).map_err(|_| StartError::SqlitePath)?;
    if path.to_str().is_none() { Err(StartError::SqlitePath) } else { Ok(Address::Sqlite(path)) }
}

/// Options that are added unless the URL contains them. With the defaults of libpq and Linux, a connection to a host
/// that has disappeared would block its thread for hours.
const DEFAULTS: [(&str, &str); 6] = [
    ("fallback_application_name", "doorstep"),
    // Seconds for everything before the first query, for each IP address of the host name.
    ("connect_timeout", "2"),
    // Milliseconds after which unacknowledged data closes the connection, and unanswered probes, too.
    ("tcp_user_timeout", "4000"),
    // Idle seconds, seconds between probes, number of probes: a dead connection is detected after about 6 s.
    ("keepalives_idle", "3"),
    ("keepalives_interval", "1"),
    ("keepalives_count", "3"),
];

/// With several hosts, libpq takes the first one that accepts writes: the primary, wherever it is after a failover.
const SEVERAL_HOSTS: (&str, &str) = ("target_session_attrs", "read-write");

/// Settings of each session, percent-encoded. The server ends a statement that waits for a lock or runs too long,
/// before its caller times out. It plans a prepared statement once: each one looks up keys, so its best plan does not
/// depend on the values. The last setting shows that the session got all (`connection::own_session`).
const SESSION: &str =
    "-c%20statement_timeout%3D2s%20-c%20plan_cache_mode%3Dforce_generic_plan%20-c%20doorstep.session%3Don";

fn postgres(url: &str, rest: &str) -> Result<Address, StartError> {
    if url.contains('\0') {
        return Err(StartError::Scheme);
    }
    // As in libpq: an `@` before any `/` ends user and password. A `?` before it is part of the password.
    let host = match rest.find(['@', '/']) {
        Some(at) if rest[at..].starts_with('@') => &rest[at..],
        _ => rest,
    };
    let (authority, query) = host.split_once('?').unwrap_or((host, ""));
    let mut options: Vec<(&str, &str)> = query.split('&').filter_map(|option| option.split_once('=')).collect();
    if cfg!(feature = "bundled-libpq") && options.iter().any(|option| needs_tls(*option)) {
        return Err(StartError::Tls);
    }
    let has_several_hosts =
        authority.contains(',') || options.iter().any(|(name, value)| *name == "host" && value.contains(','));
    for default in DEFAULTS.into_iter().chain(has_several_hosts.then_some(SEVERAL_HOSTS)) {
        if !options.iter().any(|(given, _)| *given == default.0) {
            options.push(default);
        }
    }
    let base = &url[..url.len() - host.len() + authority.len()];
    Ok(Address::Postgres(PostgresUrl { plain: join(base, &options), with_session: with_session(base, &options) }))
}

fn join(base: &str, options: &[(&str, &str)]) -> String {
    let options: Vec<_> = options.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{base}?{}", options.join("&"))
}

fn with_session(base: &str, options: &[(&str, &str)]) -> String {
    let given = options.iter().find(|(name, _)| *name == "options").map(|(_, value)| *value);
    let settings = given.map_or_else(|| SESSION.to_owned(), |given| format!("{given}%20{SESSION}"));
    let mut options: Vec<_> = options.iter().copied().filter(|(name, _)| *name != "options").collect();
    options.push(("options", &settings));
    join(base, &options)
}

fn needs_tls((name, value): (&str, &str)) -> bool {
    name == "sslmode" && matches!(value, "require" | "verify-ca" | "verify-full")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn libpq(url: &str) -> String {
        match Address::parse(url) {
            Ok(Address::Postgres(url)) => url.plain,
            _ => panic!("not a PostgreSQL URL: {url}"),
        }
    }

    fn file(url: &str) -> Option<PathBuf> {
        match Address::parse(url) {
            Ok(Address::Sqlite(path)) => Some(path),
            _ => None,
        }
    }

    #[test]
    fn only_the_scheme_selects_the_engine() {
        for url in
            ["", "users.db", "host=localhost dbname=x", "mysql://h/d", "SQLITE://x", "sqlite:x", "file:///x", "://"]
        {
            assert!(matches!(Address::parse(url), Err(StartError::Scheme)), "{url}");
        }
        assert!(libpq("postgres://h/d").starts_with("postgres://h/d?"));
        assert!(libpq("postgresql://h/d").starts_with("postgresql://h/d?"));
    }

    #[test]
    fn a_sqlite_url_is_a_path_without_options() {
        assert_eq!(file("sqlite:///var/lib/users.db"), Some(PathBuf::from("/var/lib/users.db")));
        assert_eq!(file("sqlite://data/users.db"), std::path::absolute("data/users.db").ok());
        assert_eq!(file("sqlite://"), None);
        assert_eq!(file("sqlite://users.db?mode=rwc"), None);
        assert!(file("sqlite://:memory:").unwrap().is_absolute(), "one database per connection");
    }

    #[test]
    fn timeouts_are_added_unless_the_url_contains_them() {
        assert!(libpq("postgres://u:p@h/d").contains("/d?fallback_application_name=doorstep&connect_timeout=2&"));
        assert!(libpq("postgres://u:p?w@h/d").contains("/d?fallback_application_name="));
        assert!(libpq("postgres://h/d?").contains("/d?fallback_application_name="));
        let own = libpq("postgres://h1:1,h2:2/d?connect_timeout=9&sslmode=prefer");
        assert!(own.contains("connect_timeout=9&sslmode=prefer&fallback_application_name=") && !own.contains("=2&"));
    }

    #[test]
    fn several_hosts_mean_the_one_that_accepts_writes() {
        let attrs = "&target_session_attrs=read-write";
        assert!(libpq("postgres://h1:1,h2:2/d").contains(attrs) && libpq("postgres:///d?host=h1,h2").contains(attrs));
        assert!(!libpq("postgres://u:p,w@h/d").contains("target_session_attrs"));
        assert!(!libpq("postgres://h1,h2/d?target_session_attrs=any").contains(attrs));
    }

    #[test]
    fn the_settings_of_the_session_follow_the_options_of_the_url() {
        let session = |url: &str| match Address::parse(url) {
            Ok(Address::Postgres(url)) => url.with_session,
            _ => panic!("not a PostgreSQL URL: {url}"),
        };
        assert!(session("postgres://h/d").ends_with(&format!("&options={SESSION}")));
        let own = session("postgres://h/d?options=-c%20search_path%3Dx&sslmode=prefer");
        assert!(own.ends_with(&format!("&options=-c%20search_path%3Dx%20{SESSION}")) && own.contains("sslmode=prefer"));
        assert_eq!(own.matches("options=").count(), 1);
    }

    #[test]
    fn tls_is_rejected_without_support_in_libpq() {
        for mode in ["require", "verify-ca", "verify-full"] {
            let result = Address::parse(&format!("postgres://u:p@h/d?connect_timeout=2&sslmode={mode}"));
            assert_eq!(matches!(result, Err(StartError::Tls)), cfg!(feature = "bundled-libpq"), "{mode}");
        }
    }
}
