//! Captchas as files, so that anybody can read or attack them.

use super::commands::{Outcome, say};
use crate::adapters::system::OsRandom;
use crate::config::Config;
use crate::ports::{CaptchaRenderer, Random};
use std::fs;
use std::path::Path;

/// Pictures out of one filling of the pool: about as many as of one in a service that draws a thousand a second.
const PER_POOL: u64 = 2_500;

/// Writes as many captchas as asked for into a folder, each named after its answer and its number: `ADEHLM_1.png`.
pub fn write(config: &Config, count: u64, folder: &Path) -> Outcome {
    let random: &dyn Random = &OsRandom;
    let word = || u64::from_le_bytes(random.bytes());
    let policy = &config.policy.captcha;
    let renderer = super::renderer(config, random)?;
    fs::create_dir_all(folder)?;
    for n in 0..count {
        if n % PER_POOL == 0 {
            renderer.fill(word());
        }
        let (text, answer) = policy.puzzle.compose(word);
        let png = renderer.draw(&text, policy.look.theme, word())?;
        fs::write(folder.join(format!("{}_{}.png", answer.expose(), n + 1)), png)?;
    }
    say(&format!("{count} captchas written to {}", folder.display()))
}
