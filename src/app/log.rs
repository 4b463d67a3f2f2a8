//! Setup of the log. `docs/logging.md` contains the rules.

use super::json_line::JsonLine;
use crate::adapters::stdout::STDOUT;
use crate::config::LogSettings;
use std::io::{self, IsTerminal};
use std::time::Duration;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt, registry};

/// Time for the last lines at the end of the process. A reader that has stopped must not keep the process from its end.
const FINISH_TIMEOUT: Duration = Duration::from_secs(3);

/// The running log. Its drop writes the last lines.
#[must_use = "the last lines are lost without it"]
pub struct Log;

impl Drop for Log {
    fn drop(&mut self) {
        STDOUT.finish(FINISH_TIMEOUT);
    }
}

/// Starts the log on standard output: text, or one JSON object per line. Panics are logged, too.
pub fn start(settings: &LogSettings) -> Log {
    let filtered = registry().with(EnvFilter::new(&settings.filter)).with(filter_fn(is_allowed));
    let lines = fmt::layer().with_target(false).with_writer(|| &*STDOUT);
    if settings.json {
        filtered.with(lines.fmt_fields(JsonLine).event_format(JsonLine)).init();
    } else {
        // Colours are for terminals only, not for files and pipes.
        filtered.with(lines.with_ansi(io::stdout().is_terminal())).init();
    }
    // The message of a panic may contain a value, even a password. Only the location is logged.
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string);
        tracing::error!(location, "panicked");
    }));
    Log
}

/// Tells whether a line may be written. Debug and trace lines of other crates are never written, with any settings,
/// because they contain data such as phone numbers and headers.
fn is_allowed(line: &Metadata<'_>) -> bool {
    let is_own = line.target().split("::").next() == Some(env!("CARGO_CRATE_NAME"));
    is_own || *line.level() <= Level::INFO
}
