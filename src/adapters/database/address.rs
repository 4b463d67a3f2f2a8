//! A database URL, read once: which engine, and where.

use super::error::StartError;
use std::path::{Path, PathBuf};

/// Where the users live. Without `Debug`, for a URL holds a password.
#[derive(Clone)]
pub(super) enum Address {
    /// Absolute, so that it stays the same file wherever the process goes.
    Sqlite(PathBuf),
    /// As libpq takes it, with our time limits.
    Postgres(String),
}

impl Address {
    /// The scheme alone decides; no engine is ever tried in another's place.
    pub fn parse(url: &str) -> Result<Self, StartError> {
        match url.split_once("://") {
            Some(("sqlite", path)) => sqlite(path),
            Some(("postgres" | "postgresql", rest)) => postgres(url, rest),
            _ => Err(StartError::Scheme),
        }
    }

    /// Refuses a SQLite file that is not there: SQLite would make an empty one out of a mistyped path.
    pub fn must_exist(&self) -> Result<(), StartError> {
        match self {
            Self::Sqlite(path) if !path.is_file() => Err(StartError::Missing(path.clone())),
            _ => Ok(()),
        }
    }
}

fn sqlite(path: &str) -> Result<Address, StartError> {
    // Options would be taken for a part of the file's name.
    if path.is_empty() || path.contains(['?', '#', '\0']) {
        return Err(StartError::SqlitePath);
    }
    let path = std::path::absolute(Path::new(path)).map_err(|_| StartError::SqlitePath)?;
    if path.to_str().is_none() { Err(StartError::SqlitePath) } else { Ok(Address::Sqlite(path)) }
}

/// What the URL may say itself and mostly does not. Without these a connection to a host that has vanished would block
/// its thread for hours (libpq's and Linux's own limits).
const POSTGRES_DEFAULTS: [(&str, &str); 6] = [
    ("fallback_application_name", "doorstep"),
    // Seconds, for all that comes before the first query, of each address that the host name has.
    ("connect_timeout", "2"),
    // Milliseconds until data that nobody acknowledges ends the connection.
    ("tcp_user_timeout", "5000"),
    // Seconds of silence, then seconds between the probes, then probes: gone after about 20 s.
    ("keepalives_idle", "10"),
    ("keepalives_interval", "5"),
    ("keepalives_count", "2"),
];

fn postgres(url: &str, rest: &str) -> Result<Address, StartError> {
    if url.contains('\0') {
        return Err(StartError::Scheme);
    }
    // As libpq reads it: an `@` before any `/` ends user and password, in which a `?` is only a character.
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
            _ => panic!("not for libpq: {url}"),
        }
    }

    fn file(url: &str) -> Option<PathBuf> {
        match Address::parse(url) {
            Ok(Address::Sqlite(path)) => Some(path),
            _ => None,
        }
    }

    #[test]
    fn the_scheme_alone_decides() {
        for url in
            ["", "users.db", "host=localhost dbname=x", "mysql://h/d", "SQLITE://x", "sqlite:x", "file:///x", "://"]
        {
            assert!(matches!(Address::parse(url), Err(StartError::Scheme)), "{url}");
        }
        assert!(libpq("postgres://h/d").starts_with("postgres://h/d?"));
        assert!(libpq("postgresql://h/d").starts_with("postgresql://h/d?"));
    }

    #[test]
    fn a_sqlite_url_is_a_path_and_nothing_else() {
        assert_eq!(file("sqlite:///var/lib/users.db"), Some(PathBuf::from("/var/lib/users.db")));
        assert_eq!(file("sqlite://data/users.db"), std::path::absolute("data/users.db").ok());
        assert_eq!(file("sqlite://"), None);
        assert_eq!(file("sqlite://users.db?mode=rwc"), None);
        assert!(file("sqlite://:memory:").unwrap().is_absolute(), "every connection would have its own");
    }

    #[test]
    fn time_limits_are_added_unless_they_are_given() {
        assert!(libpq("postgres://u:p@h/d").contains("/d?fallback_application_name=doorstep&connect_timeout=2&"));
        assert!(libpq("postgres://u:p?w@h/d").contains("/d?fallback_application_name="));
        assert!(libpq("postgres://h/d?").contains("/d?fallback_application_name="));
        let own = libpq("postgres://h1:1,h2:2/d?connect_timeout=9&sslmode=prefer");
        assert!(own.contains("connect_timeout=9&sslmode=prefer&fallback_application_name=") && !own.contains("=2&"));
    }

    #[test]
    fn tls_is_refused_where_it_is_not_built_in() {
        for mode in ["require", "verify-ca", "verify-full"] {
            let refused = Address::parse(&format!("postgres://u:p@h/d?connect_timeout=2&sslmode={mode}"));
            assert_eq!(matches!(refused, Err(StartError::Tls)), cfg!(feature = "bundled-libpq"), "{mode}");
        }
    }
}
