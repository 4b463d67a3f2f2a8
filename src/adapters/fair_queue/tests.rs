use super::*;
use crate::domain::ip_block::{AddressBlocks, Nat64};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use uuid::Uuid;

fn requester(block: u32, session: Option<u128>) -> Requester {
    from_address(Ipv4Addr::from_bits(block).into(), session)
}

fn from_address(address: IpAddr, session: Option<u128>) -> Requester {
    let ip_blocks = Some(AddressBlocks::new(address, &Nat64::default()));
    Requester { ip_blocks, session: session.map(|number| SessionId(Uuid::from_u128(number))) }
}

/// Adds an item that the queue must not refuse, nor drop another one for.
fn add<T>(queue: &mut FairQueue<T>, requester: Requester, value: T) {
    assert!(queue.push(requester, value).dropped.is_none(), "the queue was full");
}

fn drain<T>(queue: &mut FairQueue<T>) -> Vec<T> {
    std::iter::from_fn(|| queue.pop()).collect()
}

#[test]
fn turns_go_round_by_ip_block() {
    let mut queue = FairQueue::new(16);
    for (block, value) in [(1, "a1"), (1, "a2"), (1, "a3"), (2, "b1"), (2, "b2"), (3, "c1")] {
        add(&mut queue, requester(block, None), value);
    }
    assert_eq!(drain(&mut queue), ["a1", "b1", "c1", "a2", "b2", "a3"]);
}

#[test]
fn turns_inside_a_block_go_round_by_session() {
    let mut queue = FairQueue::new(16);
    for (session, value) in [(None, "n1"), (None, "n2"), (Some(1), "s1"), (Some(1), "s2"), (Some(2), "t1")] {
        add(&mut queue, requester(1, session), value);
    }
    add(&mut queue, requester(2, Some(3)), "other block");
    assert_eq!(drain(&mut queue), ["n1", "other block", "s1", "t1", "n2", "s2"]);
}

/// The owner of a /48 takes another /64 for each request.
#[test]
fn turns_go_round_by_48_then_by_56_then_by_64() {
    let mut queue = FairQueue::new(16);
    for address in ["2001:db8::1", "2001:db8:0:1::1", "2001:db8:0:2::1", "2001:db8:0:100::1", "2001:db8:1::1"] {
        add(&mut queue, from_address(address.parse().unwrap(), None), address);
    }
    add(&mut queue, requester(1, None), "an IPv4 address");
    let turns =
        ["2001:db8::1", "2001:db8:1::1", "an IPv4 address", "2001:db8:0:100::1", "2001:db8:0:1::1", "2001:db8:0:2::1"];
    assert_eq!(drain(&mut queue), turns);
}

#[test]
fn a_full_queue_drops_from_the_48_with_the_most_items() {
    let mut queue = FairQueue::new(4);
    for block in 0..4_u128 {
        let address = Ipv6Addr::from_bits((0x2001_0db8 << 96) | (block << 64));
        add(&mut queue, from_address(address.into(), None), block);
    }
    assert_eq!(queue.push(requester(1, None), 4).dropped, Some(3));
}

#[test]
fn one_session_waits_in_one_line_in_all_blocks() {
    let mut queue = FairQueue::new(16);
    for block in 0..8 {
        add(&mut queue, requester(block, Some(1)), "thief");
    }
    add(&mut queue, requester(8, Some(2)), "owner");
    assert_eq!(queue.pop(), Some("thief"));
    assert_eq!(queue.pop(), Some("owner"));
}

#[test]
fn a_full_queue_drops_the_newest_item_of_the_longest_line() {
    let mut queue = FairQueue::new(4);
    for (session, value) in [(1, "s1"), (2, "t1"), (2, "t2"), (2, "t3")] {
        add(&mut queue, requester(1, Some(session)), value);
    }
    assert_eq!(queue.push(requester(2, None), "b1").dropped, Some("t3"));
    assert_eq!(queue.push(requester(1, Some(1)), "s2").dropped, Some("t2"), "of equal lines the last one loses");
    assert_eq!(queue.push(requester(2, None), "b2").dropped, Some("s2"));
    assert_eq!(queue.push(requester(1, Some(3)), "u1").dropped, Some("u1"), "the new one is dropped");
    assert_eq!(drain(&mut queue), ["s1", "b1", "t1", "b2"]);
    let refused = FairQueue::new(0).push(requester(1, None), "one").dropped;
    assert_eq!(refused, Some("one"), "a queue without places");
}

