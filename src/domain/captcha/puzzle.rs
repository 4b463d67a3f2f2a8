//! Puzzles of picture captchas, and the check of an answer.

use super::{CaptchaAnswer, Task};
use std::fmt;

/// Task in the picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Puzzle {
    /// Type these characters.
    Text { alphabet: Alphabet, length: usize, two_lines: bool },
    /// Type the sum of a two-digit and a one-digit number.
    Arithmetic,
}

/// Digits of a sum. 0, 1 and 8 are left out, because as outlines they are easily misread.
const SUM_DIGITS: &[u8] = b"2345679";
/// Length of `47+6=?`.
const SUM_LENGTH: usize = 6;

impl Puzzle {
    /// Creates the text to draw, and its answer. Calls `random` once for each random character, in the order of the
    /// text. The bias of the modulo is below 2^-58.
    #[must_use]
    pub fn compose(&self, mut random: impl FnMut() -> u64) -> (String, CaptchaAnswer) {
        let mut below = |n: usize| usize::try_from(random() % n as u64).unwrap_or_default();
        match self {
            Self::Text { alphabet, length, .. } => {
                let text: String = (0..*length).map(|_| char::from(alphabet.0[below(alphabet.0.len())])).collect();
                (text.clone(), CaptchaAnswer(text))
            }
            Self::Arithmetic => {
                let mut digit = || SUM_DIGITS[below(SUM_DIGITS.len())] - b'0';
                let (tens, ones, more) = (digit(), digit(), digit());
                (format!("{tens}{ones}+{more}=?"), CaptchaAnswer((tens * 10 + ones + more).to_string()))
            }
        }
    }

    /// Task of the user.
    #[must_use]
    pub const fn task(&self) -> Task {
        match self {
            Self::Text { length, two_lines, .. } => Task::Characters { count: *length, two_lines: *two_lines },
            Self::Arithmetic => Task::Sum,
        }
    }

    /// Number of characters of the text in the picture.
    #[must_use]
    pub const fn length(&self) -> usize {
        match self {
            Self::Text { length, .. } => *length,
            Self::Arithmetic => SUM_LENGTH,
        }
    }

    /// Returns every character that a text can contain.
    #[must_use]
    pub fn characters(&self) -> Vec<char> {
        let (characters, signs): (&[u8], &[u8]) = match self {
            Self::Text { alphabet, .. } => (&alphabet.0, b""),
            Self::Arithmetic => (SUM_DIGITS, b"+=?"),
        };
        characters.iter().chain(signs).copied().map(char::from).collect()
    }

    /// Answers for what a client typed: as typed, and after look-alikes are replaced.
    #[must_use]
    pub fn accepted(&self, given: CaptchaAnswer) -> [CaptchaAnswer; 2] {
        let replaced = match self {
            Self::Text { alphabet, .. } => alphabet.replace_look_alikes(&given),
            Self::Arithmetic => given.clone(),
        };
        [given, replaced]
    }
}

/// Capital letters and digits, each once.
#[derive(Clone, PartialEq, Eq)]
pub struct Alphabet(Vec<u8>);

/// Characters in pictures, and the characters that users type for them. All are in upper case, as answers are: a small
/// L is a capital L here.
const LOOK_ALIKES: [(char, &str); 12] = [
    ('D', "O0Q"),
    ('L', "I1"),
    ('T', "7"),
    ('A', "4"),
    ('6', "G"),
    // Keyboards of other scripts: Cyrillic, then Greek letters.
    ('A', "АΑ"),
    ('E', "ЕΕ"),
    ('H', "НΗ"),
    ('M', "МΜ"),
    ('T', "ТΤ"),
    ('X', "ХΧ"),
    ('3', "З"),
];

impl Alphabet {
    /// Default alphabet: the characters that were never misread while outlined, rotated and half inverted. The others
    /// were mistaken for the character in brackets: 0 O Q (D), 1 I J (L), 7 Y (T), 4 (A), 5 S, 2 Z, 8 B (3), G (6),
    /// F (E), P (R), K (X), N (M), U V (W), C.
    pub const USUAL: &str = "ADEHLMRTWX369";
    /// Minimum number of characters. A text of four then has 4,096 possible answers.
    pub const MIN_SIZE: usize = 8;

    /// Reads at least [`Alphabet::MIN_SIZE`] different capital letters and digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let allowed = bytes.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        let unique = bytes.iter().enumerate().all(|(i, byte)| !bytes[..i].contains(byte));
        (allowed && unique && bytes.len() >= Self::MIN_SIZE).then(|| Self(bytes.to_vec()))
    }

    /// Replaces each character outside the alphabet by the character of the alphabet that it looks like. A user who
    /// types a zero for a D is right, and two answers from the alphabet never become equal.
    fn replace_look_alikes(&self, given: &CaptchaAnswer) -> CaptchaAnswer {
        let contains = |c: char| u8::try_from(c).is_ok_and(|byte| self.0.contains(&byte));
        let replace = |c: char| {
            if contains(c) {
                return c;
            }
            let found = LOOK_ALIKES.iter().find(|(drawn, typed)| contains(*drawn) && typed.contains(c));
            found.map_or(c, |(drawn, _)| *drawn)
        };
        CaptchaAnswer(given.0.chars().map(replace).collect())
    }
}

