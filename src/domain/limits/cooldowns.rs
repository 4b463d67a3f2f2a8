//! Cooldowns: waits between messages.

use std::time::Duration;

/// Waits between two messages to one phone: 60, 120, then 300 s for every further message of the hour. Twilio Verify
/// also increases its delay. The back ends that doorstep replaces waited 60 s.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cooldowns(pub Vec<Duration>);

impl Cooldowns {
    /// Wait after the `sends`-th message of the hour. The last wait applies to all later messages. Zero without a
    /// message.
    #[must_use]
    pub fn after(&self, sends: u32) -> Duration {
        let index = self.0.len().min(sends as usize).checked_sub(1);
        index.and_then(|index| self.0.get(index)).copied().unwrap_or_default()
    }
}

impl Default for Cooldowns {
    fn default() -> Self {
        Self([60, 120, 300].map(Duration::from_secs).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_cooldown_repeats() {
        let waits = |cooldowns: &Cooldowns| [0, 1, 2, 3, 4, 99].map(|sends| cooldowns.after(sends).as_secs());
        assert_eq!(waits(&Cooldowns::default()), [0, 60, 120, 300, 300, 300]);
        assert_eq!(waits(&Cooldowns(Vec::new())), [0; 6]);
    }
}