#[test]
fn a_removed_item_gets_no_turn() {
    let mut queue = FairQueue::new(8);
    let gone = queue.push(requester(1, None), "gone").id;
    add(&mut queue, requester(2, None), "next");
    assert_eq!(queue.remove(gone), Some("gone"));
    assert_eq!(queue.remove(gone), None);
    assert_eq!((queue.len(), queue.pop(), queue.pop()), (1, Some("next"), None));
    assert!(queue.is_empty());
}

/// Random pushes, pops and removals against a model: which items wait, and for whom.
#[test]
fn the_rules_hold_for_random_requests() {
    for seed in 0..200 {
        let mut rng = StdRng::seed_from_u64(seed);
        let capacity = rng.random_range(1..40);
        let (mut queue, mut waiting) = (FairQueue::new(capacity), HashMap::new());
        for number in 0..400_u32 {
            match rng.random_range(0..10) {
                0..6 => {
                    // Each session stays in its block.
                    let (block, session) = (rng.random_range(0..5_u32), rng.random_range(0..3_u32));
                    let key = (block, session);
                    let session = (session > 0).then(|| u128::from(block * 3 + session));
                    let pushed = queue.push(requester(block, session), number);
                    waiting.insert(number, (key, pushed.id));
                    if let Some(dropped) = pushed.dropped {
                        check_dropped(&waiting, dropped);
                        waiting.remove(&dropped);
                    }
                }
                6 => {
                    if let Some((&number, &(_, id))) = waiting.iter().next() {
                        assert_eq!(queue.remove(id), Some(number));
                        waiting.remove(&number);
                    }
                }
                _ => match queue.pop() {
                    Some(number) => {
                        check_first(&waiting, number);
                        waiting.remove(&number);
                    }
                    None => assert!(waiting.is_empty()),
                },
            }
            assert!(queue.len() == waiting.len() && queue.len() <= capacity, "seed {seed}");
        }
        check_rounds(&mut queue, &waiting);
    }
}

type Key = (u32, u32);
type Waiting = HashMap<u32, (Key, u64)>;

/// The dropped item is the newest one of its line, and no block and no line in the block is longer.
fn check_dropped(waiting: &Waiting, dropped: u32) {
    let (key, _) = waiting[&dropped];
    let in_block = |block| waiting.values().filter(|((other, _), _)| *other == block).count();
    let in_line = |key| waiting.values().filter(|(other, _)| *other == key).count();
    assert!(waiting.iter().all(|(number, (other, _))| *other != key || *number <= dropped), "not the newest");
    assert!((0..5).all(|block| in_block(block) <= in_block(key.0)), "a longer block");
    assert!((0..3).all(|session| in_line((key.0, session)) <= in_line(key)), "a longer line");
}

/// The item is the oldest one of its line.
fn check_first(waiting: &Waiting, number: u32) {
    let (key, _) = waiting[&number];
    assert!(waiting.iter().all(|(other, (line, _))| *line != key || *other >= number), "not the oldest");
}

/// In each round every block that waits gets one turn.
fn check_rounds(queue: &mut FairQueue<u32>, waiting: &Waiting) {
    let mut left: HashMap<u32, usize> = HashMap::new();
    waiting.values().for_each(|((block, _), _)| *left.entry(*block).or_default() += 1);
    while !left.is_empty() {
        let mut round: Vec<u32> = (0..left.len()).map(|_| waiting[&queue.pop().unwrap()].0.0).collect();
        round.sort_unstable();
        round.dedup();
        assert_eq!(round.len(), left.len(), "a block got two turns in one round");
        left.retain(|_, count| {
            *count -= 1;
            *count > 0
        });
    }
    assert!(queue.is_empty());
}
