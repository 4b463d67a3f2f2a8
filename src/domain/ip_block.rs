//! The unit that limits count clients by.

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ipnet::Ipv6Net;
use std::array;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IP blocks of a client, the narrowest first, under keyed hashes: staging contains no client address.
///
/// - An IPv4 client has one, its address. The /24 around an address is not counted: behind carrier NAT its 256
///   addresses serve 256 groups of unrelated people, and an attacker pays for each address.
/// - An IPv6 client has three. A customer gets a /64 at least, a household usually a /56, an organisation or any
///   customer of a tunnel broker a /48 (RFC 6177, RIPE-690): the address and the /64 cost an attacker nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IpBlock(Vec<String>);

/// IP blocks of a client as addresses, the narrowest first. They stay in the memory of this process.
///
/// An IPv4 address is its own block at all three widths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressBlocks(pub [IpAddr; IpBlock::WIDTHS]);

/// Prefix lengths of the IP blocks of an IPv6 address.
const IPV6_PREFIXES: [u8; IpBlock::WIDTHS] = [64, 56, 48];

impl AddressBlocks {
    #[must_use]
    pub fn new(address: IpAddr, nat64: &Nat64) -> Self {
        Self(match nat64.counted(address) {
            IpAddr::V4(address) => [address.into(); IpBlock::WIDTHS],
            IpAddr::V6(address) => {
                let block = |length: u8| Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << (128 - length)));
                IPV6_PREFIXES.map(|length| block(length).into())
            }
        })
    }
}

impl IpBlock {
    /// Number of IP blocks of an IPv6 client.
    pub const WIDTHS: usize = 3;

    #[must_use]
    pub fn new(address: IpAddr, nat64: &Nat64, key: &hmac::Key) -> Self {
        let AddressBlocks(blocks) = AddressBlocks::new(address, nat64);
        let named = |(block, length)| match block {
            IpAddr::V4(address) => name(key, 32, &Ipv4Addr::octets(&address)),
            IpAddr::V6(block) => name(key, length, &Ipv6Addr::octets(&block)),
        };
        let mut names: Vec<String> = blocks.into_iter().zip(IPV6_PREFIXES).map(named).collect();
        names.dedup();
        Self(names)
    }

    /// Multiples of a limit's maximum: for an IPv4 address or a /64, for a /56, for a /48.
    ///
    /// 2 for a /56, which is one household. 6 for a /48: it may be one customer, or 65,536 phones of a carrier that
    /// gives a /64 to each. With the defaults of the catalogue, one /48 can then close no region (108 of 120 unverified
    /// codes of one class) and require captchas from no other client (600 of 1,000 wrong passwords).
    pub const MULTIPLES: [u32; Self::WIDTHS] = [1, 2, 6];

    /// Names of the blocks, the narrowest first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Text form, which a flow stores. It contains no comma.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.join("/")
    }

    #[must_use]
    pub fn from_stored(text: &str) -> Self {
        Self(text.split('/').map(str::to_owned).collect())
    }
}

/// First 12 bytes of the HMAC. The probability that any two of a billion blocks have the same name is below 10^-10.
fn name(key: &hmac::Key, length: u8, octets: &[u8]) -> String {
    let tag = hmac::sign(key, &[&[length], octets].concat());
    BASE64_URL_SAFE_NO_PAD.encode(&tag.as_ref()[..12])
}

/// Prefixes of IPv6 addresses that contain the IPv4 address of the client. Each client counts by this one: behind NAT64
/// all of them share a /96, and a 6to4 client owns a /48 beside its IPv4 address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nat64(Vec<Ipv6Net>);

/// `64:ff9b::/96`, the well-known prefix of NAT64 (RFC 6052).
const WELL_KNOWN: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);
/// `2002::/16`, 6to4 (RFC 3056): the IPv4 address follows the prefix.
const SIX_TO_FOUR: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16);

impl Nat64 {
    /// Prefix lengths of NAT64 (RFC 6052, 2.2).
    pub const LENGTHS: [u8; 6] = [32, 40, 48, 56, 64, 96];

    /// Takes the prefixes of local NAT64 gateways, such as a part of `64:ff9b:1::/48` (RFC 8215).
    #[must_use]
    pub fn new(local: impl IntoIterator<Item = Ipv6Net>) -> Self {
        Self([WELL_KNOWN, SIX_TO_FOUR].into_iter().chain(local).collect())
    }

