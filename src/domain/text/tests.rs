use super::*;

const ENGLAND: &str = "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}";

fn read(text: &str) -> Result<String, Invalid> {
    name(text, 32)
}

#[test]
fn names_are_accepted_as_people_write_them() {
    for text in [
        "小明",
        "Zoë",
        "O'Brien",
        "مريم",
        "علی\u{200C}رضا",
        "अर्जुन",
        "क्\u{200D}ष",
        "शृ\u{902}ग",
        "অনিন্দ্য",
        "র\u{200D}্যাচেল",
        "അനില്\u{200D}",
        "ශ්\u{200D}රී",
        "ᠮᠣᠩᠭᠣᠯ\u{180B}",
        "👩\u{200D}🚀",
        "🧑🏽\u{200D}🤝\u{200D}🧑🏿",
        "🏳\u{FE0F}\u{200D}🌈",
        "❤\u{FE0F}",
        "1\u{FE0F}\u{20E3}",
        ENGLAND,
        "🇨🇳",
        "…",
    ] {
        assert_eq!(read(text).as_deref(), Ok(text), "{text:?}");
    }
}

#[test]
fn names_that_look_the_same_have_one_form() {
    for (text, form) in [
        ("  Ada  ", "Ada"),
        ("Ada\u{200D}", "Ada"),
        ("A\u{200B}d\u{AD}a\u{FEFF}", "Ada"),
        ("\u{200F}דנה", "דנה"),
        ("Ada\u{FE0F}", "Ada"),
        ("1\u{FE0F}", "1"),
        ("😀\u{FE0F}", "😀"),
        ("🚀\u{200D}", "🚀"),
        ("Ada\u{E0067}\u{E007F}", "Ada"),
        ("🏴\u{E0067}", "🏴"),
        ("Ada\u{3000}\u{A0} Lovelace", "Ada Lovelace"),
        ("Zoe\u{308}", "Zoë"),
        ("Zoe\u{200D}\u{308}", "Zoë"),
        ("علی\u{200C}\u{200C}رضا", "علی\u{200C}رضا"),
        ("علی\u{200C}", "علی"),
        ("अर्जुन्\u{200C}", "अर्जुन्"),
        ("अर्जुन्\u{200D}", "अर्जुन्"),
        ("မြင့်\u{200D}မြတ်", "မြင့်မြတ်"),
        // NFC makes one vowel of two signs, and the joiner has no context any more.
        ("ක\u{DD9}\u{DCA}\u{200D}ර", "ක\u{DDA}ර"),
        ("امیر\u{200C}علی", "امیرعلی"),
        ("Ada\u{2800}\u{3164}", "Ada"),
        ("葛\u{E0100}城", "葛城"),
    ] {
        assert_eq!(read(text).as_deref(), Ok(form), "{text:?}");
        assert_eq!(read(form).as_deref(), Ok(form), "{text:?}");
    }
}

#[test]
fn invisible_and_misleading_names_are_rejected() {
    let misleading = [
        "a\u{0}b",
        "a\nb",
        "a\u{202E}b",
        "\u{2066}Ada\u{2069}",
        "a\u{2028}b",
        "\u{7F}x",
        "\u{E000}",
        "a\u{378}",
        "a\u{FFFF}",
        "\u{301}",
        "\u{20E3}Ada",
    ];
    for text in misleading {
        assert_eq!(read(text), Err(Invalid::Characters), "{text:?}");
    }
    for text in ["", " \t ", "\u{200D}", "\u{3164}\u{3164}", "\u{AD}", "\u{2800}", "\u{3000}\u{FEFF}", "\u{1D159}"] {
        assert_eq!(read(text), Err(Invalid::TooShort), "{text:?}");
    }
}

#[test]
fn the_limit_of_a_name_counts_characters_not_bytes() {
    assert!(read(&"字".repeat(32)).is_ok());
    assert_eq!(read(&"字".repeat(33)), Err(Invalid::TooLong));
    assert_eq!(read(&"x".repeat(10_000)), Err(Invalid::TooLong));
    // 32 syllables, decomposed as some keyboards do.
    assert_eq!(read(&"한".nfd().collect::<String>().repeat(32)), Ok("한".repeat(32)));
}

#[test]
fn a_label_is_never_refused() {
    for (text, form) in [
        ("\u{200F}iPhone של דנה", Some("iPhone של דנה")),
        ("\u{1B}[31mred", Some("[31mred")),
        ("a\nb\u{202E}c\u{E000}", Some("a bc")),
        (" \u{200D}\u{3164} ", None),
        ("", None),
    ] {
        assert_eq!(label(text, 64).as_deref(), form, "{text:?}");
    }
    assert_eq!(label(&"x".repeat(70), 64), Some("x".repeat(64)));
    assert_eq!(label(&"x".repeat(16_000), 64), Some("x".repeat(64)));
    // A flag has seven characters.
    assert_eq!(label(&ENGLAND.repeat(70), 64), Some(ENGLAND.repeat(9)));
    assert_eq!(label(&format!("{}é👩\u{200D}🚀", "x".repeat(62)), 64), Some(format!("{}é", "x".repeat(62))));
    let long = format!("e{}", "\u{327}".repeat(100));
    assert_eq!(label(&long, 64).map(|cut| cut.chars().count()), Some(64));
}

/// Every sequence of four characters of these kinds. What one rule removes, another rule must not need.
#[test]
fn the_visible_form_is_stable() {
    let signs = [
        'a',
        'ی',
        'क',
        '\u{94D}',
        '❤',
        '👩',
        '🏴',
        '1',
        ' ',
        '\u{301}',
        '\u{200C}',
        '\u{200D}',
        '\u{FE0F}',
        '\u{20E3}',
        '\u{E0067}',
        '\u{1820}',
    ];
    for first in signs {
        for second in signs {
            for third in signs {
                for fourth in signs {
                    let text: String = [first, second, third, fourth].iter().collect();
                    if let Ok(form) = read(&text) {
                        assert_eq!(read(&form).as_deref(), Ok(&*form), "{text:?}");
                    }
                    if let Some(form) = label(&text, 3) {
                        assert_eq!(label(&form, 3).as_deref(), Some(&*form), "{text:?}");
                        assert!(form.chars().count() <= 3, "{text:?}");
                    }
                }
            }
        }
    }
}
