use super::voices::{LANGUAGES, loudness};
use super::*;
use std::collections::HashSet;

/// Size of each file.
const BYTES: usize = 44 + LENGTH;

fn samples(wav: &[u8]) -> Vec<f32> {
    wav[44..].iter().map(|&sample| f32::from(sample) - 128.0).collect()
}

/// Every sound with random changes, eight times each.
fn varied_digits(language: Language) -> impl Iterator<Item = Vec<f32>> {
    let sounds = voices::for_language(language).iter().flatten();
    sounds.flat_map(|sound| (0..8).map(|seed| vary(sound, &mut FastRng::seed_from_u64(seed))))
}

#[test]
fn digits_language_and_seed_determine_the_sound() {
    for language in LANGUAGES {
        let sound = speak("493817", language, 7);
        assert!(sound == speak("493817", language, 7));
        assert!(sound != speak("493817", language, 8));
        assert!(sound != speak("493816", language, 7));
    }
    assert!(speak("493817", Language::English, 7) != speak("493817", Language::Mandarin, 7));
}

#[test]
fn every_file_has_the_same_length() {
    for digits in ["493817", "000000", "777777", "", "1", "no digits", "12345678901234567890", "４９"] {
        for language in LANGUAGES {
            assert_eq!(speak(digits, language, 1).len(), BYTES, "{digits}");
        }
    }
}

#[test]
fn the_loudest_sample_is_always_the_same_and_below_the_maximum() {
    for seed in 0..20 {
        let loudest =
            samples(&speak("493817", LANGUAGES[seed as usize % 2], seed)).into_iter().map(f32::abs).fold(0.0, f32::max);
        assert!((119.0..=121.0).contains(&loudest), "{loudest}");
    }
}

/// The worst case: six of the longest digits, with the shortest pauses.
#[test]
fn six_of_the_longest_digits_fit() {
    for language in LANGUAGES {
        let longest = varied_digits(language).max_by_key(Vec::len).unwrap();
        assert!(longest.len() * 6 + MIN_PAUSE * 7 < LENGTH, "{}", longest.len());
    }
}

#[test]
fn digits_have_the_intended_loudness() {
    for digit in LANGUAGES.into_iter().flat_map(varied_digits) {
        let loudness = loudness(&digit);
        assert!((0.6..1.6).contains(&loudness), "{loudness}");
    }
}

#[test]
fn digits_keep_their_order_and_their_distance() {
    for seed in 0..50 {
        let rng = &mut FastRng::seed_from_u64(seed);
        let digits: Vec<_> = varied_digits(Language::English).skip(seed as usize).step_by(13).take(6).collect();
        let places = place_digits(&digits, rng);
        let ends = [0].into_iter().chain(places.iter().map(|place| place.end));
        let starts = places.iter().map(|place| place.start).chain([LENGTH]);
        assert!(ends.zip(starts).all(|(end, start)| start >= end + MIN_PAUSE), "{places:?}");
    }
}

/// Compares the loudness of pauses and digits, averaged over 0.1 s. Low and high values occur in both.
#[test]
fn pauses_are_about_as_loud_as_digits() {
    let (mut between, mut within) = (Vec::new(), Vec::new());
    for seed in 0..20 {
        let rng = &mut FastRng::seed_from_u64(seed);
        let digits: Vec<_> = varied_digits(Language::English).skip(seed as usize).step_by(17).take(6).collect();
        let places = place_digits(&digits, rng);
        let mut mixed = babble::babble(Language::English, LENGTH, &places, rng);
        for (digit, place) in digits.iter().zip(&places) {
            mixed[place.clone()].iter_mut().zip(digit).for_each(|(sample, added)| *sample += added);
        }
        for (n, part) in mixed.chunks(RATE as usize / 10).enumerate() {
            let middle = n * RATE as usize / 10 + part.len() / 2;
            let power = part.iter().map(|x| x * x).sum::<f32>() / part.len() as f32;
            if places.iter().any(|place| place.contains(&middle)) { &mut within } else { &mut between }
                .push(power.sqrt());
        }
    }
    between.sort_by(f32::total_cmp);
    within.sort_by(f32::total_cmp);
    let quantile = |values: &[f32], share: f32| values[(values.len() as f32 * share) as usize];
    let median = quantile(&between, 0.5);
    assert!(median > quantile(&within, 0.25) && median < quantile(&within, 0.75));
    assert!(quantile(&between, 0.9) > quantile(&within, 0.5));
}

#[test]
fn the_babble_is_quieter_under_a_digit() {
    let digit = LENGTH / 4..LENGTH / 2;
    let noise =
        babble::babble(Language::Mandarin, LENGTH, std::slice::from_ref(&digit), &mut FastRng::seed_from_u64(1));
    let (under, between) = (loudness(&noise[digit.clone()]), loudness(&noise[digit.end + RATE as usize / 10..]));
    assert!((0.2..0.5).contains(&under), "{under}");
    assert!((0.5..1.2).contains(&between), "{between}");
}

#[test]
fn every_voice_speaks_every_digit() {
    for language in LANGUAGES {
        let rng = &mut FastRng::seed_from_u64(1);
        for digit in 0..10 {
            let known: HashSet<_> =
                voices::for_language(language).iter().map(|voice| std::ptr::from_ref(&voice[digit])).collect();
            let picked: HashSet<_> =
                (0..100).map(|_| std::ptr::from_ref(voices::pick(language, digit, rng).unwrap())).collect();
            assert_eq!(picked, known, "{digit}");
        }
    }
}
