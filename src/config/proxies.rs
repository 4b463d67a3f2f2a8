//! Networks of trusted proxies, and prefixes of NAT64 gateways.

use super::env::Env;
use super::variable::{Variable, list, section};
use crate::domain::ip_block::Nat64;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

section! {
    pub(super) fn section = "Networks";
    /// Networks of your own load balancers. doorstep trusts X-Forwarded-For and X-Request-Id only from these networks.
    /// If none is set, the client is the peer of the socket. doorstep refuses networks with more public addresses than
    /// one IPv4 /8 or IPv6 /16.
    pub(super) static TRUSTED_PROXIES: Variable<Vec<IpNet>> =
        list("networks, like 10.0.0.0/8,fd00::/8").example("10.0.0.0/8,fd00::/8");
    /// Prefixes of your own NAT64 gateways, of 32, 40, 48, 56, 64 or 96 bits: their clients count by their IPv4
    /// address. Clients of the well-known prefix 64:ff9b::/96 and of 6to4 (2002::/16) always do.
    pub(super) static NAT64_PREFIXES: Variable<Vec<Ipv6Net>> =
        list("IPv6 prefixes, like 64:ff9b:1::/96").example("64:ff9b:1:fffe::/96");
}

/// Networks that nobody on the internet has an address of: they can be of any size.
const PRIVATE: [&str; 9] = [
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
];
/// Prefixes of the largest set of public addresses that may be trusted: those of the largest networks of a company.
const WIDEST_V4: u8 = 8;
const WIDEST_V6: u8 = 16;

/// Reads the networks. If a large part of the internet were trusted, a client there could choose its own IP address.
pub(super) fn read(env: &mut Env) -> Vec<IpNet> {
    let networks = env.optional(&TRUSTED_PROXIES).unwrap_or_default();
    if covers_internet(&networks) {
        env.problem(
            TRUSTED_PROXIES.name,
            format!(
                "expected only your own networks, not more than an IPv4 /{WIDEST_V4} or IPv6 /{WIDEST_V6} of public \
                 addresses together: clients in a trusted network can choose their IP address"
            ),
        );
    }
    networks
}

/// Prefixes of NAT64 gateways, whose clients count by their IPv4 address.
pub(super) fn read_nat64(env: &mut Env) -> Nat64 {
    let prefixes = env.optional(&NAT64_PREFIXES).unwrap_or_default();
    if prefixes.iter().any(|prefix| !Nat64::LENGTHS.contains(&prefix.prefix_len())) {
        env.problem(NAT64_PREFIXES.name, "expected prefixes of 32, 40, 48, 56, 64 or 96 bits (RFC 6052)");
    }
    Nat64::new(prefixes)
}

fn covers_internet(networks: &[IpNet]) -> bool {
    let private: Vec<IpNet> = PRIVATE.iter().filter_map(|network| network.parse().ok()).collect();
    let public = networks.iter().map(without_mapping);
    let public: Vec<IpNet> = public.filter(|network| !private.iter().any(|large| large.contains(network))).collect();
    // Without overlaps, so that a network counts once.
    let networks = IpNet::aggregate(&public);
    let v4 = networks.iter().filter_map(|network| match network {
        IpNet::V4(network) => Some(1_u64 << (32 - network.prefix_len())),
        IpNet::V6(_) => None,
    });
    // In units of a /64.
    let v6 = networks.iter().filter_map(|network| match network {
        IpNet::V6(network) => Some(1_u128 << (64 - network.prefix_len().min(64))),
        IpNet::V4(_) => None,
    });
    v4.sum::<u64>() > 1 << (32 - WIDEST_V4) || v6.sum::<u128>() > 1 << (64 - WIDEST_V6)
}

/// Returns the IPv4 network of an IPv4-mapped IPv6 network (`::ffff:0:0/96`).
fn without_mapping(network: &IpNet) -> IpNet {
    let mapped = |network: &Ipv6Net| {
        let address = network.network().to_ipv4_mapped()?;
        Ipv4Net::new(address, network.prefix_len().checked_sub(96)?).ok()
    };
    match network {
        IpNet::V6(network) => mapped(network).map_or(IpNet::V6(*network), IpNet::V4),
        IpNet::V4(_) => *network,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_accepted(networks: &str) -> bool {
        let mut env = Env::new([("TRUSTED_PROXIES".to_owned(), networks.to_owned())]);
        read(&mut env);
        let errors = env.into_problems().errors;
        assert!(errors.iter().all(|line| line.starts_with("TRUSTED_PROXIES: ")), "{errors:?}");
        errors.is_empty()
    }

    #[test]
    fn networks_that_cover_the_internet_are_refused() {
        let every_eighth: Vec<String> = (1..224).step_by(8).map(|first| format!("{first}.0.0.0/8")).collect();
        for networks in [
            "0.0.0.0/0",
            "::/0",
            "0.0.0.0/1,128.0.0.0/1",
            "::/1,8000::/1",
            "64.0.0.0/7",
            "2000::/3",
            "2400::/12",
            "8.0.0.0/8,9.0.0.0/8",
            "8.0.0.0/8,13.0.0.0/8",
            "10.0.0.0/8,10.0.0.0/7",
            "::ffff:0:0/96",
            "fc00::/6",
            &every_eighth.join(","),
        ] {
            assert!(!is_accepted(networks), "{networks}");
        }
    }

    #[test]
    fn own_networks_are_accepted() {
        for networks in [
            "10.0.0.0/8,fd00::/8",
            "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,100.64.0.0/10,127.0.0.0/8,fc00::/7",
            "127.0.0.1/32,::1/128",
            "::ffff:10.0.0.0/104",
            // A load balancer of Google and a content delivery network.
            "35.191.0.0/16,130.211.0.0/22",
            "104.16.0.0/13,172.64.0.0/13,162.158.0.0/15,2400:cb00::/32,2606:4700::/32,2a06:98c0::/29",
            "8.0.0.0/8,8.0.0.0/8",
            "2400::/16",
        ] {
            assert!(is_accepted(networks), "{networks}");
        }
    }
}
