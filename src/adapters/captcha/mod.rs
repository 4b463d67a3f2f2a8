//! Draws captchas in microseconds. Deformed letters and wide patterns lie ready in a [`pool`], one bit per pixel; a picture is some
//! of the letters along a wave ([`layout`]), inverted where a pattern says so ([`clutter`]), each row moved a little to the side, and
//! written out as it is ([`png`]). All of that is exclusive-or on machine words.
//!
//! What it is made of, and what it does against whom, is measured in docs/captcha.md.

pub mod audio;
mod bits;
mod clutter;
mod glyph;
mod layout;
mod outline;
mod png;
mod pool;

use crate::domain::captcha::{Look, Palette, Puzzle, Rgb, Theme};
use crate::ports::CaptchaRenderer;
use bits::{Bits, WORD};
use pool::{Pool, Recipe};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};
use std::f32::consts::TAU;
use std::io;
use std::ops::RangeInclusive;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;
use std::time::Duration;

/// Looks and sounds only: what is asked comes from the caller's secure source.
type Chance = Xoshiro256PlusPlus;

/// How far rows are moved to the side, in heights of a letter: 3 to 5 pixels of a letter of 32, by which a stem is no column.
const SWAY: RangeInclusive<f32> = 0.09..=0.16;
/// Along which wave, 50 to 100 pixels: less than once through a letter, so that it leans and does not tear.
const SWAY_LENGTH: RangeInclusive<f32> = 1.5..=3.0;
/// Pixels on both sides of the canvas that rows are moved into: more than the largest sway of the largest letter, of 87 pixels.
const SWAY_ROOM: usize = 16;
/// Between two rounds of a pool that is not full yet: it is after 2.6 s of use, and takes a tenth of a core until then.
const PAUSE: Duration = Duration::from_millis(20);
/// And of one that is full, however many pictures are drawn: two minutes for all to be new, a thousandth or two of a core.
const RENEWAL: Duration = Duration::from_secs(1);

/// Draws on the caller's thread, from a pool that a thread of its own fills, and then renews, while pictures are drawn.
pub struct Renderer {
    look: Look,
    recipe: Recipe,
    pool: Arc<RwLock<Pool>>,
    /// Asks for another round. One request may wait; it stands for all.
    more: SyncSender<()>,
}

impl Renderer {
    /// With one variant of every letter. The seed decides what the pool's variants look like.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(look: Look, puzzle: &Puzzle, seed: u64) -> io::Result<Self> {
        let recipe = Recipe::new(&look, puzzle.characters(), puzzle.length());
        let mut chance = Chance::seed_from_u64(seed);
        let pool = Arc::new(RwLock::new(Pool::new(&recipe, &mut chance)));
        let (more, asked) = sync_channel(1);
        let tended = (recipe.clone(), Arc::clone(&pool));
        thread::Builder::new()
            .name("captcha-pool".to_owned())
            .spawn(move || tend(&tended.0, &tended.1, chance, &asked))?;
        Ok(Self { look, recipe, pool, more })
    }

    /// Fills the pool at once.
    pub fn fill(&self, seed: u64) {
        let mut chance = Chance::seed_from_u64(seed);
        for _ in 0..self.recipe.rounds() {
            let round = self.recipe.make(&mut chance);
            self.pool.write().unwrap_or_else(PoisonError::into_inner).add(round);
        }
    }

    /// The text without what makes it hard to read but for the letters' own deformation, wider by the room for the sway.
    fn compose(&self, text: &str, chance: &mut Chance) -> Bits {
        let pool = self.pool.read().unwrap_or_else(PoisonError::into_inner);
        let letters: Vec<&Bits> = text.chars().filter_map(|letter| pool.letter(letter, chance)).collect();
        let sizes: Vec<_> = letters.iter().map(|letter| (letter.width() as f32, letter.height() as f32)).collect();
        let places = layout::places(&self.look, self.recipe.letter(), &sizes, chance);
        let mut canvas = Bits::new(self.look.width as usize + 2 * SWAY_ROOM, self.look.height as usize);
        for ((letter, (x, y)), (width, height)) in letters.into_iter().zip(places).zip(sizes) {
            canvas.stamp(letter, (x - width / 2.0) as usize + SWAY_ROOM, (y - height / 2.0) as usize);
        }
        let patterns: Vec<&Bits> = pool.patterns(chance).collect();
        for pattern in patterns {
            let spare = |pattern: usize, canvas: usize| 0..=pattern.saturating_sub(canvas);
            let x = chance.random_range(spare(pattern.width(), canvas.width()));
            let y = chance.random_range(spare(pattern.height(), canvas.height()));
            canvas.mask(pattern, x, y);
        }
        canvas
    }

    /// Rows of a zero and whole bytes, each moved to the side along a wave of this picture's own.
    fn sway(&self, canvas: &Bits, chance: &mut Chance) -> Vec<u8> {
        let letter = self.recipe.letter();
        let swing = letter * chance.random_range(SWAY);
        let turn = TAU / (letter * chance.random_range(SWAY_LENGTH));
        let (mut sin, mut cos) = chance.random_range(0.0..TAU).sin_cos();
        // The next sine comes from the last by turning on: a call per row would be half of a picture's time.
        let (turn_sin, turn_cos) = turn.sin_cos();
        let row = 1 + self.look.width as usize / 8;
        let mut rows = vec![0; row * self.look.height as usize];
        for (y, row) in rows.chunks_exact_mut(row).enumerate() {
            let words = canvas.row_from((SWAY_ROOM as f32 + swing * sin) as usize, y);
            for (bytes, word) in row[1..].chunks_mut(WORD / 8).zip(words) {
                bytes.copy_from_slice(&word.to_be_bytes()[..bytes.len()]);
            }
            (sin, cos) = (sin * turn_cos + cos * turn_sin, cos * turn_cos - sin * turn_sin);
        }
        rows
    }
}

impl CaptchaRenderer for Renderer {
    fn draw(&self, text: &str, theme: Theme, seed: u64) -> Vec<u8> {
        // Full means that the thread has work already.
        let _asked = self.more.try_send(());
        let mut chance = Chance::seed_from_u64(seed);
        let canvas = self.compose(text, &mut chance);
        let rows = self.sway(&canvas, &mut chance);
        let colours = tinted(self.look.palette(theme), &mut chance);
        png::encode(self.look.width, self.look.height, colours, &rows)
    }
}

/// Adds a round for every picture, or for many of them; ends with the renderer.
fn tend(recipe: &Recipe, pool: &RwLock<Pool>, mut chance: Chance, asked: &Receiver<()>) {
    while asked.recv().is_ok() {
        let round = recipe.make(&mut chance);
        let full = pool.write().unwrap_or_else(PoisonError::into_inner).add(round);
        thread::sleep(if full { RENEWAL } else { PAUSE });
    }
}

/// Paper, then ink, each near to the palette's.
fn tinted(palette: &Palette, chance: &mut Chance) -> [u8; 6] {
    let mut near = |Rgb(colour): Rgb| {
        colour.map(|channel| {
            let (darkest, lightest) = (channel.saturating_sub(Palette::TINT), channel.saturating_add(Palette::TINT));
            chance.random_range(darkest..=lightest)
        })
    };
    let ([a, b, c], [d, e, f]) = (near(palette.paper), near(palette.ink));
    [a, b, c, d, e, f]
}

#[cfg(test)]
mod tests;
