//! Warnings about connections to Redis and PostgreSQL without TLS.
//!
//! They are no errors: a network between two machines of one operator can be trusted, and many platforms encrypt it.

use super::env::Env;
use super::redis_url::RedisUrl;
use secrecy::{ExposeSecret, SecretString};
use std::net::IpAddr;

pub(super) fn validate_database(env: &mut Env, url: &SecretString) {
    if is_plain_postgres(url.expose_secret()) {
        let what = "data and password may cross the network in plain text: add sslmode=verify-full (or require)";
        env.warning("DATABASE_URL", what);
    }
}

pub(super) fn validate_redis(env: &mut Env, url: &SecretString) {
    let url = RedisUrl::parse(url.expose_secret());
    if url.is_ok_and(|url| url.exposes_password(is_this_machine)) {
        env.warning("REDIS_URL", "the password crosses the network in plain text: use rediss://");
    }
}

/// Tells whether libpq may connect to another machine without TLS. Its default, `sslmode=prefer`, accepts a server
/// without TLS, and so an attacker who pretends to be one.
fn is_plain_postgres(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://").filter(|(scheme, _)| scheme.starts_with("postgres")) else {
        return false;
    };
    // As in libpq: an `@` before any `/` ends user and password.
    let rest = match rest.find(['@', '/']) {
        Some(at) if rest[at..].starts_with('@') => &rest[at + 1..],
        _ => rest,
    };
    let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
    let options: Vec<(&str, &str)> = query.split('&').filter_map(|option| option.split_once('=')).collect();
    let requires_tls = options.iter().any(|(name, value)| match *name {
        "sslmode" => matches!(*value, "require" | "verify-ca" | "verify-full"),
        "ssl" => *value == "true",
        _ => false,
    });
    // The options replace the host of the address; `hostaddr` has priority.
    let option = |wanted: &str| options.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
    let hosts = option("hostaddr").or_else(|| option("host")).unwrap_or_else(|| {
        let (hosts, _) = address.split_once('/').unwrap_or((address, ""));
        hosts
    });
    !requires_tls && !hosts.split(',').all(is_this_machine)
}

/// Tells whether a host, with or without a port, is this machine: a loopback address or a Unix socket.
fn is_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None if host.matches(':').count() == 1 => host.split(':').next().unwrap_or_default(),
        None => host,
    };
    let is_socket = name.is_empty() || ["/", "@", "%2F", "%2f"].iter().any(|start| name.starts_with(start));
    is_socket || name.eq_ignore_ascii_case("localhost") || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warnings(validate: fn(&mut Env, &SecretString), url: &str) -> usize {
        let mut env = Env::new([]);
        validate(&mut env, &SecretString::from(url));
        let problems = env.into_problems();
        assert!(problems.errors.is_empty() && !problems.to_string().contains("hush"), "{problems}");
        problems.warnings.len()
    }

    #[test]
    fn a_plain_connection_to_a_remote_database_is_reported() {
        for url in [
            "postgres://doorstep:hush@db/doorstep",
            "postgresql://db:5432/doorstep?connect_timeout=2",
            "postgres://u:h/ush@db/d",
            "postgres://u:hush@db/d?sslmode=prefer",
            "postgres://u:hush@localhost,db:5433/d",
            "postgres://u:hush@localhost/d?host=db.example.com",
            "postgres:///d?hostaddr=192.0.2.1&host=localhost",
            "postgres://u:hush@[2001:db8::1]:5432/d",
        ] {
            assert_eq!(warnings(validate_database, url), 1, "{url}");
        }
        for url in [
            "sqlite://data/doorstep.sqlite3",
            "postgres://u:hush@db/d?sslmode=require",
            "postgres://u:hush@db/d?connect_timeout=1&sslmode=verify-full&sslrootcert=ca.pem",
            "postgres://u:hush@localhost:5432/d",
            "postgres://u:hush@127.0.0.1/d",
            "postgres://u:hush@[::1]:5432/d",
            "postgres:///d",
            "postgres://u@/d?host=/var/run/postgresql",
            "postgres://%2Fvar%2Frun/d",
        ] {
            assert_eq!(warnings(validate_database, url), 0, "{url}");
        }
    }

    #[test]
    fn a_password_of_redis_in_plain_text_is_reported() {
        for (url, expected) in [
            ("redis://:hush@redis:6379/0", 1),
            ("redis://user:hush@10.0.0.7", 1),
            ("redis://redis:6379", 0),
            ("rediss://:hush@redis:6379", 0),
            ("redis://:hush@127.0.0.1:6379", 0),
            ("redis://:hush@localhost", 0),
            ("redis://:hush@[::1]:6379", 0),
            ("redis+sentinel://:hush@redis/main", 1),
            ("redis+sentinel://redis/main?sentinel_password=hush", 1),
            ("redis+sentinel://redis/main", 0),
            ("rediss+sentinel://:hush@redis/main", 0),
            ("redis+cluster://:hush@localhost,redis", 1),
            ("rediss+cluster://:hush@a,b", 0),
        ] {
            assert_eq!(warnings(validate_redis, url), expected, "{url}");
        }
    }
}
