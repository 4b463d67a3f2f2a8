//! Letters and patterns that are drawn in advance, so that a picture only combines them.

use super::bits::Bits;
use super::clutter::{self, SPARE_HEIGHT, SPARE_WIDTH};
use super::glyph;
use super::look::{Clutter, Look};
use super::row_shift::ROW_SHIFT_MARGIN;
use crate::rng::FastRng;
use rand::seq::IndexedRandom;

/// Maximum number of variants of one character. With 128 of each, six letters have 4 trillion combinations.
const VARIANTS: usize = 128;
/// Memory for the letters of a pool, in bytes. With the patterns, a pool needs less than 4 MB under all settings.
const LETTERS_BYTES: usize = 2_000_000;
/// Number of patterns of each kind. A picture cuts its part out of a pattern in one of 8,192 ways (see
/// [`SPARE_WIDTH`]).
const PATTERNS: usize = 16;

/// Characters and patterns of a pool, and their sizes.
#[derive(Clone)]
pub(super) struct Recipe {
    characters: Vec<char>,
    clutter: Vec<Clutter>,
    /// Height of a capital letter, in pixels.
    letter: f32,
    /// Width of a pattern, in pixels.
    width: usize,
    /// Height of a pattern, in pixels.
    height: usize,
    /// Number of variants of each character.
    variants: usize,
}

/// Variants in a ring buffer: the newest replaces the oldest.
struct Ring {
    items: Vec<Bits>,
    next: usize,
    capacity: usize,
}

/// Letters and patterns for all pictures of one look.
pub(super) struct Pool {
    /// Variants of each character, in the order of the recipe.
    letters: Vec<(char, Ring)>,
    /// Patterns of each kind, in the order of the look's clutter.
    patterns: Vec<Ring>,
}

/// One new variant of every character and of every pattern.
pub(super) struct Round {
    letters: Vec<Bits>,
    patterns: Vec<Bits>,
}

impl Recipe {
    pub fn new(look: &Look) -> Self {
        let letter = look.letter_height();
        // A letter is rarely larger than a square of one and a half times its height.
        let side = (letter * 1.5) as usize;
        let bytes = Bits::new(side, side).bytes();
        let variants = (LETTERS_BYTES / (bytes * look.characters.len().max(1))).clamp(1, VARIANTS);
        let width = look.width as usize + 2 * ROW_SHIFT_MARGIN + SPARE_WIDTH;
        let height = look.height as usize + SPARE_HEIGHT;
        Self { characters: look.characters.clone(), clutter: look.clutter.clone(), letter, width, height, variants }
    }

    pub fn letter(&self) -> f32 {
        self.letter
    }

    /// Number of rounds until a pool is full.
    pub fn rounds(&self) -> usize {
        self.variants.max(PATTERNS)
    }

    pub fn draw_round(&self, rng: &mut FastRng) -> Round {
        let letters = self.characters.iter().map(|&letter| glyph::draw(letter, self.letter, rng)).collect();
        let pattern = |kind: &Clutter| clutter::draw(*kind, self.width, self.height, self.letter, rng);
        Round { letters, patterns: self.clutter.iter().map(pattern).collect() }
    }
}

impl Ring {
    fn new(capacity: usize) -> Self {
        Self { items: Vec::new(), next: 0, capacity }
    }

    fn push(&mut self, item: Bits) {
        if self.items.len() < self.capacity {
            self.items.push(item);
        } else {
            self.items[self.next] = item;
            self.next = (self.next + 1) % self.capacity;
        }
    }
}

impl Pool {
    /// Returns a pool with one variant of each character and pattern.
    pub fn new(recipe: &Recipe, rng: &mut FastRng) -> Self {
        let letters = recipe.characters.iter().map(|&letter| (letter, Ring::new(recipe.variants))).collect();
        let patterns = recipe.clutter.iter().map(|_| Ring::new(PATTERNS)).collect();
        let mut pool = Self { letters, patterns };
        pool.add(recipe.draw_round(rng));
        pool
    }

    /// Adds a round, and returns whether the pool is full.
    pub fn add(&mut self, round: Round) -> bool {
        self.letters.iter_mut().zip(round.letters).for_each(|((_, ring), item)| ring.push(item));
        self.patterns.iter_mut().zip(round.patterns).for_each(|(ring, item)| ring.push(item));
        let mut rings = self.letters.iter().map(|(_, ring)| ring).chain(&self.patterns);
        rings.all(|ring| ring.items.len() == ring.capacity)
    }

    /// Returns a random variant of a character, or `None` if the character is not in the recipe.
    pub fn letter(&self, letter: char, rng: &mut FastRng) -> Option<&Bits> {
        let (_, ring) = self.letters.iter().find(|(known, _)| *known == letter)?;
        ring.items.choose(rng)
    }

    /// Returns a random pattern of each kind.
    pub fn patterns(&self, rng: &mut FastRng) -> impl Iterator<Item = &Bits> {
        self.patterns.iter().filter_map(|ring| ring.items.choose(rng))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Pool {
        pub(in crate::picture) fn variants(&self, letter: char) -> usize {
            self.letters.iter().find(|(known, _)| *known == letter).map_or(0, |(_, ring)| ring.items.len())
        }

        /// Memory of the pool when it is full, in bytes, estimated from the current variants.
        pub(in crate::picture) fn bytes_when_full(&self, recipe: &Recipe) -> usize {
            let mean = |ring: &Ring| ring.items.iter().map(Bits::bytes).sum::<usize>() / ring.items.len();
            let letters: usize = self.letters.iter().map(|(_, ring)| mean(ring) * recipe.variants).sum();
            letters + self.patterns.iter().map(|ring| mean(ring) * PATTERNS).sum::<usize>()
        }
    }

    #[test]
    fn a_full_ring_replaces_the_oldest() {
        let mut ring = Ring::new(3);
        for width in 1..=5 {
            ring.push(Bits::new(width, 1));
        }
        let mut widths: Vec<_> = ring.items.iter().map(Bits::width).collect();
        widths.sort_unstable();
        assert_eq!(widths, [3, 4, 5]);
    }
}
