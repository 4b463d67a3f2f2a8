//! `doorstep captcha-samples`.

use crate::doorstep::Folder;
use std::collections::HashSet;
use std::fs;

#[test]
fn pictures_are_named_after_their_answers() {
    let folder = Folder::new();
    let arguments = ["captcha-samples", "--count", "20", "--out", "pictures"];
    let said = folder.run(&arguments, &[("CAPTCHA_STYLE", "one_line"), ("CAPTCHA_LENGTH", "5")]);
    assert_eq!((said.status, said.out.trim()), (Some(0), "20 captchas written to pictures"));
    let mut numbers = HashSet::new();
    for entry in fs::read_dir(folder.path("pictures")).unwrap() {
        let path = entry.unwrap().path();
        let (answer, number) = path.file_stem().unwrap().to_str().unwrap().split_once('_').unwrap();
        assert!(answer.len() == 5 && answer.chars().all(|c| "ADEHLMRTWX369".contains(c)), "{answer}");
        numbers.insert(number.parse::<u32>().unwrap());
        let picture = image::open(&path).unwrap();
        assert_eq!((picture.width(), picture.height()), (224, 112));
    }
    assert_eq!(numbers, (1..=20).collect());
}

#[test]
fn a_sum_is_named_after_what_it_comes_to() {
    let folder = Folder::new();
    let said = folder.run(&["captcha-samples", "--count", "5", "--out", "."], &[("CAPTCHA_STYLE", "arithmetic")]);
    assert_eq!(said.status, Some(0), "{}", said.err);
    let names = fs::read_dir(folder.path(".")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let sums: Vec<u32> = names.filter_map(|name| name.split_once('_')?.0.parse().ok()).collect();
    assert!(sums.len() == 5 && sums.iter().all(|sum| (24..=108).contains(sum)), "{sums:?}");
}

#[test]
fn captchas_to_be_heard_are_written_too() {
    let folder = Folder::new();
    let arguments = ["captcha-samples", "--kind", "audio", "--language", "zh-CN", "--count", "3", "--out", "sounds"];
    let said = folder.run(&arguments, &[]);
    assert_eq!((said.status, said.out.trim()), (Some(0), "3 captchas written to sounds"), "{}", said.err);
    for entry in fs::read_dir(folder.path("sounds")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let (answer, number) = name.strip_suffix(".wav").unwrap().split_once('_').unwrap();
        assert!(answer.len() == 6 && answer.parse::<u32>().is_ok() && number.parse::<u32>().unwrap() <= 3, "{name}");
        assert!(fs::read(&path).unwrap().starts_with(b"RIFF"));
    }
}

#[test]
fn what_cannot_be_done_is_said() {
    let folder = Folder::new();
    folder.write("file", "");
    for (arguments, words) in [
        (&["captcha-samples"][..], "--out"),
        (&["captcha-samples", "--count", "0", "--out", "pictures"], "--count"),
        (&["captcha-samples", "--kind", "smell", "--out", "pictures"], "image or audio"),
        (&["captcha-samples", "--kind", "audio", "--language", "fr", "--out", "pictures"], "en or zh-CN"),
        (&["captcha-samples", "--out", "file"], "File exists"),
    ] {
        let said = folder.run(arguments, &[]);
        assert!(said.status != Some(0) && said.err.contains(words), "{}", said.err);
    }
    let said = folder.run(&["captcha-samples", "--out", "pictures"], &[("CAPTCHA_CLUTTER", "fog")]);
    assert!(said.status == Some(1) && said.err.contains("CAPTCHA_CLUTTER: "), "{}", said.err);
}
