//! Inputs for the targets: changed seeds. The same run number makes the same inputs on every machine.

/// Pseudo-random numbers (SplitMix64).
pub struct Rng(pub u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number below `end`, which is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    fn pick<'a, T: ?Sized>(&mut self, items: &'a [&T]) -> &'a T {
        items[self.below(items.len())]
    }
}

/// Parts that parsers often get wrong.
const PARTS: [&str; 40] = [
    "",
    "\0",
    "\n",
    "\r\n",
    "\t",
    " ",
    "\u{a0}",
    "\u{200b}",
    "\u{200d}",
    "\u{202e}",
    "\u{feff}",
    "\u{fdfa}",
    "\u{1f3fb}",
    "é",
    "e\u{301}",
    "１",
    "٣",
    "\"",
    "\\",
    "\\u0000",
    "\\ud800",
    "{",
    "}",
    "[[[[[[[[",
    "null",
    "true",
    "-0",
    "1e999",
    "18446744073709551616",
    "=",
    ",",
    ";",
    ":",
    "://",
    "@",
    "%00",
    "+",
    "+86",
    "ext. 5",
    "ß",
];

/// Returns a seed with some changes.
pub fn input(rng: &mut Rng, seeds: &[Vec<u8>]) -> Vec<u8> {
    let seed = |rng: &mut Rng| seeds[rng.below(seeds.len())].clone();
    let mut bytes = seed(rng);
    for _ in 0..=rng.below(4) {
        let at = rng.below(bytes.len() + 1);
        let end = (at + rng.below(8)).min(bytes.len());
        match rng.below(8) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => drop(bytes.splice(at..end, rng.pick(&PARTS).bytes())),
            3 => bytes.insert(at, u8::try_from(rng.below(256)).unwrap()),
            4 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << rng.below(8)),
            5 => {
                let copy = bytes[at..end].repeat(1 + rng.below(40));
                drop(bytes.splice(at..at, copy));
            }
            6 => {
                let other = seed(rng);
                bytes.truncate(at);
                bytes.extend_from_slice(&other[rng.below(other.len() + 1)..]);
            }
            _ => bytes.extend((0..rng.below(80)).map(|_| u8::try_from(rng.below(256)).unwrap()).collect::<Vec<_>>()),
        }
    }
    bytes
}
