//! Slots of Redis Cluster: which slot a key has, and which node a slot has.

use crate::config::RedisAddress;
use deadpool_redis::redis::{Value, from_redis_value};

const SLOTS: usize = 16_384;

/// Node of each slot, as index into the addresses.
#[derive(PartialEq, Eq)]
pub(super) struct SlotMap {
    slots: Vec<Option<u16>>,
    addresses: Vec<RedisAddress>,
}

impl SlotMap {
    pub(super) fn empty() -> Self {
        Self { slots: vec![None; SLOTS], addresses: Vec::new() }
    }

    /// Reads the reply to `CLUSTER SLOTS`: for each range its first and last slot, the primary and its replicas. A node
    /// that does not know its own name leaves it empty; then it is `asked`, the node that replied.
    pub(super) fn parse(reply: Value, asked: &RedisAddress) -> Option<Self> {
        let mut ranges = Vec::new();
        for range in from_redis_value::<Vec<Vec<Value>>>(reply).ok()? {
            let mut range = range.into_iter();
            let first: usize = from_redis_value(range.next()?).ok()?;
            let last: usize = from_redis_value(range.next()?).ok()?;
            let mut primary = from_redis_value::<Vec<Value>>(range.next()?).ok()?.into_iter();
            let host = from_redis_value::<Option<String>>(primary.next()?).ok()?;
            let host = host.filter(|host| !host.is_empty() && host != "?").unwrap_or_else(|| asked.host.clone());
            ranges.push((first, last, RedisAddress { host, port: from_redis_value(primary.next()?).ok()? }));
        }
        // Two maps are equal if their slots are: the addresses are in the order of the slots.
        ranges.sort_by_key(|(first, ..)| *first);
        let mut map = Self::empty();
        for (first, last, address) in ranges {
            let node = map.index(address);
            map.slots.get_mut(first..=last)?.fill(Some(node));
        }
        (!map.is_empty()).then_some(map)
    }

    pub(super) fn get(&self, slot: u16) -> Option<&RedisAddress> {
        let node = self.slots.get(usize::from(slot)).copied().flatten()?;
        self.addresses.get(usize::from(node))
    }

    pub(super) fn set(&mut self, slot: u16, address: RedisAddress) {
        let node = self.index(address);
        if let Some(entry) = self.slots.get_mut(usize::from(slot)) {
            *entry = Some(node);
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.addresses.is_empty()
    }

    pub(super) fn contains(&self, address: &RedisAddress) -> bool {
        self.addresses.contains(address)
    }

    pub(super) fn addresses(&self) -> Vec<RedisAddress> {
        self.addresses.clone()
    }

    fn index(&mut self, address: RedisAddress) -> u16 {
        let known = self.addresses.iter().position(|known| *known == address);
        let place = known.unwrap_or(self.addresses.len());
        if known.is_none() {
            self.addresses.push(address);
        }
        // A cluster has at most as many nodes as slots.
        u16::try_from(place).unwrap_or(u16::MAX)
    }
}

/// Slot of a key: CRC16 (XMODEM) of its hash tag, the part in braces, or of the whole key.
pub(super) fn slot(key: &[u8]) -> u16 {
    let tag = key.iter().position(|byte| *byte == b'{').and_then(|open| {
        let rest = key.get(open + 1..)?;
        let close = rest.iter().position(|byte| *byte == b'}').filter(|length| *length > 0)?;
        rest.get(..close)
    });
    let crc = tag.unwrap_or(key).iter().fold(0_u16, |crc, byte| {
        (0..8)
            .fold(crc ^ (u16::from(*byte) << 8), |crc, _| if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 })
    });
    crc % 16_384
}

#[cfg(test)]
mod tests {
    use super::*;
    use deadpool_redis::redis::parse_redis_value;

    /// Slots that `CLUSTER KEYSLOT` of Redis 7.0 returns.
    #[test]
    fn a_key_has_the_slot_that_redis_computes() {
        for (key, expected) in [
            ("123456789", 12_739),
            ("foo", 12_182),
            ("{foo}bar", 12_182),
            ("limit:{shared}:sms-hour", slot(b"shared")),
            ("x{}y", slot(b"x{}y")),
            ("{", slot(b"{")),
        ] {
            assert_eq!(slot(key.as_bytes()), expected, "{key}");
        }
    }

    #[test]
    fn a_reply_names_the_primary_of_each_range() {
        let node = |host: &str, port: u16| format!("*3\r\n${}\r\n{host}\r\n:{port}\r\n$1\r\nx\r\n", host.len());
        let range = |first, last, nodes: &[String]| {
            format!("*{}\r\n:{first}\r\n:{last}\r\n{}", nodes.len() + 2, nodes.concat())
        };
        let ranges = [range(9, 16_383, &[node("", 7_002)]), range(0, 8, &[node("a", 7_000), node("b", 7_001)])];
        let reply = parse_redis_value(format!("*2\r\n{}", ranges.concat()).as_bytes()).unwrap();
        let asked = RedisAddress { host: "asked".to_owned(), port: 1 };
        let mut map = SlotMap::parse(reply, &asked).unwrap();
        let names = |map: &SlotMap| [0, 8, 9, 16_383].map(|slot| map.get(slot).unwrap().to_string());
        assert_eq!(names(&map), ["a:7000", "a:7000", "asked:7002", "asked:7002"]);
        assert_eq!(map.addresses.len(), 2, "replicas are left out");
        map.set(8, RedisAddress { host: "c".to_owned(), port: 7_003 });
        assert_eq!(names(&map), ["a:7000", "c:7003", "asked:7002", "asked:7002"]);
    }

    #[test]
    fn a_reply_of_another_form_is_ignored() {
        let asked = RedisAddress { host: "asked".to_owned(), port: 1 };
        for reply in ["*0\r\n", "$-1\r\n", "*1\r\n*2\r\n:0\r\n:1\r\n", ":1\r\n"] {
            assert!(SlotMap::parse(parse_redis_value(reply.as_bytes()).unwrap(), &asked).is_none(), "{reply}");
        }
    }
}
