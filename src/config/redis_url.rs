//! `REDIS_URL`: one server, or servers that Sentinel or Redis Cluster manages.

use secrecy::{ExposeSecret, SecretString};
use std::fmt;

/// Parsed URL.
pub struct RedisUrl {
    pub topology: Topology,
    /// The server, the sentinels, or some nodes of the cluster. At least one.
    pub addresses: Vec<RedisAddress>,
    /// Tells whether every connection uses TLS.
    pub tls: bool,
    pub login: RedisLogin,
    pub database: u16,
}

pub enum Topology {
    Server,
    /// Name of the primary at the sentinels, and the login at the sentinels.
    Sentinel {
        primary: String,
        login: RedisLogin,
    },
    Cluster,
}

/// Host and port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RedisAddress {
    pub host: String,
    pub port: u16,
}

/// User and password. Redis without users has a password only.
#[derive(Debug, Clone, Default)]
pub struct RedisLogin {
    pub user: Option<String>,
    pub password: Option<SecretString>,
}

/// Port of servers, and of sentinels.
const SERVER_PORT: u16 = 6_379;
const SENTINEL_PORT: u16 = 26_379;

impl RedisUrl {
    /// Parses a URL.
    ///
    /// # Errors
    /// What was expected. The text does not repeat the URL, which can contain a password.
    pub fn parse(url: &str) -> Result<Self, String> {
        let (scheme, rest) = url.split_once("://").ok_or(SCHEMES)?;
        let (tls, kind) = match scheme.strip_prefix("rediss") {
            Some(kind) => (true, kind),
            None => (false, scheme.strip_prefix("redis").ok_or(SCHEMES)?),
        };
        let (authority, path, query) = split(rest);
        let (login, hosts) = match authority.rsplit_once('@') {
            Some((login, hosts)) => (read_login(login)?, hosts),
            None => (RedisLogin::default(), authority),
        };
        let (topology, port, database) = match kind {
            "" => (Topology::Server, SERVER_PORT, path),
            "+cluster" => (Topology::Cluster, SERVER_PORT, path),
            "+sentinel" => {
                let (primary, database) = path.split_once('/').unwrap_or((path, ""));
                if primary.is_empty() {
                    return Err("expected redis+sentinel://host1,host2/name with the name of the primary".to_owned());
                }
                let login = read_sentinel_login(query)?;
                (Topology::Sentinel { primary: decode(primary)?, login }, SENTINEL_PORT, database)
            }
            _ => return Err(SCHEMES.to_owned()),
        };
        if !query.is_empty() && !matches!(topology, Topology::Sentinel { .. }) {
            return Err("expected no options behind a question mark".to_owned());
        }
        let addresses = hosts.split(',').map(|host| RedisAddress::parse(host, port)).collect::<Option<Vec<_>>>();
        let addresses = addresses.ok_or(HOSTS)?;
        let database = if database.is_empty() { Some(0) } else { database.parse().ok() };
        let database = database.ok_or("expected the number of a database behind the slash")?;
        match topology {
            Topology::Server if addresses.len() > 1 => {
                Err("expected one host: several need +sentinel or +cluster".into())
            }
            Topology::Cluster if database > 0 => Err("expected no database: a cluster has number 0 only".into()),
            _ => Ok(Self { topology, addresses, tls, login, database }),
        }
    }

    /// Tells whether a password crosses the network in plain text: without TLS, to a host for which `is_local` is
    /// false.
    #[must_use]
    pub fn exposes_password(&self, is_local: impl Fn(&str) -> bool) -> bool {
        let sentinel_login = match &self.topology {
            Topology::Sentinel { login, .. } => Some(login),
            _ => None,
        };
        let has_password = [Some(&self.login), sentinel_login].iter().flatten().any(|login| login.password.is_some());
        !self.tls && has_password && !self.addresses.iter().all(|address| is_local(&address.host))
    }
}

const SCHEMES: &str = "expected a URL with redis://, rediss:// (TLS), redis+sentinel:// or redis+cluster://";
const HOSTS: &str =
    "expected host or host:port, separated by commas; / ? @ , % in user and password need percent-encoding";

/// Splits what follows the scheme into authority, path and query.
fn split(rest: &str) -> (&str, &str, &str) {
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    (authority, path, query)
}

fn read_login(text: &str) -> Result<RedisLogin, String> {
    let (user, password) = text.split_once(':').map_or((text, None), |(user, password)| (user, Some(password)));
    let user = Some(user).filter(|user| !user.is_empty()).map(decode).transpose()?;
    let password = password.filter(|password| !password.is_empty()).map(decode).transpose()?;
    Ok(RedisLogin { user, password: password.map(SecretString::from) })
}

