//! `doorstep captcha-samples`.

use crate::doorstep::Folder;
use std::collections::HashSet;
use std::fs;

#[test]
fn the_name_of_an_image_begins_with_its_answer() {
    let folder = Folder::new();
    let arguments = ["captcha-samples", "--count", "20", "--out", "images"];
    let output = folder.run(&arguments, &[("CAPTCHA_STYLE", "one_line"), ("CAPTCHA_LENGTH", "5")]);
    assert_eq!((output.status, output.stdout.trim()), (Some(0), "20 captchas written to images"));
    let mut numbers = HashSet::new();
    for entry in fs::read_dir(folder.path("images")).unwrap() {
        let path = entry.unwrap().path();
        let (answer, number) = path.file_stem().unwrap().to_str().unwrap().split_once('_').unwrap();
        assert!(answer.len() == 5 && answer.chars().all(|c| "ADEHLMRTWX369".contains(c)), "{answer}");
        numbers.insert(number.parse::<u32>().unwrap());
        let image = image::open(&path).unwrap();
        assert_eq!((image.width(), image.height()), (224, 112));
    }
    assert_eq!(numbers, (1..=20).collect());
}

#[test]
fn the_name_of_an_arithmetic_image_begins_with_its_result() {
    let folder = Folder::new();
    let output = folder.run(&["captcha-samples", "--count", "5", "--out", "."], &[("CAPTCHA_STYLE", "arithmetic")]);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    let names = fs::read_dir(folder.path(".")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let sums: Vec<u32> = names.filter_map(|name| name.split_once('_')?.0.parse().ok()).collect();
    assert!(sums.len() == 5 && sums.iter().all(|sum| (24..=108).contains(sum)), "{sums:?}");
}

#[test]
fn audio_captchas_are_wav_files() {
    let folder = Folder::new();
    let arguments = ["captcha-samples", "--kind", "audio", "--language", "zh-CN", "--count", "3", "--out", "sounds"];
    let output = folder.run(&arguments, &[]);
    assert_eq!((output.status, output.stdout.trim()), (Some(0), "3 captchas written to sounds"), "{}", output.stderr);
    for entry in fs::read_dir(folder.path("sounds")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let (answer, number) = name.strip_suffix(".wav").unwrap().split_once('_').unwrap();
        assert!(answer.len() == 6 && answer.parse::<u32>().is_ok() && number.parse::<u32>().unwrap() <= 3, "{name}");
        assert!(fs::read(&path).unwrap().starts_with(b"RIFF"));
    }
}

#[test]
fn invalid_arguments_are_reported() {
    let folder = Folder::new();
    folder.write("file", "");
    for (arguments, text) in [
        (&["captcha-samples"][..], "--out"),
        (&["captcha-samples", "--count", "0", "--out", "images"], "--count"),
        (&["captcha-samples", "--kind", "video", "--out", "images"], "image or audio"),
        (&["captcha-samples", "--kind", "audio", "--language", "fr", "--out", "images"], "en or zh-CN"),
        (&["captcha-samples", "--out", "file"], "File exists"),
    ] {
        let output = folder.run(arguments, &[]);
        assert!(output.status != Some(0) && output.stderr.contains(text), "{}", output.stderr);
    }
    let output = folder.run(&["captcha-samples", "--out", "images"], &[("CAPTCHA_CLUTTER", "fog")]);
    assert!(output.status == Some(1) && output.stderr.contains("CAPTCHA_CLUTTER: "), "{}", output.stderr);
}
