//! Letters and patterns that lie ready, so that a picture only has to put them together.

use super::bits::Bits;
use super::clutter::{self, SPARE_HEIGHT, SPARE_WIDTH};
use super::{Chance, SWAY_ROOM, glyph};
use crate::domain::captcha::{Clutter, Look};
use rand::seq::IndexedRandom;

/// Most variants of one character. With 128 of each, six letters have 4 trillion sets of them.
const VARIANTS: usize = 128;
/// Bytes that the letters of a pool may take: with the patterns less than 4 MB, whatever is set.
const LETTERS_WEIGHT: usize = 2_000_000;
/// Patterns of each kind. A part of one is cut out in 8,192 ways (see [`SPARE_WIDTH`]).
const PATTERNS: usize = 16;

/// What is to be made.
#[derive(Clone)]
pub(super) struct Recipe {
    characters: Vec<char>,
    clutter: Vec<Clutter>,
    /// Height of a capital letter, in pixels.
    letter: f32,
    /// Of a pattern, in pixels.
    width: usize,
    height: usize,
    /// Variants of each character.
    variants: usize,
}

/// Variants in a ring: the newest takes the place of the oldest.
struct Ring {
    items: Vec<Bits>,
    next: usize,
    most: usize,
}

/// All that pictures of one look are put together from.
pub(super) struct Pool {
    /// In the order of the recipe's characters.
    letters: Vec<(char, Ring)>,
    /// In the order of the look's clutter.
    patterns: Vec<Ring>,
}

/// One more variant of every character, and of every pattern.
pub(super) struct Round {
    letters: Vec<Bits>,
    patterns: Vec<Bits>,
}

impl Recipe {
    /// For texts of `length` of these characters.
    pub fn new(look: &Look, characters: Vec<char>, length: usize) -> Self {
        let letter = look.letter_height(length);
        // A letter is rarely larger than a square of one and a half times its height.
        let side = (letter * 1.5) as usize;
        let weight = Bits::new(side, side).weight();
        let variants = (LETTERS_WEIGHT / (weight * characters.len().max(1))).clamp(1, VARIANTS);
        let width = look.width as usize + 2 * SWAY_ROOM + SPARE_WIDTH;
        let height = look.height as usize + SPARE_HEIGHT;
        Self { characters, clutter: look.clutter.clone(), letter, width, height, variants }
    }

    pub fn letter(&self) -> f32 {
        self.letter
    }

    /// Rounds until a pool is full.
    pub fn rounds(&self) -> usize {
        self.variants.max(PATTERNS)
    }

    pub fn make(&self, chance: &mut Chance) -> Round {
        let letters = self.characters.iter().map(|&letter| glyph::draw(letter, self.letter, chance)).collect();
        let pattern = |kind: &Clutter| clutter::draw(*kind, self.width, self.height, self.letter, chance);
        Round { letters, patterns: self.clutter.iter().map(pattern).collect() }
    }
}

impl Ring {
    fn new(most: usize) -> Self {
        Self { items: Vec::new(), next: 0, most }
    }

    fn push(&mut self, item: Bits) {
        if self.items.len() < self.most {
            self.items.push(item);
        } else {
            self.items[self.next] = item;
            self.next = (self.next + 1) % self.most;
        }
    }
}

impl Pool {
    /// With one variant of everything.
    pub fn new(recipe: &Recipe, chance: &mut Chance) -> Self {
        let letters = recipe.characters.iter().map(|&letter| (letter, Ring::new(recipe.variants))).collect();
        let patterns = recipe.clutter.iter().map(|_| Ring::new(PATTERNS)).collect();
        let mut pool = Self { letters, patterns };
        pool.add(recipe.make(chance));
        pool
    }

    /// Whether it is full now.
    pub fn add(&mut self, round: Round) -> bool {
        self.letters.iter_mut().zip(round.letters).for_each(|((_, ring), item)| ring.push(item));
        self.patterns.iter_mut().zip(round.patterns).for_each(|(ring, item)| ring.push(item));
        let mut rings = self.letters.iter().map(|(_, ring)| ring).chain(&self.patterns);
        rings.all(|ring| ring.items.len() == ring.most)
    }

    /// Some variant of a character of the recipe.
    pub fn letter(&self, letter: char, chance: &mut Chance) -> Option<&Bits> {
        let (_, ring) = self.letters.iter().find(|(known, _)| *known == letter)?;
        ring.items.choose(chance)
    }

    /// Some pattern of every kind.
    pub fn patterns(&self, chance: &mut Chance) -> impl Iterator<Item = &Bits> {
        self.patterns.iter().filter_map(|ring| ring.items.choose(chance))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Pool {
        pub(in crate::adapters::captcha) fn variants(&self, letter: char) -> usize {
            self.letters.iter().find(|(known, _)| *known == letter).map_or(0, |(_, ring)| ring.items.len())
        }

        /// Bytes, judged by what is there.
        pub(in crate::adapters::captcha) fn weight_when_full(&self, recipe: &Recipe) -> usize {
            let mean = |ring: &Ring| ring.items.iter().map(Bits::weight).sum::<usize>() / ring.items.len();
            let letters: usize = self.letters.iter().map(|(_, ring)| mean(ring) * recipe.variants).sum();
            letters + self.patterns.iter().map(|ring| mean(ring) * PATTERNS).sum::<usize>()
        }
    }

    #[test]
    fn a_full_ring_forgets_the_oldest() {
        let mut ring = Ring::new(3);
        for width in 1..=5 {
            ring.push(Bits::new(width, 1));
        }
        let mut widths: Vec<_> = ring.items.iter().map(Bits::width).collect();
        widths.sort_unstable();
        assert_eq!(widths, [3, 4, 5]);
    }
}