impl Default for Alphabet {
    fn default() -> Self {
        Self(Self::USUAL.as_bytes().to_vec())
    }
}

impl fmt::Debug for Alphabet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> CaptchaAnswer {
        CaptchaAnswer::parse(text).unwrap()
    }

    fn text(alphabet: &str) -> Puzzle {
        Puzzle::Text { alphabet: Alphabet::parse(alphabet).unwrap(), length: 6, two_lines: true }
    }

    #[test]
    fn the_answer_of_a_text_is_the_text() {
        let mut n = 0;
        let puzzle = text(Alphabet::USUAL);
        let (text, answer) = puzzle.compose(|| {
            n += 1;
            n
        });
        assert_eq!((text.as_str(), answer.expose()), ("DEHLMR", "DEHLMR"));
        assert_eq!(puzzle.length(), text.len());
    }

    #[test]
    fn the_answer_of_a_sum_is_its_result() {
        let mut random = [0_u64, 6, 2].into_iter();
        let (text, answer) = Puzzle::Arithmetic.compose(|| random.next().unwrap());
        assert_eq!((text.as_str(), answer.expose()), ("29+4=?", "33"));
        assert_eq!(Puzzle::Arithmetic.length(), text.len());
    }

    /// The most frequent sum is right once in 49 guesses.
    #[test]
    fn a_sum_is_hard_to_guess() {
        let mut sums = [0; 200];
        for n in 0..343_u64 {
            let mut random = [n / 49, n / 7, n].into_iter();
            let (_, answer) = Puzzle::Arithmetic.compose(|| random.next().unwrap());
            sums[answer.expose().parse::<usize>().unwrap()] += 1;
        }
        assert_eq!(sums.iter().sum::<u32>(), 343);
        assert!(sums.iter().all(|&count| count <= 7), "7 of 343 is one in 49");
    }

    /// All characters of the alphabet, and no others, are equally frequent at each position: chi-squared test over
    /// 100,000 answers.
    #[test]
    fn answers_are_uniform() {
        let puzzle = text(Alphabet::USUAL);
        let characters = puzzle.characters();
        let mut counts = vec![vec![0_u32; characters.len()]; puzzle.length()];
        let mut random = || {
            let mut word = [0; 8];
            aws_lc_rs::rand::fill(&mut word).unwrap();
            u64::from_le_bytes(word)
        };
        let answers = 100_000;
        for _ in 0..answers {
            for (place, c) in puzzle.compose(&mut random).0.chars().enumerate() {
                counts[place][characters.iter().position(|&known| known == c).unwrap()] += 1;
            }
        }
        let expected = f64::from(answers) / characters.len() as f64;
        for place in counts {
            let chi: f64 = place.iter().map(|&n| (f64::from(n) - expected).powi(2) / expected).sum();
            // A random value with 12 degrees of freedom exceeds 61 once in 70 million tests.
            assert!(chi < 61.0, "{chi}: {place:?}");
        }
    }

    #[test]
    fn an_alphabet_has_at_least_8_different_characters() {
        assert_eq!(Alphabet::parse(Alphabet::USUAL), Some(Alphabet::default()));
        for bad in ["", "ABCDEFG", "ABCDEFGA", "abcdefgh", "ABCDEFG ", "ABCDEFGÄ", "ABCDEFG漢"] {
            assert_eq!(Alphabet::parse(bad), None, "{bad}");
        }
    }

    fn accepts(puzzle: &Puzzle, drawn: &str, typed: &str) -> bool {
        let accepted = puzzle.accepted(CaptchaAnswer::parse(typed).unwrap());
        accepted.iter().any(|accepted| accepted.matches(&answer(drawn)))
    }

    #[test]
    fn look_alikes_are_accepted() {
        let puzzle = text(Alphabet::USUAL);
        for (drawn, typed) in [
            ("DLTA66", "01 74gG"),
            ("DDDLLL", "oqQ-il 1"),
            ("AEHMTX", "аенмтх"),
            ("AEHMTX", "АЕНМТХ"),
            ("ADE369", "ＡＤＥ３６９"),
            ("369ADE", "369ade"),
        ] {
            assert!(accepts(&puzzle, drawn, typed), "{drawn}");
        }
        assert!(!accepts(&puzzle, "ADEHLM", "ADEHLR"));
        assert!(!accepts(&puzzle, "333333", "888888"));
    }

    /// Characters that the operator's alphabet contains stay different.
    #[test]
    fn characters_of_the_alphabet_are_never_replaced() {
        let puzzle = text("D0OLI1T7A4");
        assert!(!accepts(&puzzle, "D", "0"));
        assert!(!accepts(&puzzle, "L", "1"));
        assert!(!accepts(&puzzle, "A", "4"));
        assert!(!accepts(&Puzzle::Arithmetic, "47", "A7"));
    }
}
