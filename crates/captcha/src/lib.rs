//! Captchas as pictures (PNG) and as sounds (WAV). The caller chooses the text or the digits, and compares the answers.
//!
//! ```
//! use doorstep_captcha::{Language, Lines, Look, Palette, Renderer, speak};
//!
//! # fn main() -> std::io::Result<()> {
//! let look = Look::new("ADEHLMRTWX369".chars().collect(), 6, Lines::Two);
//! let renderer = Renderer::start(look, 1)?;
//! let png = renderer.draw("ADEHLM", Palette::LIGHT, 2);
//! let wav = speak("493817", Language::English, 3);
//! # assert!(png.starts_with(b"\x89PNG") && wav.starts_with(b"RIFF"));
//! # Ok(())
//! # }
//! ```
//!
//! A picture takes microseconds and a sound about a millisecond of the caller's thread. The numbers 1, 2 and 3 are
//! seeds: a caller takes them from a secure generator, as the text. The typefaces (`fonts/` of the repository) and the
//! voices (`sounds/`) are inside the binary.

mod audio;
mod picture;
mod rng;

pub use audio::{Language, speak};
pub use picture::{Clutter, Lines, Look, Palette, Renderer};
