//! Fair queue: turns go round by IP block, and inside a block by session.
//!
//! One client with many requests waits behind its own requests, not in front of those of other clients. A full queue
//! drops the newest item of the longest line, so that the client with the most waiting requests gets the errors.

use crate::domain::ip_block::IpBlock;
use crate::domain::session::SessionId;
use crate::ports::fairness::Requester;
use std::collections::VecDeque;

/// Bounded queue of items that wait for their turn.
///
/// A session waits in one line, even if its requests come from many IP blocks: otherwise one token, sent from many
/// addresses, would get many turns. The line is in the block of the session's first waiting request.
///
/// The methods search linearly. A queue has a few hundred items at most: a search takes about a microsecond.
pub struct FairQueue<T> {
    blocks: Ring<Option<IpBlock>, Ring<Option<SessionId>, VecDeque<Item<T>>>>,
    capacity: usize,
    next_id: u64,
}

struct Item<T> {
    id: u64,
    value: T,
}

/// Result of [`FairQueue::push`].
pub struct Pushed<T> {
    /// Handle for [`FairQueue::remove`].
    pub id: u64,
    /// Item that the full queue dropped, to be refused by the caller. It may be the new one.
    pub dropped: Option<T>,
}

impl<T> FairQueue<T> {
    /// Creates a queue of at most `capacity` items.
    #[must_use]
    pub const fn new(capacity: usize) -> Self {
        Self { blocks: Ring::new(), capacity, next_id: 0 }
    }

    #[must_use]
    pub const fn len(&self) -> usize {
        self.blocks.len
    }

    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds an item to the line of its requester. If the queue was full, drops the newest item of the longest line in
    /// the block with the most items; of equal ones, of the one with the last turn.
    #[must_use = "the caller refuses the dropped item"]
    pub fn push(&mut self, requester: Requester, value: T) -> Pushed<T> {
        let id = self.next_id;
        self.next_id += 1;
        let block = self.block_of(requester);
        self.blocks.change(block, |sessions| {
            sessions.change(requester.session, |line| line.push_back(Item { id, value }));
        });
        let dropped = if self.len() > self.capacity { self.blocks.take_newest() } else { None };
        Pushed { id, dropped: dropped.map(|item| item.value) }
    }

    /// Removes the item whose turn it is.
    pub fn pop(&mut self) -> Option<T> {
        self.blocks.take_next().map(|item| item.value)
    }

    /// Removes the item with this id, if it still waits.
    pub fn remove(&mut self, id: u64) -> Option<T> {
        self.blocks.take_id(id).map(|item| item.value)
    }

    /// Block in which a requester waits: the one where its session waits already, or its own.
    fn block_of(&self, requester: Requester) -> Option<IpBlock> {
        let waits = |sessions: &Ring<_, _>| sessions.lines.iter().any(|(session, _)| *session == requester.session);
        let home = requester.session.and_then(|_| self.blocks.lines.iter().find(|(_, sessions)| waits(sessions)));
        home.map_or(requester.ip_block, |(block, _)| *block)
    }
}

/// Something that items wait in.
trait Line<T>: Default {
    fn count(&self) -> usize;
    fn take_next(&mut self) -> Option<Item<T>>;
    fn take_newest(&mut self) -> Option<Item<T>>;
    fn take_id(&mut self, id: u64) -> Option<Item<T>>;
}

impl<T> Line<T> for VecDeque<Item<T>> {
    fn count(&self) -> usize {
        self.len()
    }

    fn take_next(&mut self) -> Option<Item<T>> {
        self.pop_front()
    }

    fn take_newest(&mut self) -> Option<Item<T>> {
        self.pop_back()
    }

    fn take_id(&mut self, id: u64) -> Option<Item<T>> {
        let at = self.iter().position(|item| item.id == id)?;
        VecDeque::remove(self, at)
    }
}

/// Lines that get turns one after the other. None of them is empty. The first one has the next turn.
struct Ring<K, L> {
    lines: VecDeque<(K, L)>,
    /// Number of items in all lines.
    len: usize,
}

impl<K, L> Ring<K, L> {
    const fn new() -> Self {
        Self { lines: VecDeque::new(), len: 0 }
    }
}

impl<K, L> Default for Ring<K, L> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: PartialEq, L: Default> Ring<K, L> {
    /// Adds one item by `push` to the line with this key. A new line gets the last turn.
    fn change(&mut self, key: K, push: impl FnOnce(&mut L)) {
        let at = self.lines.iter().position(|(known, _)| *known == key);
        let at = at.unwrap_or_else(|| {
            self.lines.push_back((key, L::default()));
            self.lines.len() - 1
        });
        if let Some((_, line)) = self.lines.get_mut(at) {
            push(line);
            self.len += 1;
        }
    }
}

impl<T, K, L: Line<T>> Line<T> for Ring<K, L> {
    fn count(&self) -> usize {
        self.len
    }

    fn take_next(&mut self) -> Option<Item<T>> {
        let (key, mut line) = self.lines.pop_front()?;
        let item = line.take_next();
        if line.count() > 0 {
            self.lines.push_back((key, line));
        }
        self.len -= usize::from(item.is_some());
        item
    }

    fn take_newest(&mut self) -> Option<Item<T>> {
        let (at, _) = self.lines.iter().enumerate().max_by_key(|(_, (_, line))| line.count())?;
        self.take_from(at, L::take_newest)
    }

    fn take_id(&mut self, id: u64) -> Option<Item<T>> {
        (0..self.lines.len()).find_map(|at| self.take_from(at, |line| line.take_id(id)))
    }
}

impl<K, L> Ring<K, L> {
    /// Takes an item out of one line, which leaves the ring with its last item.
    fn take_from<T>(&mut self, at: usize, take: impl FnOnce(&mut L) -> Option<Item<T>>) -> Option<Item<T>>
    where
        L: Line<T>,
    {
        let (_, line) = self.lines.get_mut(at)?;
        let item = take(line)?;
        if line.count() == 0 {
            self.lines.remove(at);
        }
        self.len -= 1;
        Some(item)
    }
}

#[cfg(test)]
mod tests;
