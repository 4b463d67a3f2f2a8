//! Captchas, drawn and spoken by the crate `doorstep-captcha`.

use super::bulkhead::Bulkhead;
use crate::domain::captcha::Theme;
use crate::domain::language::Language;
use crate::ports::{AudioCaptcha, CaptchaRenderer, Dependency, DependencyError};
use async_trait::async_trait;
use doorstep_captcha::{Palette, Renderer};

/// Number of files that may wait for each thread. A file takes about a millisecond, so the last one waits about 60 ms.
const QUEUE: usize = 64;

/// Draws on the caller's thread, in the colours of a theme.
pub struct Pictures {
    pub renderer: Renderer,
    pub light: Palette,
    pub dark: Palette,
}

impl CaptchaRenderer for Pictures {
    fn draw(&self, text: &str, theme: Theme, seed: u64) -> Vec<u8> {
        let palette = match theme {
            Theme::Light => self.light,
            Theme::Dark => self.dark,
        };
        self.renderer.draw(text, palette, seed)
    }
}

/// Generates audio captchas on the blocking threads of the runtime, with a limit on concurrency.
pub struct Speaker {
    bulkhead: Bulkhead,
}

impl Speaker {
    /// Returns a speaker that uses at most `threads` threads at the same time, at least 1.
    #[must_use]
    pub fn new(threads: usize) -> Self {
        Self { bulkhead: Bulkhead::new(Dependency::AudioCaptcha, threads, threads * QUEUE) }
    }
}

#[async_trait]
impl AudioCaptcha for Speaker {
    async fn speak(&self, digits: String, language: Language, seed: u64) -> Result<Vec<u8>, DependencyError> {
        self.bulkhead.run(move || speak(&digits, language, seed)).await
    }
}

/// Returns the WAV file of an audio captcha, on the caller's thread.
#[must_use]
pub fn speak(digits: &str, language: Language, seed: u64) -> Vec<u8> {
    let spoken = match language {
        Language::English => doorstep_captcha::Language::English,
        Language::Chinese => doorstep_captcha::Language::Mandarin,
    };
    doorstep_captcha::speak(digits, spoken, seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_speaker_returns_the_same_sound_off_the_event_loop() {
        let sound = Speaker::new(1).speak("493817".into(), Language::English, 5).await.unwrap();
        assert!(sound == speak("493817", Language::English, 5));
    }
}
