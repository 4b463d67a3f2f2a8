//! What a captcha asks for, and how its answer is read.

use super::CaptchaAnswer;
use std::fmt;

/// What the picture asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Puzzle {
    /// Type these characters.
    Text { alphabet: Alphabet, length: usize },
    /// Type the sum of a number of two digits and one of one.
    Arithmetic,
}

/// Without 0, 1 and 8, which are read as each other's neighbours when they are outlines.
const SUM_DIGITS: &[u8] = b"2345679";
/// `47+6=?`
const SUM_LENGTH: usize = 6;

impl Puzzle {
    /// Makes the text to draw and its answer out of random words; one word per character, in the order of the text. The
    /// bias of the modulo is below 2^-58.
    #[must_use]
    pub fn compose(&self, mut random: impl FnMut() -> u64) -> (String, CaptchaAnswer) {
        let mut below = |n: usize| usize::try_from(random() % n as u64).unwrap_or_default();
        match self {
            Self::Text { alphabet, length } => {
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

    /// Characters of the text that is drawn.
    #[must_use]
    pub const fn length(&self) -> usize {
        match self {
            Self::Text { length, .. } => *length,
            Self::Arithmetic => SUM_LENGTH,
        }
    }

    /// Every character that a text may have.
    #[must_use]
    pub fn characters(&self) -> Vec<char> {
        let (characters, signs): (&[u8], &[u8]) = match self {
            Self::Text { alphabet, .. } => (&alphabet.0, b""),
            Self::Arithmetic => (SUM_DIGITS, b"+=?"),
        };
        characters.iter().chain(signs).copied().map(char::from).collect()
    }

    /// Whether `given` is the answer, as typed or with look-alikes read as what they look like.
    #[must_use]
    pub fn accepts(&self, answer: &CaptchaAnswer, given: &CaptchaAnswer) -> bool {
        let read = match self {
            Self::Text { alphabet, .. } => alphabet.read(given),
            Self::Arithmetic => given.clone(),
        };
        answer.matches(given) | answer.matches(&read)
    }
}

/// Capital letters and digits, every one once.
#[derive(Clone, PartialEq, Eq)]
pub struct Alphabet(Vec<u8>);

/// A character that may have been drawn, and what people type for it. Upper case, as answers are: a small L is a capital one here.
const LOOK_ALIKES: [(char, &str); 12] = [
    ('D', "O0Q"),
    ('L', "I1"),
    ('T', "7"),
    ('A', "4"),
    ('6', "G"),
    // Keyboards of other scripts: Cyrillic, then Greek.
    ('A', "АΑ"),
    ('E', "ЕΕ"),
    ('H', "НΗ"),
    ('M', "МΜ"),
    ('T', "ТΤ"),
    ('X', "ХΧ"),
    ('3', "З"),
];

impl Alphabet {
    /// Characters that survived every misreading of outlined, turned and half inverted letters. Left out is whatever was taken for a
    /// neighbour: 0 O Q (D), 1 I J (L), 7 Y (T), 4 (A), 5 S, 2 Z, 8 B (3), G (6), F (E), P (R), K (X), N (M), U V (W), C.
    pub const USUAL: &str = "ADEHLMRTWX369";
    /// With four of them there are 4,096 answers.
    pub const LEAST: usize = 8;

    /// At least [`Alphabet::LEAST`] different capital letters and digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let known = bytes.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        let once = bytes.iter().enumerate().all(|(i, byte)| !bytes[..i].contains(byte));
        (known && once && bytes.len() >= Self::LEAST).then(|| Self(bytes.to_vec()))
    }

    /// The answer with every character that is none of ours as the one that it looks like. So nobody is asked again for a zero
    /// that was a D, and no two answers of ours become one.
    fn read(&self, given: &CaptchaAnswer) -> CaptchaAnswer {
        let ours = |c: char| u8::try_from(c).is_ok_and(|byte| self.0.contains(&byte));
        let read = |c: char| {
            if ours(c) {
                return c;
            }
            let alike = LOOK_ALIKES.iter().find(|(ours_too, others)| ours(*ours_too) && others.contains(c));
            alike.map_or(c, |(ours, _)| *ours)
        };
        CaptchaAnswer(given.0.chars().map(read).collect())
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
        Puzzle::Text { alphabet: Alphabet::parse(alphabet).unwrap(), length: 6 }
    }

    #[test]
    fn a_text_is_its_own_answer() {
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
    fn a_sum_is_answered_by_what_it_comes_to() {
        let mut words = [0_u64, 6, 2].into_iter();
        let (text, answer) = Puzzle::Arithmetic.compose(|| words.next().unwrap());
        assert_eq!((text.as_str(), answer.expose()), ("29+4=?", "33"));
        assert_eq!(Puzzle::Arithmetic.length(), text.len());
    }

    /// The commonest sum is right one time in so many.
    #[test]
    fn a_sum_is_hard_to_guess() {
        let mut sums = [0; 200];
        for word in 0..343_u64 {
            let mut words = [word / 49, word / 7, word].into_iter();
            let (_, answer) = Puzzle::Arithmetic.compose(|| words.next().unwrap());
            sums[answer.expose().parse::<usize>().unwrap()] += 1;
        }
        assert_eq!(sums.iter().sum::<u32>(), 343);
        assert!(sums.iter().all(|&count| count <= 7), "7 of 343 is one in 49");
    }

    /// Every character of the alphabet, and no other, at every place, as often as chance has it: chi-squared over 100,000 answers.
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
            // 12 degrees of freedom: more than 61 comes by chance once in 70 million times.
            assert!(chi < 61.0, "{chi}: {place:?}");
        }
    }

    #[test]
    fn an_alphabet_is_large_enough_and_has_nothing_twice() {
        assert_eq!(Alphabet::parse(Alphabet::USUAL), Some(Alphabet::default()));
        for bad in ["", "ABCDEFG", "ABCDEFGA", "abcdefgh", "ABCDEFG ", "ABCDEFGÄ", "ABCDEFG漢"] {
            assert_eq!(Alphabet::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn look_alikes_are_read_as_what_was_drawn() {
        let puzzle = text(Alphabet::USUAL);
        for (drawn, typed) in [
            ("DLTA66", "01 74gG"),
            ("DDDLLL", "oqQ-il 1"),
            ("AEHMTX", "аенмтх"),
            ("AEHMTX", "АЕНМТХ"),
            ("ADE369", "ＡＤＥ３６９"),
            ("369ADE", "369ade"),
        ] {
            let typed = answer(&typed.replace(' ', ""));
            assert!(puzzle.accepts(&answer(drawn), &typed), "{drawn}");
        }
        assert!(!puzzle.accepts(&answer("ADEHLM"), &answer("ADEHLR")));
        assert!(!puzzle.accepts(&answer("333333"), &answer("888888")));
    }

    /// What an operator's alphabet tells apart stays apart.
    #[test]
    fn characters_of_the_alphabet_are_never_read_as_others() {
        let puzzle = text("D0OLI1T7A4");
        assert!(!puzzle.accepts(&answer("D"), &answer("0")));
        assert!(!puzzle.accepts(&answer("L"), &answer("1")));
        assert!(!puzzle.accepts(&answer("A"), &answer("4")));
        assert!(!Puzzle::Arithmetic.accepts(&answer("47"), &answer("A7")));
    }
}
