//! Console, for development.

use super::common::Common;
use crate::config::env::Env;
use crate::config::mode::DATA_DIR;
use crate::config::variable::{Variable, section, text};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub const NAME: &str = "console";

/// Prints messages, and appends them to a file.
#[derive(Debug, Clone)]
pub struct Settings {
    pub file: PathBuf,
}

section! {
    pub(super) fn section = "SMS: console", "Prints messages instead of sending them. For development.";
    /// File to which the console provider appends what it prints.
    static SMS_CONSOLE_FILE: Variable<String> =
        text().example("data/outbox.log").default_in_words("outbox.log in DATA_DIR");
}

pub(super) fn read(env: &mut Env) -> Settings {
    let default = Path::new(&env.get(&DATA_DIR)).join("outbox.log");
    Settings { file: env.optional(&SMS_CONSOLE_FILE).map_or(default, PathBuf::from) }
}

impl Common for Settings {
    fn name(&self) -> &'static str {
        NAME
    }

    fn timeout(&self) -> Duration {
        Duration::ZERO
    }
}
