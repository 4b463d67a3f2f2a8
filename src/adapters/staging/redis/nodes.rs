//! Connections to every server that is in use.

use super::lease::{Access, Leases};
use crate::config::RedisAddress;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

pub(super) struct Nodes {
    access: Access,
    known: Mutex<HashMap<RedisAddress, Arc<Leases>>>,
}

impl Nodes {
    pub(super) fn new(access: Access) -> Self {
        Self { access, known: Mutex::default() }
    }

    /// Returns the connections to this server. The first call creates them; none is open yet.
    pub(super) fn get(&self, address: &RedisAddress) -> Option<Arc<Leases>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(node) = known.get(address) {
            return Some(Arc::clone(node));
        }
        let node = Arc::new(Leases::new(address.clone(), &self.access)?);
        known.insert(address.clone(), Arc::clone(&node));
        Some(node)
    }

    /// Forgets all other servers. Their connections are closed when the last request has ended.
    pub(super) fn retain(&self, keep: impl Fn(&RedisAddress) -> bool) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).retain(|address, _| keep(address));
    }
}
