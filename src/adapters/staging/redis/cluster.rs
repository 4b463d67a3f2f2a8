//! Redis Cluster: a request goes to the node that has the slot of its keys.
//!
//! A redirect says that the request was not executed, so the request runs again at the other node. Every other error
//! ends the request, as with one server: it may have been executed, and nothing may be counted or spent twice.

use super::error::{CallError, NoConnection, Redirect};
use super::lease::{Access, Leases};
use super::nodes::Nodes;
use super::request::Request;
use super::slots::{SlotMap, slot};
use super::survey;
use crate::config::RedisAddress;
use deadpool_redis::redis::{Value, cmd};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use tokio::time::sleep;

/// Time in which a request follows redirects, and its pause while its keys are on their way to another node.
const REDIRECTS: Duration = Duration::from_millis(700);
const PAUSE: Duration = Duration::from_millis(20);
/// Shortest interval between two questions for the slots.
const REFRESH: Duration = Duration::from_millis(200);
/// Most nodes of one question for the slots.
const ASKED: usize = 6;

pub(super) struct Cluster {
    seeds: Vec<RedisAddress>,
    nodes: Nodes,
    slots: RwLock<SlotMap>,
    /// Set when a node's answer shows that the slots have moved.
    is_stale: AtomicBool,
    /// Time of the last question.
    refreshed: Mutex<Option<Instant>>,
    /// Number of questions so far.
    turn: AtomicUsize,
}

impl Cluster {
    pub(super) fn new(seeds: Vec<RedisAddress>, access: Access) -> Self {
        Self {
            seeds,
            nodes: Nodes::new(access),
            slots: RwLock::new(SlotMap::empty()),
            is_stale: AtomicBool::new(true),
            refreshed: Mutex::default(),
            turn: AtomicUsize::default(),
        }
    }

    pub(super) async fn run(&self, request: &Request<'_>) -> Result<Value, (String, CallError)> {
        let slot = slot(request.key());
        let start = Instant::now();
        let (mut node, mut asking, mut reconnected) = (self.node(slot).await?, false, false);
        loop {
            let error = match node.run(request, asking).await {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
            let here = node.address().to_string();
            if error.hints_at_failover() {
                self.is_stale.store(true, Ordering::Relaxed);
            }
            let redirect = error.redirect().filter(|_| start.elapsed() < REDIRECTS);
            (node, asking) = match (redirect, &error) {
                (Some(Redirect::Moved(to)), _) => (self.moved(slot, &to)?, false),
                (Some(Redirect::Ask(to)), _) => (self.get(&to)?, true),
                (Some(Redirect::TryAgain), _) => {
                    sleep(PAUSE).await;
                    (self.node(slot).await?, false)
                }
                (None, CallError::NoConnection(_)) if !reconnected => {
                    reconnected = true;
                    let other = self.node(slot).await?;
                    if Arc::ptr_eq(&other, &node) {
                        return Err((here, error));
                    }
                    (other, false)
                }
                _ => return Err((here, error)),
            };
        }
    }

    /// Returns the node of a slot.
    async fn node(&self, slot: u16) -> Result<Arc<Leases>, (String, CallError)> {
        if self.is_stale.load(Ordering::Relaxed) {
            self.refresh().await?;
        }
        let address = self.slots.read().unwrap_or_else(PoisonError::into_inner).get(slot).cloned();
        let address = address.ok_or_else(|| no_connection(format!("no node has slot {slot}")))?;
        self.get(&address)
    }

    fn get(&self, address: &RedisAddress) -> Result<Arc<Leases>, (String, CallError)> {
        self.nodes.get(address).ok_or_else(|| no_connection(format!("no address: {address}")))
    }

    /// Remembers the new node of a slot.
    fn moved(&self, slot: u16, to: &RedisAddress) -> Result<Arc<Leases>, (String, CallError)> {
        self.slots.write().unwrap_or_else(PoisonError::into_inner).set(slot, to.clone());
        // Other slots have probably moved, too.
        self.is_stale.store(true, Ordering::Relaxed);
        self.get(to)
    }

    /// Asks some nodes for the slots. Most nodes are right: a node behind a broken network may name earlier primaries.
    async fn refresh(&self) -> Result<(), (String, CallError)> {
        let mut refreshed = self.refreshed.lock().await;
        let is_recent = refreshed.is_some_and(|at| at.elapsed() < REFRESH);
        if is_recent || !self.is_stale.load(Ordering::Relaxed) {
            return Ok(());
        }
        *refreshed = Some(Instant::now());
        let mut question = cmd("CLUSTER");
        question.arg("SLOTS");
        let (answers, problem) = survey::ask(self.asked(), &question).await;
        let maps = answers.into_iter().filter_map(|(node, answer)| SlotMap::parse(answer, node.address()));
        let Some(map) = most_frequent(maps.collect()) else {
            // The earlier slots are better than none.
            let is_empty = self.slots.read().unwrap_or_else(PoisonError::into_inner).is_empty();
            let reason = problem.unwrap_or_else(|| "no node names the slots".to_owned());
            return if is_empty { Err(no_connection(reason)) } else { Ok(()) };
        };
        self.nodes.retain(|address| map.contains(address) || self.seeds.contains(address));
        *self.slots.write().unwrap_or_else(PoisonError::into_inner) = map;
        self.is_stale.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Nodes to ask: those that have slots, and those of the URL.
    fn asked(&self) -> Vec<Arc<Leases>> {
        let mut addresses = self.slots.read().unwrap_or_else(PoisonError::into_inner).addresses();
        // Other nodes each time: some can be down.
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % addresses.len().max(1);
        addresses.rotate_left(turn);
        addresses.truncate(ASKED / 2);
        let more = self.seeds.iter().filter(|seed| !addresses.contains(seed)).cloned().collect::<Vec<_>>();
        addresses.extend(more);
        addresses.truncate(ASKED);
        addresses.iter().filter_map(|address| self.nodes.get(address)).collect()
    }
}

fn no_connection(reason: String) -> (String, CallError) {
    ("cluster".to_owned(), CallError::NoConnection(NoConnection::new(reason)))
}

fn most_frequent(maps: Vec<SlotMap>) -> Option<SlotMap> {
    let mut counted: Vec<(usize, SlotMap)> = Vec::new();
    for map in maps {
        match counted.iter_mut().find(|(_, known)| *known == map) {
            Some((count, _)) => *count += 1,
            None => counted.push((1, map)),
        }
    }
    counted.into_iter().max_by_key(|(count, _)| *count).map(|(_, map)| map)
}