    /// Address that the client counts by.
    fn counted(&self, address: IpAddr) -> IpAddr {
        let IpAddr::V6(address) = address.to_canonical() else { return address.to_canonical() };
        let prefix = self.0.iter().find(|prefix| prefix.contains(&address));
        prefix.map_or(IpAddr::V6(address), |prefix| embedded(address, prefix.prefix_len()).into())
    }
}

impl Default for Nat64 {
    fn default() -> Self {
        Self::new([])
    }
}

/// IPv4 address behind a prefix. Octet 8 is not part of it (RFC 6052, 2.2).
fn embedded(address: Ipv6Addr, length: u8) -> Ipv4Addr {
    let octets = address.octets();
    let mut places = (usize::from(length / 8)..octets.len()).filter(|place| *place != 8);
    Ipv4Addr::from(array::from_fn(|_| places.next().map_or(0, |place| octets[place])))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &[1; 32])
    }

    fn block(address: &str) -> IpBlock {
        IpBlock::new(address.parse().unwrap(), &Nat64::default(), &key())
    }

    /// Number of blocks that both addresses are in.
    fn shared(one: &str, other: &str) -> usize {
        let (one, other) = (block(one), block(other));
        one.names().filter(|name| other.names().any(|other| other == *name)).count()
    }

    #[test]
    fn an_ipv6_address_counts_by_its_64_its_56_and_its_48() {
        assert_eq!(shared("2001:db8:1:2:3:4:5:6", "2001:db8:1:2:ffff::1"), 3);
        assert_eq!(shared("2001:db8:1:2::1", "2001:db8:1:ff::1"), 2);
        assert_eq!(shared("2001:db8:1:2::1", "2001:db8:1:100::1"), 1);
        assert_eq!(shared("2001:db8:1:2::1", "2001:db8:2:2::1"), 0);
        let names: Vec<_> = block("2001:db8::").0;
        assert_eq!(names.iter().collect::<std::collections::HashSet<_>>().len(), 3, "a block and a wider one differ");
    }

    #[test]
    fn an_ipv4_address_counts_alone() {
        assert_eq!(block("192.0.2.1").names().count(), 1);
        assert_eq!(shared("192.0.2.1", "192.0.2.2"), 0);
        assert_eq!(block("192.0.2.1"), block("::ffff:192.0.2.1"));
    }

    #[test]
    fn an_address_that_contains_an_ipv4_address_counts_as_it() {
        assert_eq!(block("64:ff9b::192.0.2.1"), block("192.0.2.1"));
        assert_ne!(block("64:ff9b::192.0.2.1"), block("64:ff9b::192.0.2.2"));
        assert_eq!(block("2002:c000:201:7::9"), block("192.0.2.1"));
        // RFC 8215: for local use, only if the operator says so.
        assert_eq!(block("64:ff9b:1::192.0.2.1").names().count(), 3);
    }

    /// Examples of RFC 6052, 2.4.
    #[test]
    fn a_local_prefix_may_have_any_length_of_rfc_6052() {
        for (prefix, address) in [
            ("2001:db8::/32", "2001:db8:c000:221::"),
            ("2001:db8:100::/40", "2001:db8:1c0:2:21::"),
            ("2001:db8:122::/48", "2001:db8:122:c000:2:2100::"),
            ("2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"),
            ("2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::"),
            ("2001:db8:122:344::/96", "2001:db8:122:344::192.0.2.33"),
        ] {
            let nat64 = Nat64::new([prefix.parse().unwrap()]);
            let counted = IpBlock::new(address.parse().unwrap(), &nat64, &key());
            assert_eq!(counted, block("192.0.2.33"), "{prefix}");
        }
    }

    #[test]
    fn a_name_reveals_no_address_and_is_stored_as_text() {
        let one = block("2001:db8:1:2::1");
        assert!(!one.text().contains("db8") && !one.text().contains(','));
        assert_eq!(IpBlock::from_stored(&one.text()), one);
        let other_key = hmac::Key::new(hmac::HMAC_SHA256, &[2; 32]);
        assert_ne!(IpBlock::new("192.0.2.1".parse().unwrap(), &Nat64::default(), &other_key), block("192.0.2.1"));
    }
}
