//! Captchas as files, so that anybody can read, hear or attack them.

use super::commands::{Outcome, say};
use crate::adapters::captcha::audio::speak;
use crate::adapters::system::OsRandom;
use crate::config::Config;
use crate::domain::captcha::{Kind, spoken_digits};
use crate::domain::language::Language;
use crate::ports::{CaptchaRenderer, Random};
use clap::Args;
use std::fs;
use std::path::PathBuf;

/// Pictures out of one filling of the pool: about as many as of one in a service that draws a thousand a second.
const PER_POOL: u64 = 2_500;

#[derive(Args)]
pub struct Samples {
    /// How many.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    count: u64,
    /// The folder to write to; made if it is not there.
    #[arg(long)]
    out: PathBuf,
    /// image or audio.
    #[arg(long, default_value = "image", value_parser = |text: &str| Kind::parse(text).map_err(|_| "expected image or audio"))]
    kind: Kind,
    /// What is spoken: en or zh-CN.
    #[arg(long, default_value = "en", value_parser = language)]
    language: Language,
}

fn language(tag: &str) -> Result<Language, &'static str> {
    Language::ALL.into_iter().find(|known| known.tag() == tag).ok_or("expected en or zh-CN")
}

/// Writes captchas with the settings in force into a folder, each named after its answer and its number: `ADEHLM_1.png`, `493817_1.wav`.
pub fn write(config: &Config, samples: &Samples) -> Outcome {
    let named = |error| format!("{}: {error}", samples.out.display());
    fs::create_dir_all(&samples.out).map_err(named)?;
    let renderer = super::renderer(config, &OsRandom)?;
    let policy = &config.policy.captcha;
    for n in 0..samples.count {
        let (extension, answer, file) = match samples.kind {
            Kind::Image => {
                if n % PER_POOL == 0 {
                    renderer.fill(word());
                }
                let (text, answer) = policy.puzzle.compose(word);
                ("png", answer, renderer.draw(&text, policy.look.theme, word()))
            }
            Kind::Audio => {
                let (digits, answer) = spoken_digits(word);
                ("wav", answer, speak(&digits, samples.language, word()))
            }
        };
        fs::write(samples.out.join(format!("{}_{}.{extension}", answer.expose(), n + 1)), file).map_err(named)?;
    }
    say(&format!("{} captchas written to {}", samples.count, samples.out.display()))
}

fn word() -> u64 {
    let random: &dyn Random = &OsRandom;
    u64::from_le_bytes(random.bytes())
}
