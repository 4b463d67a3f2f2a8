//! Renderer of captchas with the configured look.

use crate::adapters::captcha::Renderer;
use crate::config::Config;
use crate::domain::policy::CaptchaPolicy;
use crate::ports::Random;
use std::io;

pub fn renderer(config: &Config, random: &dyn Random) -> io::Result<Renderer> {
    let CaptchaPolicy { puzzle, look, .. } = &config.policy.captcha;
    Renderer::start(look.clone(), puzzle, u64::from_le_bytes(random.bytes()))
}
