//! Fair queue: turns go round by IP block, and inside a block by session.
//!
//! One client with many requests waits behind its own requests, not in front of those of other clients. A full queue
//! drops the newest item of the longest line, so that the client with the most waiting requests gets the errors.

use crate::domain::session::SessionId;
use crate::ports::fairness::Requester;
use std::collections::VecDeque;
use std::net::IpAddr;

/// Bounded queue of items that wait for their turn.
///
/// Turns go round by /48, inside it by /56, inside it by /64, and inside that by session. An IPv4 address is one block
/// at each width. Otherwise the owner of one /48 would get 65,536 turns in each round.
///
/// A session waits in one line, even if its requests come from many IP blocks: otherwise one token, sent from many
/// addresses, would get many turns. The line is in the blocks of the session's first waiting request.
///
/// The methods search linearly. A queue has a few hundred items at most: a search takes about a microsecond.
pub struct FairQueue<T> {
    lines: ByBlock<ByBlock<ByBlock<BySession<T>>>>,
    capacity: usize,
    next_id: u64,
}

/// Lines of the IP blocks of one width. The service itself has none.
type ByBlock<L> = Ring<Option<IpAddr>, L>;
/// Lines of the sessions in an IP block. Requests without a session wait in one line.
type BySession<T> = Ring<Option<SessionId>, VecDeque<Item<T>>>;

struct Item<T> {
    id: u64,
    requester: Requester,
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
        Self { lines: Ring::new(), capacity, next_id: 0 }
    }

    #[must_use]
    pub const fn len(&self) -> usize {
        self.lines.len
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
        let session = requester.session.and_then(|_| self.lines.first_of(requester.session));
        let requester = session.map_or(requester, |item| item.requester);
        let blocks = requester.ip_blocks.map(|blocks| blocks.0);
        let [narrow, middle, wide] = [0, 1, 2].map(|width| blocks.map(|blocks| blocks[width]));
        self.lines.push((wide, (middle, (narrow, (requester.session, ())))), Item { id, requester, value });
        let dropped = if self.len() > self.capacity { self.lines.take_newest() } else { None };
        Pushed { id, dropped: dropped.map(|item| item.value) }
    }

    /// Removes the item whose turn it is.
    pub fn pop(&mut self) -> Option<T> {
        self.lines.take_next().map(|item| item.value)
    }

    /// Removes the item with this id, if it still waits.
    pub fn remove(&mut self, id: u64) -> Option<T> {
        self.lines.take_id(id).map(|item| item.value)
    }
}

/// Something that items wait in.
trait Line<T>: Default {
    /// Keys of the lines inside that lead to the place of an item.
    type Path;

    fn push(&mut self, path: Self::Path, item: Item<T>);
    fn count(&self) -> usize;
    /// First item of this session.
    fn first_of(&self, session: Option<SessionId>) -> Option<&Item<T>>;
    fn take_next(&mut self) -> Option<Item<T>>;
    fn take_newest(&mut self) -> Option<Item<T>>;
    fn take_id(&mut self, id: u64) -> Option<Item<T>>;
}

impl<T> Line<T> for VecDeque<Item<T>> {
    type Path = ();

    fn push(&mut self, (): (), item: Item<T>) {
        self.push_back(item);
    }

    fn count(&self) -> usize {
        self.len()
    }

    fn first_of(&self, session: Option<SessionId>) -> Option<&Item<T>> {
        // All items of a line have the same session.
        self.front().filter(|item| item.requester.session == session)
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

impl<T, K: PartialEq, L: Line<T>> Line<T> for Ring<K, L> {
    type Path = (K, L::Path);

    /// A new line gets the last turn.
    fn push(&mut self, (key, rest): Self::Path, item: Item<T>) {
        self.len += 1;
        if let Some((_, line)) = self.lines.iter_mut().find(|(known, _)| *known == key) {
            return line.push(rest, item);
        }
        let mut line = L::default();
        line.push(rest, item);
        self.lines.push_back((key, line));
    }

    fn count(&self) -> usize {
        self.len
    }

    fn first_of(&self, session: Option<SessionId>) -> Option<&Item<T>> {
        self.lines.iter().find_map(|(_, line)| line.first_of(session))
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
