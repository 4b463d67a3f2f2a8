//! Pictures and sounds of captchas.

use super::DependencyError;
use crate::domain::captcha::Theme;
use crate::domain::language::Language;
use async_trait::async_trait;

/// Draws the text of a captcha. MUST take microseconds: it runs on the event loop.
pub trait CaptchaRenderer: Send + Sync {
    /// Returns a PNG. Its characters depend on the text alone; its appearance depends on the seed and on the prepared
    /// parts.
    fn draw(&self, text: &str, theme: Theme, seed: u64) -> Vec<u8>;
}

/// Speaks the digits of an audio captcha, off the event loop. MUST return [`DependencyError::Overloaded`] if too much
/// work waits.
#[async_trait]
pub trait AudioCaptcha: Send + Sync {
    /// Returns a WAV of the same length for all digits. The same digits, language and seed give the same sound.
    async fn speak(&self, digits: String, language: Language, seed: u64) -> Result<Vec<u8>, DependencyError>;
}
