//! Commands besides `serve`.

use super::keys;
use super::switch::{self, Switch};
use crate::adapters::database::migrate;
use crate::adapters::jwt;
use crate::adapters::system::{OsRandom, SystemClock};
use crate::config::{Config, Problems};
use crate::http::openapi;
use crate::ports::Clock;
use actix_web::rt::System;
use secrecy::ExposeSecret;
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

pub(super) type Outcome = Result<(), Box<dyn Error>>;

pub fn migrate(config: &Config) -> Outcome {
    super::make_data_folder(config)?;
    let applied = migrate::run(config.database.url.expose_secret())?;
    for name in &applied {
        say(name)?;
    }
    say(&format!("{} migrations run", applied.len()))
}

pub fn sms(config: &Config, switch: Switch) -> Outcome {
    System::new().block_on(switch::run(config, switch))
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
    super::check(&config, SystemClock.now())?;
    say(&format!("{config:#?}\nThe settings are valid."))
}

/// Prints the error to standard error.
pub fn fail(error: &dyn Error) -> ExitCode {
    drop(writeln!(io::stderr(), "doorstep: {error}"));
    ExitCode::FAILURE
}

pub(super) fn say(text: &str) -> Outcome {
    Ok(writeln!(io::stdout(), "{text}")?)
}
