//! Client of a request: the peer of the socket, or the address that a trusted proxy reports.

use super::contract::Input;
use super::error::Problem;
use super::language::{accept_language, negotiate};
use crate::flows::{Client, Service};
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::http::header::{HeaderMap, HeaderValue, X_FORWARDED_FOR};
use actix_web::{FromRequest, HttpRequest, web};
use ipnet::IpNet;
use std::future::{Ready, ready};
use std::net::{IpAddr, Ipv4Addr};

/// Networks of our own load balancers. The service trusts only their `X-Forwarded-For` and `X-Request-Id`.
#[derive(Debug, Clone, Default)]
pub struct Proxies(Vec<IpNet>);

/// Client of this request: its IP address, for the limits, and the language of `Accept-Language`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientContext(pub Client);

impl Proxies {
    #[must_use]
    pub const fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    pub(super) fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address.to_canonical()))
    }

    pub(super) fn trusts_peer(&self, request: &ServiceRequest) -> bool {
        request.peer_addr().is_some_and(|peer| self.trusts(peer.ip()))
    }

    pub(super) fn client(&self, request: &ServiceRequest) -> IpAddr {
        self.resolve(request.peer_addr().map(|peer| peer.ip()), request.headers())
    }

    /// Returns the address of the client: the last address of the chain that is not one of our proxies. The client may
    /// have written the addresses before it.
    fn resolve(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)).to_canonical();
        if !self.trusts(client) {
            return client;
        }
        // Bytes: if a header that is not text were skipped, text that the client wrote before it would be trusted.
        let lines: Vec<&[u8]> = headers.get_all(X_FORWARDED_FOR).map(HeaderValue::as_bytes).collect();
        for hop in lines.iter().rev().flat_map(|line| line.rsplit(|&byte| byte == b',')) {
            let Some(address) = std::str::from_utf8(hop).ok().and_then(|hop| parse_address(hop.trim())) else { break };
            client = address.to_canonical();
            if !self.trusts(client) {
                break;
            }
        }
        client
    }
}

/// Parses an address with or without a port, as proxies write it.
fn parse_address(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    bare.parse().ok().or_else(|| hop.parse().map(|address: std::net::SocketAddr| address.ip()).ok())
}

impl FromRequest for ClientContext {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

impl Input for ClientContext {}

impl ClientContext {
    pub(super) fn of(request: &HttpRequest) -> Self {
        let peer = request.peer_addr().map(|peer| peer.ip());
        let proxies = request.app_data::<web::Data<Proxies>>();
        let resolved = proxies.map(|proxies| proxies.resolve(peer, request.headers())).or(peer);
        let address = resolved.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let accepted = accept_language(request.headers());
        let service = request.app_data::<web::Data<Service>>();
        let text_language = service.map(|service| service.policy().texts.negotiate(accepted)).unwrap_or_default();
        Self(Client { address, language: negotiate(request.headers()), text_language })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(trusted: &[&str], peer: &str, forwarded: &[&str]) -> String {
        let lines: Vec<&[u8]> = forwarded.iter().map(|line| line.as_bytes()).collect();
        resolve_bytes(trusted, peer, &lines)
    }

    fn resolve_bytes(trusted: &[&str], peer: &str, forwarded: &[&[u8]]) -> String {
        let proxies = Proxies::new(trusted.iter().map(|net| net.parse().unwrap()).collect());
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(X_FORWARDED_FOR, HeaderValue::from_bytes(line).unwrap());
        }
        proxies.resolve(Some(peer.parse().unwrap()), &headers).to_string()
    }

    #[test]
    fn an_untrusted_peer_cannot_choose_its_address() {
        assert_eq!(resolve(&[], "198.51.100.7", &["203.0.113.9"]), "198.51.100.7");
        assert_eq!(resolve(&["10.0.0.0/8"], "198.51.100.7", &["203.0.113.9"]), "198.51.100.7");
    }

    #[test]
    fn the_last_address_outside_the_proxies_is_the_client() {
        let ours = &["10.0.0.0/8", "fd00::/8"];
        assert_eq!(resolve(ours, "10.0.0.1", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(resolve(ours, "10.0.0.1", &["1.1.1.1, 203.0.113.9, 10.2.3.4"]), "203.0.113.9");
        assert_eq!(resolve(ours, "10.0.0.1", &["1.1.1.1", "203.0.113.9"]), "203.0.113.9");
        assert_eq!(resolve(ours, "::ffff:10.0.0.1", &["203.0.113.9:4711"]), "203.0.113.9");
        assert_eq!(resolve(ours, "fd00::1", &["[2001:db8::1]:443"]), "2001:db8::1");
        assert_eq!(resolve(ours, "10.0.0.1", &["2001:db8::1"]), "2001:db8::1");
        assert_eq!(resolve(ours, "10.0.0.1", &["nonsense"]), "10.0.0.1");
        assert_eq!(resolve(ours, "10.0.0.1", &["1.1.1.1", "nonsense"]), "10.0.0.1");
        assert_eq!(resolve(ours, "10.0.0.1", &[]), "10.0.0.1");
    }

    /// A proxy that appends to a header of the client appends to any bytes that the client wrote.
    #[test]
    fn a_header_that_is_not_text_does_not_hide_the_client() {
        let ours = &["10.0.0.0/8"];
        assert_eq!(resolve_bytes(ours, "10.0.0.1", &[b"1.1.1.1", b"\xff, 203.0.113.9"]), "203.0.113.9");
        assert_eq!(resolve_bytes(ours, "10.0.0.1", &[b"1.1.1.1", b"\xff"]), "10.0.0.1");
        assert_eq!(resolve_bytes(ours, "10.0.0.1", &[b"1.1.1.1, 203.0.113.9,\xff"]), "10.0.0.1");
    }
}
