//! Parsed database URL: the engine and its address.

use super::error::StartError;
use std::path::{Path, PathBuf};

/// Engine and address of the database. Not `Debug`, because the URL contains a password.
#[derive(Clone)]
pub(super) enum Address {
    /// Absolute path: a change of the working directory does not change the file.
    Sqlite(PathBuf),
    /// URL for libpq, with the timeouts of [`POSTGRES_DEFAULTS`].
    Postgres(String),
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

/// Options that are added unless the URL contains them. Without them, a connection to a host that has disappeared
/// blocks its thread for hours (the defaults of libpq and Linux).
const POSTGRES_DEFAULTS: [(&str, &str); 6] = [
    ("fallback_application_name", "doorstep"),
    // Seconds for everything before the first query, for each IP address of the host name.
    ("connect_timeout", "2"),
    // Milliseconds after which unacknowledged data closes the connection.
    ("tcp_user_timeout", "5000"),
    // Idle seconds, seconds between probes, number of probes: a dead connection is detected after about 20 s.
    ("keepalives_idle", "10"),
    ("keepalives_interval", "5"),
    ("keepalives_count", "2"),
];

fn postgres(url: &str, rest: &str) -> Result<Address, StartError> {
    if url.contains('\0') {
        return Err(StartError::Scheme);
    }
    // As in libpq: an `@` before any `/` ends user and password. A `?` before it is part of the password.
    let host = match rest.find(['@', '/']) {
        Some(at) if rest[at..].starts_with('@') => &rest[at..],
        _ => rest,
    };
    let query = host.split_once('?').map(|(_, query)| query);
    let options: Vec<(&str, &str)> =
        query.unwrap_or_default().split('&').filter_map(|option| option.split_once('=')).collect();
    if cfg!(feature = "bundled-libpq") && options.iter().any(|option| needs_tls(*option)) {
        return Err(StartError::Tls);
    }
    let mut url = url.to_owned();
    let mut separator = match query {
        None => "?",
        Some("") => "",
        Some(_) => "&",
    };
    for (name, value) in POSTGRES_DEFAULTS {
        if !options.iter().any(|(given, _)| *given == name) {
            url.push_str(&format!("{separator}{name}={value}"));
            separator = "&";
        }
    }
    Ok(Address::Postgres(url))
}

fn needs_tls((name, value): (&str, &str)) -> bool {
    name == "sslmode" && matches!(value, "require" | "verify-ca" | "verify-full")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn libpq(url: &str) -> String {
        match Address::parse(url) {
            Ok(Address::Postgres(url)) => url,
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
    fn tls_is_rejected_without_support_in_libpq() {
        for mode in ["require", "verify-ca", "verify-full"] {
            let result = Address::parse(&format!("postgres://u:p@h/d?connect_timeout=2&sslmode={mode}"));
            assert_eq!(matches!(result, Err(StartError::Tls)), cfg!(feature = "bundled-libpq"), "{mode}");
        }
    }
}
