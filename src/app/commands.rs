//! What the command line does besides serving.

use super::keys;
use crate::adapters::database::migrate;
use crate::adapters::jwt;
use crate::adapters::system::OsRandom;
use crate::config::{Config, LogSettings, Problems};
use crate::http::openapi;
use secrecy::ExposeSecret;
use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

type Outcome = Result<(), Box<dyn Error>>;

/// Text for people, or one JSON object a line for machines, to standard output; panics too.
pub fn start_logging(settings: &LogSettings) {
    // Colours are for terminals; in a file or a pipe they are noise.
    let colours = io::stdout().is_terminal();
    let builder = tracing_subscriber::fmt().with_env_filter(EnvFilter::new(&settings.filter));
    let builder = builder.with_target(false).with_ansi(colours);
    if settings.json {
        builder.json().flatten_event(true).with_span_list(false).init();
    } else {
        builder.init();
    }
    // The words of a panic may quote a value, a password even: only the place is told.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "panicked");
    }));
}

pub fn migrate(config: &Config) -> Outcome {
    super::make_data_folder(config)?;
    let done = migrate::run(config.database.url.expose_secret())?;
    for name in &done {
        say(name)?;
    }
    say(&format!("{} migrations run", done.len()))
}

pub fn openapi() -> Outcome {
    Ok(io::stdout().write_all(openapi::DOCUMENT.as_bytes())?)
}

pub fn keygen(secret_key: bool) -> Outcome {
    let key = if secret_key { keys::new_secret_key(&OsRandom) } else { jwt::generate_key(&OsRandom) };
    say(key.trim_end())
}

pub fn check_config(config: Result<Config, Problems>) -> Outcome {
    let config = config?;
    super::check(&config)?;
    say(&format!("{config:#?}\nThe settings can be used."))
}

/// Says on standard error what went wrong.
pub fn fail(error: &dyn Error) -> ExitCode {
    drop(writeln!(io::stderr(), "doorstep: {error}"));
    ExitCode::FAILURE
}

fn say(text: &str) -> Outcome {
    Ok(writeln!(io::stdout(), "{text}")?)
}
