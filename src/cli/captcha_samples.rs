//! `doorstep captcha-samples`: captchas as files, for people to read or hear, and for attacks.

use super::output::{Outcome, print};
use crate::adapters::captcha::speak;
use crate::adapters::system::OsRandom;
use crate::app::pictures;
use crate::config::Config;
use crate::domain::captcha::{Kind, spoken_digits};
use crate::domain::language::Language;
use crate::ports::{CaptchaRenderer, Random};
use clap::Args;
use std::fs;
use std::path::PathBuf;

/// Pictures from one filling of the glyph pool, about as many as in a service that draws a thousand a second.
const PER_POOL: u64 = 2_500;

#[derive(Args)]
pub(super) struct Samples {
    /// Number of captchas.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    count: u64,
    /// Output folder. It is created if it does not exist.
    #[arg(long)]
    out: PathBuf,
    /// image or audio.
    #[arg(long, default_value = "image", value_parser = kind)]
    kind: Kind,
    /// Spoken language: en or zh-CN.
    #[arg(long, default_value = "en", value_parser = language)]
    language: Language,
}

fn kind(text: &str) -> Result<Kind, &'static str> {
    Kind::parse(text).map_err(|_| "expected image or audio")
}

fn language(tag: &str) -> Result<Language, &'static str> {
    Language::ALL.into_iter().find(|known| known.tag() == tag).ok_or("expected en or zh-CN")
}

/// Writes captchas with the current settings to a folder. A file is named after its answer and its number:
/// `ADEHLM_1.png`, `493817_1.wav`.
pub(super) fn run(config: &Config, samples: &Samples) -> Outcome {
    let with_path = |error| format!("{}: {error}", samples.out.display());
    fs::create_dir_all(&samples.out).map_err(with_path)?;
    let pictures = pictures(config, &OsRandom)?;
    let policy = &config.policy.captcha;
    for n in 0..samples.count {
        let (extension, answer, file) = match samples.kind {
            Kind::Image => {
                if n % PER_POOL == 0 {
                    pictures.renderer.fill(random_u64());
                }
                let (text, answer) = policy.puzzle.compose(random_u64);
                ("png", answer, pictures.draw(&text, policy.theme, random_u64()))
            }
            Kind::Audio => {
                let (digits, answer) = spoken_digits(random_u64);
                ("wav", answer, speak(&digits, samples.language, random_u64()))
            }
        };
        fs::write(samples.out.join(format!("{}_{}.{extension}", answer.expose(), n + 1)), file).map_err(with_path)?;
    }
    print(&format!("{} captchas written to {}", samples.count, samples.out.display()))
}

fn random_u64() -> u64 {
    let random: &dyn Random = &OsRandom;
    u64::from_le_bytes(random.bytes())
}
