//! Speaks captchas for whoever wants to hear or attack them: reads lines like `493817 en 7` (digits, language, seed) and
//! writes one WAV after the other, all of the same length.

use doorstep::adapters::captcha::audio::speak;
use doorstep::domain::language::Language;
use std::io::{self, BufRead, ErrorKind, Write};

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let line = line?;
        let [digits, language, seed] = line.split(' ').collect::<Vec<_>>()[..] else {
            return Err(ErrorKind::InvalidInput.into());
        };
        let language = Language::ALL.into_iter().find(|known| known.tag() == language).unwrap_or_default();
        out.write_all(&speak(digits, language, seed.parse().map_err(|_| ErrorKind::InvalidInput)?))?;
    }
    Ok(())
}
