//! Captchas: pictures of a text, and spoken digits. Both are generated in the process, without files and without other
//! programs.

mod audio;
mod picture;
mod rng;

pub use audio::{Language, speak};
pub use picture::{Clutter, Lines, Look, Palette, Renderer};
