//! Names of people in many scripts, and what generated changes make of them.

use crate::corpus::Rng;
use doorstep::domain::session::DeviceName;
use doorstep::domain::user::Nickname;
use unicode_normalization::UnicodeNormalization;

/// Characters that change nothing in a name, or must not be in one.
const DISTURBANCES: [char; 32] = [
    '\u{0}',
    '\n',
    '\u{7F}',
    '\u{AD}',
    '\u{34F}',
    '\u{378}',
    '\u{61C}',
    '\u{115F}',
    '\u{180E}',
    '\u{200B}',
    '\u{200C}',
    '\u{200D}',
    '\u{200E}',
    '\u{200F}',
    '\u{202A}',
    '\u{202E}',
    '\u{2060}',
    '\u{2066}',
    '\u{2069}',
    '\u{206F}',
    '\u{2800}',
    '\u{3000}',
    '\u{3164}',
    '\u{E000}',
    '\u{FE0F}',
    '\u{FEFF}',
    '\u{FFA0}',
    '\u{FFFC}',
    '\u{1F3FD}',
    '\u{E0067}',
    '\u{E007F}',
    '\u{10FFFF}',
];

/// Emoji sequences of each kind of UTS #51.
const EMOJI: [&str; 12] = [
    "😀",
    "❤\u{FE0F}",
    "👍🏽",
    "👩\u{200D}🚀",
    "👨\u{200D}👩\u{200D}👧\u{200D}👦",
    "🧑🏻\u{200D}🤝\u{200D}🧑🏿",
    "🏳\u{FE0F}\u{200D}⚧\u{FE0F}",
    "👁\u{FE0F}\u{200D}🗨\u{FE0F}",
    "#\u{FE0F}\u{20E3}",
    "🇫🇷",
    "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
    "🏴\u{200D}☠\u{FE0F}",
];

fn names() -> Vec<&'static str> {
    let lines = include_str!("names.txt").lines().filter(|line| !line.starts_with('#'));
    lines.flat_map(|line| line.split_once(": ").unwrap().1.split(", ")).collect()
}

fn parse(text: &str) -> Option<String> {
    Nickname::parse(text).ok().map(|name| name.as_str().to_owned())
}

fn device(text: &str) -> Option<String> {
    DeviceName::parse(text).map(|name| name.as_str().to_owned())
}

#[test]
fn names_of_the_world_are_accepted_unchanged() {
    let names = names();
    assert!(names.len() > 500, "{}", names.len());
    for name in names.into_iter().chain(EMOJI) {
        assert_eq!(parse(name).as_deref(), Some(name));
        assert_eq!(device(name).as_deref(), Some(name));
        assert_eq!(parse(&name.nfd().collect::<String>()).as_deref(), Some(name), "decomposed");
        assert_eq!(parse(&format!("\u{200F} {name}\u{200D}\u{FEFF}")).as_deref(), Some(name), "with marks");
    }
}

/// The form is stable and within its length, no invisible character hides in it, and a device name is never refused.
#[test]
fn a_disturbed_name_is_refused_or_has_one_form() {
    let (names, mut rng) = ([names(), EMOJI.to_vec()].concat(), Rng(3));
    let mut pick = |end: usize| rng.below(end);
    for _ in 0..20_000 {
        let mut text: Vec<char> = names[pick(names.len())].chars().collect();
        for _ in 0..=pick(4) {
            let at = pick(text.len() + 1);
            if pick(3) == 0 {
                text.splice(at..at, EMOJI[pick(EMOJI.len())].chars());
            } else {
                text.insert(at, DISTURBANCES[pick(DISTURBANCES.len())]);
            }
        }
        let text: String = text.into_iter().collect();
        if let Some(form) = parse(&text) {
            assert_eq!(parse(&form).as_deref(), Some(&*form), "{text:?}");
            assert!((1..=Nickname::LONGEST).contains(&form.chars().count()), "{text:?}");
            assert!(
                !form.contains(['\n', '\u{202E}', '\u{2066}', '\u{E000}', '\u{378}', '\u{200B}', '\u{FEFF}']),
                "{text:?}"
            );
        }
        let form = device(&text.repeat(3)).unwrap();
        assert_eq!(device(&form).as_deref(), Some(&*form), "{text:?}");
        assert!((1..=DeviceName::LONGEST).contains(&form.chars().count()), "{text:?}");
    }
}
