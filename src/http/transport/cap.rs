//! Number of connections: in total, and for each IP block of the peers that are not trusted proxies.

use super::super::client::Proxies;
use crate::domain::ip_block::{AddressBlocks, IpBlock, Nat64};
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
    nat64: Nat64,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    total: usize,
    /// Connections of peers that are not trusted proxies, for each width of their IP blocks.
    by_peer: [HashMap<IpAddr, usize>; IpBlock::WIDTHS],
    logged: Option<Instant>,
}

/// Place of one open connection, which its drop frees.
pub struct Place {
    connections: Arc<Connections>,
    /// `None` for a trusted proxy.
    peer: Option<AddressBlocks>,
}

impl Connections {
    /// Allows `total` connections, and `per_peer` of each IPv4 address or IPv6 /64. A /56 and a /48 have the multiples
    /// that rate limits give them.
    #[must_use]
    pub fn new(total: usize, per_peer: usize, proxies: Proxies, nat64: Nat64) -> Self {
        Self { total, per_peer, proxies, nat64, open: Mutex::default() }
    }

    /// Counts a new connection. Returns `None` if it is beyond a limit.
    pub fn admit(self: &Arc<Self>, peer: IpAddr) -> Option<Place> {
        let peer = (!self.proxies.trusts(peer)).then(|| AddressBlocks::new(peer, &self.nat64));
        let mut open = self.lock();
        if open.total >= self.total {
            open.log("MAX_CONNECTIONS");
            return None;
        }
        if peer.is_some_and(|peer| open.is_full(peer, self.per_peer)) {
            open.log("MAX_CONNECTIONS_PER_PEER");
            return None;
        }
        open.total += 1;
        if let Some(AddressBlocks(blocks)) = peer {
            for (counts, block) in open.by_peer.iter_mut().zip(blocks) {
                *counts.entry(block).or_default() += 1;
            }
        }
        Some(Place { connections: Arc::clone(self), peer })
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn is_full(&self, AddressBlocks(blocks): AddressBlocks, per_peer: usize) -> bool {
        let maxima = IpBlock::MULTIPLES.map(|multiple| per_peer.saturating_mul(multiple as usize));
        let counts = self.by_peer.iter().zip(blocks).map(|(counts, block)| counts.get(&block).copied());
        counts.zip(maxima).any(|(count, most)| count.unwrap_or_default() >= most)
    }

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
        let Some(AddressBlocks(blocks)) = self.peer else { return };
        for (counts, block) in open.by_peer.iter_mut().zip(blocks) {
            match counts.get_mut(&block) {
                Some(count) if *count > 1 => *count -= 1,
                _ => drop(counts.remove(&block)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn connections(total: usize) -> Arc<Connections> {
        let proxies = Proxies::new(vec!["10.0.0.0/8".parse().unwrap()]);
        Arc::new(Connections::new(total, 2, proxies, Nat64::default()))
    }

    #[test]
    fn a_peer_has_its_own_limit_and_a_trusted_proxy_has_none() {
        let connections = connections(5);
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
        assert!(open.total == 0 && open.by_peer.iter().all(HashMap::is_empty));
    }

    #[test]
    fn a_48_has_six_times_the_connections_of_a_64() {
        let connections = connections(100);
        let open: Vec<_> =
            (0..100).filter_map(|n| connections.admit(address(&format!("2001:db8:0:{n:x}00::1")))).collect();
        assert_eq!(open.len(), 12);
        assert!(connections.admit(address("2001:db8:1::1")).is_some(), "another /48");
    }

    #[test]
    fn clients_of_a_nat64_are_different_peers() {
        let connections = connections(100);
        let admit = |text| connections.admit(address(text));
        let first = [admit("64:ff9b::192.0.2.1"), admit("192.0.2.1")];
        assert!(first.iter().all(Option::is_some));
        assert!(admit("64:ff9b::192.0.2.1").is_none() && admit("64:ff9b::192.0.2.2").is_some());
    }
}
