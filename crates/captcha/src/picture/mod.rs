//! Draws captchas in microseconds. A [`pool`] holds deformed letters and wide patterns, drawn in advance with one bit
//! per pixel. To draw a picture, the renderer
//!
//! 1. places some of the letters along a wave ([`layout`]),
//! 2. inverts the parts that a pattern covers ([`clutter`]),
//! 3. shifts each row a little sideways,
//! 4. writes the rows to a file without compression ([`png`]).
//!
//! Steps 1 and 2 are exclusive-or on machine words.
//!
//! docs/pictures.md has measurements of attacks on these pictures; ADR 0019 has the reasons for the design.

mod bits;
mod clutter;
mod glyph;
mod layout;
mod look;
mod outline;
mod palette;
mod png;
mod pool;
mod row_shift;

pub use look::{Clutter, Lines, Look};
pub use palette::Palette;

use crate::rng::FastRng;
use bits::{Bits, WORD};
use pool::{Pool, Recipe};
use rand::{RngExt, SeedableRng};
use row_shift::{ROW_SHIFT, ROW_SHIFT_MARGIN, ROW_WAVE_LENGTH};
use std::f32::consts::TAU;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;
use std::time::Duration;

/// Pause between two rounds while the pool is not full. The pool is full after 2.6 s of use and needs a tenth of a core
/// until then.
const FILL_PAUSE: Duration = Duration::from_millis(20);
/// Pause between two rounds of a full pool, for any number of pictures. All variants are replaced in two minutes, with
/// one or two thousandths of a core.
const RENEWAL_PAUSE: Duration = Duration::from_secs(1);

/// Draws on the caller's thread. A background thread fills the pool, and then renews it, while pictures are drawn.
pub struct Renderer {
    look: Look,
    recipe: Recipe,
    pool: Arc<RwLock<Pool>>,
    /// Requests another round. At most one request waits; it counts for all others.
    round_requests: SyncSender<()>,
}

impl Renderer {
    /// Starts the renderer with one variant of every letter. The seed determines what the variants of the pool look
    /// like.
    ///
    /// # Errors
    /// Returns the error of the operating system if it cannot start the thread.
    pub fn start(look: Look, seed: u64) -> io::Result<Self> {
        let recipe = Recipe::new(&look);
        let mut rng = FastRng::seed_from_u64(seed);
        let pool = Arc::new(RwLock::new(Pool::new(&recipe, &mut rng)));
        let (round_requests, received) = sync_channel(1);
        let (thread_recipe, thread_pool) = (recipe.clone(), Arc::clone(&pool));
        thread::Builder::new()
            .name("captcha-pool".to_owned())
            .spawn(move || refill(&thread_recipe, &thread_pool, rng, &received))?;
        Ok(Self { look, recipe, pool, round_requests })
    }

    /// Fills the pool before it returns, for many pictures at once and for measurements.
    pub fn fill(&self, seed: u64) {
        let mut rng = FastRng::seed_from_u64(seed);
        for _ in 0..self.recipe.rounds() {
            let round = self.recipe.draw_round(&mut rng);
            self.pool.write().unwrap_or_else(PoisonError::into_inner).add(round);
        }
    }

    /// Returns a PNG of the text. Its characters depend on the text alone; its appearance depends on the seed and on
    /// the pool. Characters that the look does not contain are left out.
    #[must_use]
    pub fn draw(&self, text: &str, palette: Palette, seed: u64) -> Vec<u8> {
        // The channel is full if the thread has a request already.
        let _full = self.round_requests.try_send(());
        let mut rng = FastRng::seed_from_u64(seed);
        let canvas = self.compose(text, &mut rng);
        let rows = self.shift_rows(&canvas, &mut rng);
        let colours = tinted(palette, &mut rng);
        png::encode(self.look.width, self.look.height, colours, &rows)
    }

    /// Draws the text and the patterns over it. The canvas is wider than the picture by [`ROW_SHIFT_MARGIN`] on both
    /// sides.
    fn compose(&self, text: &str, rng: &mut FastRng) -> Bits {
        let pool = self.pool.read().unwrap_or_else(PoisonError::into_inner);
        let letters: Vec<&Bits> = text.chars().filter_map(|letter| pool.letter(letter, rng)).collect();
        let sizes: Vec<_> = letters.iter().map(|letter| (letter.width() as f32, letter.height() as f32)).collect();
        let places = layout::places(&self.look, self.recipe.letter(), &sizes, rng);
        let mut canvas = Bits::new(self.look.width as usize + 2 * ROW_SHIFT_MARGIN, self.look.height as usize);
        for ((letter, (x, y)), (width, height)) in letters.into_iter().zip(places).zip(sizes) {
            canvas.stamp(letter, (x - width / 2.0) as usize + ROW_SHIFT_MARGIN, (y - height / 2.0) as usize);
        }
        let patterns: Vec<&Bits> = pool.patterns(rng).collect();
        for pattern in patterns {
            let spare = |pattern: usize, canvas: usize| 0..=pattern.saturating_sub(canvas);
            let x = rng.random_range(spare(pattern.width(), canvas.width()));
            let y = rng.random_range(spare(pattern.height(), canvas.height()));
            canvas.mask(pattern, x, y);
        }
        canvas
    }

    /// Returns the rows of the PNG, each of which is a zero byte and then the pixels. Each row is shifted sideways
    /// along a wave that is different for each picture.
    fn shift_rows(&self, canvas: &Bits, rng: &mut FastRng) -> Vec<u8> {
        let letter = self.recipe.letter();
        let amplitude = letter * rng.random_range(ROW_SHIFT);
        let step = TAU / (letter * rng.random_range(ROW_WAVE_LENGTH));
        let (mut sin, mut cos) = rng.random_range(0.0..TAU).sin_cos();
        // Each sine is computed from the one before, by the addition formula: a call of `sin` for each row would take
        // half of the time of a picture.
        let (step_sin, step_cos) = step.sin_cos();
        let row = 1 + self.look.width as usize / 8;
        let mut rows = vec![0; row * self.look.height as usize];
        for (y, row) in rows.chunks_exact_mut(row).enumerate() {
            let words = canvas.row_from((ROW_SHIFT_MARGIN as f32 + amplitude * sin) as usize, y);
            for (bytes, word) in row[1..].chunks_mut(WORD / 8).zip(words) {
                bytes.copy_from_slice(&word.to_be_bytes()[..bytes.len()]);
            }
            (sin, cos) = (sin * step_cos + cos * step_sin, cos * step_cos - sin * step_sin);
        }
        rows
    }
}

/// Adds one round for each request. The loop ends when the renderer is dropped.
fn refill(recipe: &Recipe, pool: &RwLock<Pool>, mut rng: FastRng, requests: &Receiver<()>) {
    while requests.recv().is_ok() {
        let round = recipe.draw_round(&mut rng);
        let full = pool.write().unwrap_or_else(PoisonError::into_inner).add(round);
        thread::sleep(if full { RENEWAL_PAUSE } else { FILL_PAUSE });
    }
}

/// Returns the colours of paper and ink, each close to its colour in the palette.
fn tinted(palette: Palette, rng: &mut FastRng) -> [u8; 6] {
    let mut near = |colour: [u8; 3]| {
        colour.map(|channel| {
            let (darkest, lightest) = (channel.saturating_sub(Palette::TINT), channel.saturating_add(Palette::TINT));
            rng.random_range(darkest..=lightest)
        })
    };
    let ([a, b, c], [d, e, f]) = (near(palette.paper), near(palette.ink));
    [a, b, c, d, e, f]
}

#[cfg(test)]
mod tests;