fn read_sentinel_login(query: &str) -> Result<RedisLogin, String> {
    let mut login = RedisLogin::default();
    for option in query.split('&').filter(|option| !option.is_empty()) {
        match option.split_once('=') {
            Some(("sentinel_user", user)) => login.user = Some(decode(user)?),
            Some(("sentinel_password", password)) => login.password = Some(SecretString::from(decode(password)?)),
            _ => return Err("expected only the options sentinel_user and sentinel_password".to_owned()),
        }
    }
    Ok(login)
}

/// Decodes `%2F` to `/`.
fn decode(text: &str) -> Result<String, String> {
    let invalid = || "expected two hexadecimal digits behind each % in user and password".to_owned();
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
                let value = digit().zip(digit()).map(|(high, low)| 16 * high + low);
                value.and_then(|value| u8::try_from(value).ok()).ok_or_else(invalid)?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).map_err(|_| invalid())
}

impl RedisAddress {
    /// Parses `host`, `host:port`, `[address]` or `[address]:port`.
    #[must_use]
    pub fn parse(text: &str, default_port: u16) -> Option<Self> {
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (host, port) = rest.split_once(']')?;
                (host, if port.is_empty() { None } else { Some(port.strip_prefix(':')?) })
            }
            None => text.rsplit_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
        };
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
        let port = port.map_or(Some(default_port), |port| port.parse().ok()).filter(|port| *port > 0)?;
        let is_host = !host.is_empty() && host.chars().all(is_allowed);
        is_host.then(|| Self { host: host.to_owned(), port })
    }
}

impl fmt::Display for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

impl RedisLogin {
    #[must_use]
    pub fn password(&self) -> Option<&str> {
        self.password.as_ref().map(ExposeSecret::expose_secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(url: &str) -> (String, Option<String>, Option<String>, u16) {
        let url = RedisUrl::parse(url).unwrap();
        let addresses: Vec<_> = url.addresses.iter().map(ToString::to_string).collect();
        (addresses.join(" "), url.login.user.clone(), url.login.password().map(str::to_owned), url.database)
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn a_url_names_a_server_sentinels_or_nodes() {
        for (url, expected) in [
            ("redis://redis", ("redis:6379", None, None, 0)),
            ("redis://127.0.0.1:7000/3", ("127.0.0.1:7000", None, None, 3)),
            ("rediss://user:hush@redis.example.com/", ("redis.example.com:6379", some("user"), some("hush"), 0)),
            ("redis://:p#ss@h", ("h:6379", None, some("p#ss"), 0)),
            ("redis://:%2F%3f%40%25@h", ("h:6379", None, some("/?@%"), 0)),
            ("redis://[2001:db8::1]:7000", ("[2001:db8::1]:7000", None, None, 0)),
            ("redis+sentinel://a,b:5,[::1]/main", ("a:26379 b:5 [::1]:26379", None, None, 0)),
            ("redis+sentinel://u:p@a/main/2?sentinel_password=s", ("a:26379", some("u"), some("p"), 2)),
            ("rediss+cluster://:p@a,b:7001", ("a:6379 b:7001", None, some("p"), 0)),
        ] {
            let (addresses, user, password, database) = parts(url);
            assert_eq!((addresses.as_str(), user, password, database), expected, "{url}");
        }
    }

    #[test]
    fn sentinels_have_a_login_of_their_own() {
        let url = "rediss+sentinel://u:p@a/my%20name?sentinel_user=watch&sentinel_password=a%26b";
        let RedisUrl { topology: Topology::Sentinel { primary, login }, tls: true, .. } = RedisUrl::parse(url).unwrap()
        else {
            panic!("no sentinels with TLS");
        };
        assert_eq!(
            (primary.as_str(), login.user.as_deref(), login.password()),
            ("my name", Some("watch"), Some("a&b"))
        );
    }

    #[test]
    fn an_error_does_not_repeat_the_url() {
        for url in [
            "hush",
            "http://:hush@h",
            "redis+tls://:hush@h",
            "redis://:hush@",
            "redis://:hush@:x",
            "redis://:hush@h:0",
            "redis://:hush@h:port",
            "redis://:hu/sh@h",
            "redis://:hush%zz@h",
            "redis://:hush@h/hush",
            "redis://:hush@h/0?hush=1",
            "redis://:hush@a,b",
            "redis+sentinel://:hush@a",
            "redis+sentinel://:hush@a/main?hush=1",
            "redis+cluster://:hush@a/1",
            "redis+cluster://:hush@a,,b",
        ] {
            let Err(error) = RedisUrl::parse(url) else { panic!("{url} was accepted") };
            assert!(error.starts_with("expected ") && !error.contains("hush"), "{url}: {error}");
        }
    }
}
