//! What is written down, in which form. `docs/logging.md` has the rules.

use crate::config::LogSettings;
use std::io::{self, IsTerminal};
use tracing::{Level, Metadata};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt, registry};

/// Text for people, or one JSON object a line for machines, to standard output; panics too.
pub fn start(settings: &LogSettings) {
    let chosen = registry().with(EnvFilter::new(&settings.filter)).with(filter_fn(may_be_written));
    let lines = fmt::layer().with_target(false);
    if settings.json {
        chosen.with(lines.json().flatten_event(true).with_span_list(false)).init();
    } else {
        // Colours are for terminals; in a file or a pipe they are noise.
        chosen.with(lines.with_ansi(io::stdout().is_terminal())).init();
    }
    // The words of a panic may quote a value, a password even: only the place is told.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "panicked");
    }));
}

/// Other crates quote what they work on in their debug and trace lines: phone numbers, headers. Those are never written,
/// whatever the settings ask for.
fn may_be_written(line: &Metadata<'_>) -> bool {
    let ours = line.target().split("::").next() == Some(env!("CARGO_CRATE_NAME"));
    ours || *line.level() <= Level::INFO
}
