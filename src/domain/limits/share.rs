//! Shares: what a class of numbers keeps of a maximum that several classes use.

use crate::domain::flow::BudgetClass;

/// Part of a maximum that is reserved for each class, in percent. The rest is for every class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReservedShare(u32);

/// Classes that share a maximum.
const CLASSES: u32 = BudgetClass::ALL.len() as u32;

impl ReservedShare {
    /// Highest percentage: the shares of all classes are the whole maximum.
    pub const HIGHEST: u32 = 100 / CLASSES;

    /// Share in percent, at most [`ReservedShare::HIGHEST`].
    #[must_use]
    pub fn percent(percent: u32) -> Self {
        Self(percent.min(Self::HIGHEST))
    }

    /// Calls of `max` that each class keeps, rounded down.
    #[must_use]
    pub fn of(self, max: u32) -> u32 {
        u32::try_from(u64::from(max) * u64::from(self.0) / 100).unwrap_or(max)
    }

    /// Calls of `max` that one class can make while all others make none.
    #[must_use]
    pub fn most(self, max: u32) -> u32 {
        max.saturating_sub(self.of(max).saturating_mul(CLASSES - 1))
    }
}

/// 20 % for each of three classes: a class that is attacked can use 60 %.
impl Default for ReservedShare {
    fn default() -> Self {
        Self(20)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_keeps_its_share_of_a_maximum() {
        let share = ReservedShare::default();
        for (max, reserved, most) in [(1_000, 200, 600), (30, 6, 18), (4, 0, 4), (1, 0, 1), (0, 0, 0)] {
            assert_eq!((share.of(max), share.most(max)), (reserved, most), "{max}");
        }
        assert_eq!(ReservedShare::percent(100).most(10), 4);
        assert_eq!(ReservedShare::percent(0).most(u32::MAX), u32::MAX);
    }
}
