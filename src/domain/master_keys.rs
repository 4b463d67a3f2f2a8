//! The list of master keys: `SECRET_KEY`.

use super::master_key::MasterKey;
use std::fmt;

/// All entries of `SECRET_KEY`, each once. The first makes values, and all check them.
#[derive(Clone)]
pub struct MasterKeys {
    first: MasterKey,
    others: Vec<MasterKey>,
}

/// Reason why a text is not a list of master keys. It names the position in the list, never the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MasterKeysError {
    #[error("expected 1 to {} keys", MasterKeys::MOST)]
    Count,
    #[error("entry {0} is empty: expected a key before and after each comma")]
    Empty(usize),
    #[error("entry {0}: expected 32 random bytes in base64url: `doorstep keygen --secret-key` creates them")]
    Key(usize),
    #[error("entry {0}: expected each key only once")]
    Duplicate(usize),
}

impl MasterKeys {
    /// Highest number of keys. A rotation needs 2; a third and a fourth let the tokens of known devices live longer.
    pub const MOST: usize = 4;

    #[must_use]
    pub const fn new(first: MasterKey, others: Vec<MasterKey>) -> Self {
        Self { first, others }
    }

    /// Reads keys that commas or line breaks separate. An empty line is ignored, because a file ends with one. Nothing
    /// between commas is an error: the list may be made of variables, and a missing old key would end all sessions.
    pub fn parse(text: &str) -> Result<Self, Vec<MasterKeysError>> {
        if text.trim().is_empty() {
            return Err(vec![MasterKeysError::Count]);
        }
        let (mut keys, mut errors): (Vec<MasterKey>, _) = (Vec::new(), Vec::new());
        for (entry, position) in entries(text).zip(1..) {
            match MasterKey::parse(entry) {
                Some(key) if keys.contains(&key) => errors.push(MasterKeysError::Duplicate(position)),
                Some(key) => keys.push(key),
                None if entry.is_empty() => errors.push(MasterKeysError::Empty(position)),
                None => errors.push(MasterKeysError::Key(position)),
            }
        }
        if entries(text).count() > Self::MOST {
            errors.push(MasterKeysError::Count);
        }
        let mut keys = keys.into_iter();
        match keys.next() {
            Some(first) if errors.is_empty() => Ok(Self::new(first, keys.collect())),
            _ => Err(errors),
        }
    }

    #[must_use]
    pub const fn first(&self) -> &MasterKey {
        &self.first
    }

    pub fn iter(&self) -> impl Iterator<Item = &MasterKey> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// Returns the oldest key, wherever it is in the list.
    #[must_use]
    pub fn oldest(&self) -> &MasterKey {
        self.iter().min().unwrap_or(&self.first)
    }

    /// The keys, the oldest first: an order that does not depend on their order in the list.
    #[must_use]
    pub fn by_age(&self) -> Vec<&MasterKey> {
        let mut keys: Vec<_> = self.iter().collect();
        keys.sort();
        keys
    }
}

/// Entries of a list, which may be empty between commas.
fn entries(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').flat_map(|part| {
        let lines = part.trim().lines().map(str::trim);
        let is_empty = part.trim().is_empty();
        lines.filter(|line| !line.is_empty()).chain(is_empty.then_some(""))
    })
}

/// Prints the ids.
impl fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::master_key::tests::created;

    #[test]
    fn the_first_key_stays_first_and_the_order_of_age_does_not_depend_on_it() {
        let (old, new) = (created(1), created(2));
        for (first, other) in [(&old, &new), (&new, &old)] {
            let keys = MasterKeys::new(first.clone(), vec![other.clone()]);
            assert_eq!(keys.first(), first);
            assert_eq!((keys.oldest(), keys.by_age()), (&old, vec![&old, &new]));
        }
    }

    #[test]
    fn commas_and_line_breaks_separate_keys() {
        let [a, b] = [1, 2].map(|n| created(n).expose());
        for text in [
            format!("{a},{b}"),
            format!(" {a} , {b} "),
            format!("{a}\n{b}\n"),
            format!("\n{a}\r\n\r\n{b}\r\n"),
            format!("{a},\n{b}"),
        ] {
            let keys = MasterKeys::parse(&text).unwrap();
            assert!(keys.iter().eq([&created(1), &created(2)]), "{text:?}");
        }
        assert_eq!(MasterKeys::parse(&a).unwrap().iter().count(), 1);
    }

    #[test]
    fn every_invalid_entry_is_reported_by_its_position() {
        use MasterKeysError::{Count, Duplicate, Empty, Key};
        let [a, b, c, d, e] = [1, 2, 3, 4, 5].map(|n| created(n).expose());
        let errors = |text: String| MasterKeys::parse(&text).unwrap_err();
        assert_eq!(errors(format!(",{a}")), [Empty(1)]);
        assert_eq!(errors(format!("{a},")), [Empty(2)]);
        assert_eq!(errors(format!("{a}, ,{b},x,{a}")), [Empty(2), Key(4), Duplicate(5), Count]);
        assert_eq!(errors(format!("{a} {b}")), [Key(1)]);
        assert_eq!(errors(format!("{a}\n{a}=")), [Duplicate(2)]);
        assert_eq!(errors(format!("{a},{b},{c},{d},{e}")), [Count]);
        assert_eq!(errors(String::new()), [Count]);
        assert!(MasterKeys::parse(&format!("{a},{b},{c},{d}")).is_ok());
    }

    #[test]
    fn only_the_id_of_a_key_is_printed() {
        let keys = MasterKeys::new(created(1), vec![created(2)]);
        let [one, other] = [1, 2].map(|n| created(n).id().to_string());
        assert_eq!(format!("{keys:?}"), format!("[{one}, {other}]"));
        assert!(one.len() == 8 && one != other);
    }
}
