//! Wave that shifts the rows of a picture sideways.

use std::ops::RangeInclusive;

/// Amplitude of the wave, in heights of a letter: 3 to 5 pixels for a letter of 32 pixels. The stem of a letter is then
/// not a straight column.
pub(super) const ROW_SHIFT: RangeInclusive<f32> = 0.09..=0.16;
/// Length of the wave, in heights of a letter: 50 to 100 pixels. It is longer than a letter, so that the letter leans
/// and does not break.
pub(super) const ROW_WAVE_LENGTH: RangeInclusive<f32> = 1.5..=3.0;
/// Pixels on both sides of the canvas, as room for the shift of rows: more than the largest shift for the largest
/// letter, of 87 pixels.
pub(super) const ROW_SHIFT_MARGIN: usize = 16;
