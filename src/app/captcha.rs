//! Renderer of captchas with the configured look.

use crate::adapters::captcha::Renderer;
use crate::config::{CaptchaSettings, Config};
use crate::ports::Random;
use std::io;

pub fn renderer(config: &Config, random: &dyn Random) -> io::Result<Renderer> {
    let CaptchaSettings { look, light, dark } = config.captcha.clone();
    Renderer::start(look, light, dark, u64::from_le_bytes(random.bytes()))
}
