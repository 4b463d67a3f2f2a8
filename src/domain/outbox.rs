//! Outbox: the last messages of the console provider, which the demo page shows in development.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Number of messages that stay in memory.
const CAPACITY: usize = 100;

/// Handle on the messages. A clone is a handle on the same messages.
#[derive(Clone, Default)]
pub struct Outbox(Arc<Mutex<Messages>>);

#[derive(Default)]
struct Messages {
    /// Number of the last message.
    last: u64,
    recent: VecDeque<OutboxMessage>,
}

/// Message as the phone would show it. It contains the code.
#[derive(Clone)]
pub struct OutboxMessage {
    /// Number of the message in this process, from 1.
    pub number: u64,
    /// Phone number in E.164.
    pub to: String,
    pub text: String,
}

impl Outbox {
    /// Adds a message, and removes the oldest one if there are too many.
    pub fn push(&self, to: String, text: String) {
        let mut messages = self.lock();
        messages.last += 1;
        let number = messages.last;
        messages.recent.push_back(OutboxMessage { number, to, text });
        if messages.recent.len() > CAPACITY {
            messages.recent.pop_front();
        }
    }

    /// Returns the messages after this number, the oldest first, and the number of the last message.
    #[must_use]
    pub fn after(&self, number: u64) -> (Vec<OutboxMessage>, u64) {
        let messages = self.lock();
        (messages.recent.iter().filter(|message| message.number > number).cloned().collect(), messages.last)
    }

    fn lock(&self) -> MutexGuard<'_, Messages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outbox_has_the_last_messages_in_their_order() {
        let outbox = Outbox::default();
        for number in 1..=CAPACITY + 2 {
            outbox.clone().push("+8613800138000".to_owned(), format!("message {number}"));
        }
        let (all, last) = outbox.after(0);
        assert_eq!((all.len(), all[0].text.as_str(), last), (CAPACITY, "message 3", 102));
        let (new, _) = outbox.after(101);
        assert_eq!(new.iter().map(|message| message.number).collect::<Vec<_>>(), [102]);
        assert!(outbox.after(102).0.is_empty());
    }
}
