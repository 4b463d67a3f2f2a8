//! Pictures of captchas with the configured look.

use crate::adapters::captcha::Pictures;
use crate::config::{CaptchaSettings, Config};
use crate::ports::Random;
use doorstep_captcha::Renderer;
use std::io;

pub fn pictures(config: &Config, random: &dyn Random) -> io::Result<Pictures> {
    let CaptchaSettings { look, light, dark } = config.captcha.clone();
    Ok(Pictures { renderer: Renderer::start(look, u64::from_le_bytes(random.bytes()))?, light, dark })
}
