//! Pictures with one bit per pixel, stored in machine words.

/// Rows of words. The leftmost pixel is the highest bit of the first word, as in a PNG. Every row ends with a spare
/// word, so that a read from any pixel of the row can use whole words. The content of the spare word is never used.
#[derive(Clone)]
pub(super) struct Bits {
    width: usize,
    height: usize,
    words: Vec<u64>,
}

pub(super) const WORD: usize = u64::BITS as usize;

impl Bits {
    /// All zeros.
    pub fn new(width: usize, height: usize) -> Self {
        Self { width, height, words: vec![0; stride(width) * height] }
    }

    /// Sets each pixel for which `ink` returns true. Calls `ink` row by row, from left to right.
    pub fn from_fn(width: usize, height: usize, mut ink: impl FnMut(usize, usize) -> bool) -> Self {
        let mut bits = Self::new(width, height);
        for (y, row) in bits.words.chunks_exact_mut(stride(width)).enumerate() {
            for x in (0..width).filter(|&x| ink(x, y)) {
                row[x / WORD] |= 1 << (WORD - 1 - x % WORD);
            }
        }
        bits
    }

    pub const fn width(&self) -> usize {
        self.width
    }

    pub const fn height(&self) -> usize {
        self.height
    }

    /// Size in memory, in bytes.
    pub const fn bytes(&self) -> usize {
        size_of::<Self>() + self.words.capacity() * size_of::<u64>()
    }

    fn rows(&self) -> impl Iterator<Item = &[u64]> {
        self.words.chunks_exact(stride(self.width))
    }

    /// Inverts the pixels that `stamp` covers if its upper left corner is at `x`, `y`. Parts beyond the lower and the
    /// right edge are ignored.
    pub fn stamp(&mut self, stamp: &Self, x: usize, y: usize) {
        let (first, shift) = (x / WORD, x % WORD);
        let rows = self.words.chunks_exact_mut(stride(self.width)).skip(y);
        for (row, inverted) in rows.zip(stamp.rows()) {
            let mut carry = 0;
            for (word, inverted) in row.iter_mut().skip(first).zip(inverted) {
                *word ^= carry | (inverted >> shift);
                carry = overflow(*inverted, shift);
            }
        }
    }

    /// Inverts the pixels that are set in a part of `mask`. The part begins at `x`, `y` and is as large as this
    /// picture.
    pub fn mask(&mut self, mask: &Self, x: usize, y: usize) {
        let rows = self.words.chunks_exact_mut(stride(self.width));
        for (row, inverted) in rows.zip(mask.rows().skip(y)) {
            for (word, inverted) in row.iter_mut().zip(window(inverted, x)) {
                *word ^= inverted;
            }
        }
    }

    /// Returns the words of row `y` from pixel `x` on.
    pub fn row_from(&self, x: usize, y: usize) -> impl Iterator<Item = u64> {
        window(&self.words[y * stride(self.width)..][..stride(self.width)], x)
    }

    #[cfg(test)]
    pub fn ink(&self, x: usize, y: usize) -> bool {
        self.row_from(x, y).next().is_some_and(|word| word >> (WORD - 1) == 1)
    }
}

const fn stride(width: usize) -> usize {
    width.div_ceil(WORD) + 1
}

/// Returns the bits of a word that a shift to the right moves into the next word.
const fn overflow(word: u64, shift: usize) -> u64 {
    // Two steps, because a shift by 64 bits would overflow.
    word << (WORD - 1 - shift) << 1
}

/// Returns the row from pixel `x` on, shifted to the left.
fn window(row: &[u64], x: usize) -> impl Iterator<Item = u64> {
    let shift = x % WORD;
    row.windows(2).skip(x / WORD).map(move |pair| (pair[0] << shift) | (pair[1] >> (WORD - 1 - shift) >> 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dots(width: usize, height: usize) -> Bits {
        Bits::from_fn(width, height, |x, y| (x * 7 + y * 3) % 5 == 0)
    }

    #[test]
    fn a_pixel_is_where_it_was_set() {
        let bits = dots(130, 3);
        for (x, y) in (0..130).flat_map(|x| (0..3).map(move |y| (x, y))) {
            assert_eq!(bits.ink(x, y), (x * 7 + y * 3) % 5 == 0, "{x} {y}");
        }
    }

    #[test]
    fn a_stamp_inverts_only_the_pixels_that_it_covers() {
        for (x, y) in [(0, 0), (1, 2), (63, 0), (64, 1), (65, 3), (100, 5)] {
            let (mut bits, stamp) = (dots(200, 12), dots(70, 6));
            bits.stamp(&stamp, x, y);
            for (px, py) in (0..200).flat_map(|x| (0..12).map(move |y| (x, y))) {
                let covered = px >= x && px < x + 70 && py >= y && py < y + 6 && stamp.ink(px - x, py - y);
                assert_eq!(bits.ink(px, py), dots(200, 12).ink(px, py) ^ covered, "{px} {py}, stamp at {x} {y}");
            }
        }
    }

    #[test]
    fn a_stamp_beyond_the_edge_is_cut_off() {
        let (mut bits, stamp) = (dots(100, 10), dots(70, 6));
        bits.stamp(&stamp, 60, 7);
        bits.stamp(&stamp, 300, 0);
        bits.stamp(&stamp, 0, 20);
        for (x, y) in (0..100).flat_map(|x| (0..10).map(move |y| (x, y))) {
            let covered = x >= 60 && y >= 7 && stamp.ink(x - 60, y - 7);
            assert_eq!(bits.ink(x, y), dots(100, 10).ink(x, y) ^ covered, "{x} {y}");
        }
    }

    #[test]
    fn a_mask_is_read_from_the_given_corner() {
        for (x, y) in [(0, 0), (1, 2), (63, 0), (64, 1), (99, 7)] {
            let (mut bits, mask) = (Bits::new(100, 5), dots(200, 12));
            bits.mask(&mask, x, y);
            for (px, py) in (0..100).flat_map(|x| (0..5).map(move |y| (x, y))) {
                assert_eq!(bits.ink(px, py), mask.ink(px + x, py + y), "{px} {py}, mask from {x} {y}");
            }
        }
    }

    #[test]
    fn a_row_can_be_read_from_any_pixel() {
        let bits = dots(150, 2);
        for x in 0..86 {
            let word = bits.row_from(x, 1).next().unwrap();
            for i in 0..WORD {
                assert_eq!(word >> (WORD - 1 - i) & 1 == 1, bits.ink(x + i, 1), "{i} from {x}");
            }
        }
    }
}
