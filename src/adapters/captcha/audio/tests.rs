use super::voices::loudness;
use super::*;
use std::collections::HashSet;

fn samples(wav: &[u8]) -> Vec<f32> {
    wav[44..].iter().map(|&sample| f32::from(sample) - 128.0).collect()
}

/// What a recipe makes of every sound, a few times over.
fn spoken(language: Language) -> impl Iterator<Item = Vec<f32>> {
    let sounds = voices::of(language).iter().flatten();
    sounds.flat_map(|sound| (0..8).map(|seed| say(sound, &mut Chance::seed_from_u64(seed))))
}

#[test]
fn the_seed_decides_the_sound_and_the_digits_what_is_heard() {
    for language in Language::ALL {
        let sound = speak("493817", language, 7);
        assert!(sound == speak("493817", language, 7));
        assert!(sound != speak("493817", language, 8));
        assert!(sound != speak("493816", language, 7));
    }
    assert!(speak("493817", Language::English, 7) != speak("493817", Language::Chinese, 7));
}

#[test]
fn every_file_is_equally_long() {
    for digits in ["493817", "000000", "777777", "", "1", "no digits", "12345678901234567890", "４９"] {
        for language in Language::ALL {
            assert_eq!(speak(digits, language, 1).len(), BYTES, "{digits}");
        }
    }
}

#[test]
fn the_loudest_sample_is_always_the_same_and_no_two_touch_the_edge() {
    for seed in 0..20 {
        let loudest = samples(&speak("493817", Language::ALL[seed as usize % 2], seed))
            .into_iter()
            .map(f32::abs)
            .fold(0.0, f32::max);
        assert!((119.0..=121.0).contains(&loudest), "{loudest}");
    }
}

/// Six of the longest, at their slowest, with every pause at its shortest.
#[test]
fn the_longest_digits_fit() {
    for language in Language::ALL {
        let longest = spoken(language).max_by_key(Vec::len).unwrap();
        assert!(longest.len() * 6 + SHORTEST_PAUSE * 7 < LENGTH, "{}", longest.len());
    }
}

#[test]
fn digits_are_as_loud_as_the_recipe_says() {
    for digit in Language::ALL.into_iter().flat_map(spoken) {
        let loudness = loudness(&digit);
        assert!((0.6..1.6).contains(&loudness), "{loudness}");
    }
}

#[test]
fn digits_keep_their_order_and_their_distance() {
    for seed in 0..50 {
        let chance = &mut Chance::seed_from_u64(seed);
        let said: Vec<_> = spoken(Language::English).skip(seed as usize).step_by(13).take(6).collect();
        let places = spread(&said, chance);
        let ends = [0].into_iter().chain(places.iter().map(|place| place.end));
        let starts = places.iter().map(|place| place.start).chain([LENGTH]);
        assert!(ends.zip(starts).all(|(end, start)| start >= end + SHORTEST_PAUSE), "{places:?}");
    }
}

/// Of the loudness, averaged over 0.1 s, neither the pauses nor the digits have the low or the high end for themselves.
#[test]
fn pauses_are_about_as_loud_as_digits() {
    let (mut between, mut within) = (Vec::new(), Vec::new());
    for seed in 0..20 {
        let chance = &mut Chance::seed_from_u64(seed);
        let said: Vec<_> = spoken(Language::English).skip(seed as usize).step_by(17).take(6).collect();
        let places = spread(&said, chance);
        let mut mixed = babble::babble(Language::English, LENGTH, &places, chance);
        for (digit, place) in said.iter().zip(&places) {
            mixed[place.clone()].iter_mut().zip(digit).for_each(|(sample, said)| *sample += said);
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
    let at = |of: &[f32], share: f32| of[(of.len() as f32 * share) as usize];
    assert!(at(&between, 0.5) > at(&within, 0.25) && at(&between, 0.5) < at(&within, 0.75));
    assert!(at(&between, 0.9) > at(&within, 0.5));
}

#[test]
fn the_babble_is_quieter_under_a_digit() {
    let digit = LENGTH / 4..LENGTH / 2;
    let noise = babble::babble(Language::Chinese, LENGTH, std::slice::from_ref(&digit), &mut Chance::seed_from_u64(1));
    let (under, between) = (loudness(&noise[digit.clone()]), loudness(&noise[digit.end + RATE as usize / 10..]));
    assert!((0.2..0.5).contains(&under), "{under}");
    assert!((0.5..1.2).contains(&between), "{between}");
}

#[test]
fn every_voice_says_every_digit() {
    for language in Language::ALL {
        let chance = &mut Chance::seed_from_u64(1);
        for digit in 0..10 {
            let known: HashSet<_> =
                voices::of(language).iter().map(|voice| std::ptr::from_ref(&voice[digit])).collect();
            let picked: HashSet<_> =
                (0..100).map(|_| std::ptr::from_ref(voices::pick(language, digit, chance).unwrap())).collect();
            assert_eq!(picked, known, "{digit}");
        }
    }
}

#[tokio::test]
async fn the_speaker_says_the_same_off_the_event_loop() {
    let sound = Speaker::new(0).speak("493817".into(), Language::English, 5).await.unwrap();
    assert!(sound == speak("493817", Language::English, 5));
}
