//! Number of connections: in total, and for each peer that is not a trusted proxy.

use super::super::client::Proxies;
use crate::domain::ip_block::IpBlock;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Time between two log lines about refused connections.
const LOG_INTERVAL: Duration = Duration::from_secs(60);

/// Counts the open connections. A connection beyond a limit is closed at once.
pub struct Connections {
    total: usize,
    per_peer: usize,
    proxies: Proxies,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    total: usize,
    /// Connections of peers that are not trusted proxies.
    by_peer: HashMap<IpBlock, usize>,
    logged: Option<Instant>,
}

/// Place of one open connection, which its drop frees.
pub struct Place {
    connections: Arc<Connections>,
    /// `None` for a trusted proxy.
    peer: Option<IpBlock>,
}

impl Connections {
    #[must_use]
    pub fn new(total: usize, per_peer: usize, proxies: Proxies) -> Self {
        Self { total, per_peer, proxies, open: Mutex::default() }
    }

    /// Counts a new connection. Returns `None` if it is beyond a limit.
    pub fn admit(self: &Arc<Self>, peer: IpAddr) -> Option<Place> {
        let peer = (!self.proxies.trusts(peer)).then(|| IpBlock::from(peer));
        let mut open = self.lock();
        let of_peer = peer.and_then(|peer| open.by_peer.get(&peer).copied()).unwrap_or_default();
        if open.total >= self.total || of_peer >= self.per_peer {
            let limit = if open.total >= self.total { "MAX_CONNECTIONS" } else { "MAX_CONNECTIONS_PER_PEER" };
            open.log(limit);
            return None;
        }
        open.total += 1;
        if let Some(peer) = peer {
            open.by_peer.insert(peer, of_peer + 1);
        }
        Some(Place { connections: Arc::clone(self), peer })
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// Writes a log line, unless there was one in the last minute: a flood must not fill the log.
    fn log(&mut self, limit: &'static str) {
        if self.logged.is_none_or(|last| last.elapsed() > LOG_INTERVAL) {
            self.logged = Some(Instant::now());
            tracing::warn!(limit, open = self.total, "connection limit reached");
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.connections.lock();
        open.total -= 1;
        let Some(peer) = self.peer else { return };
        match open.by_peer.get_mut(&peer) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(open.by_peer.remove(&peer)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_peer_has_its_own_limit_and_a_trusted_proxy_has_none() {
        let proxies = Proxies::new(vec!["10.0.0.0/8".parse().unwrap()]);
        let connections = Arc::new(Connections::new(5, 2, proxies));
        let admit = |text| connections.admit(address(text));
        let first = [admit("2001:db8::1"), admit("2001:db8::2")];
        assert!(first.iter().all(Option::is_some));
        assert!(admit("2001:db8::3").is_none(), "the /64 has two connections");
        let of_proxy = [admit("10.0.0.1"), admit("10.0.0.1"), admit("::ffff:10.0.0.1")];
        assert!(of_proxy.iter().all(Option::is_some));
        assert!(admit("192.0.2.1").is_none() && admit("10.0.0.1").is_none(), "five connections in total");
        drop(first);
        assert!(admit("2001:db8::3").is_some());
        drop(of_proxy);
        let open = connections.lock();
        assert!(open.total == 0 && open.by_peer.is_empty());
    }
}
