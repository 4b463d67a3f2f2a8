//! The command line. `serve` is the default.

use actix_web::rt::System;
use clap::{Parser, Subcommand};
use doorstep::app::samples::{self, Samples};
use doorstep::app::switch::Switch;
use doorstep::app::{App, commands, log};
use doorstep::config::Config;
use std::error::Error;
use std::process::ExitCode;

/// Sign-up for mobile apps by phone number. Settings come from the environment: see .env.example.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve HTTP (the default).
    Serve,
    /// Bring the database to the newest form.
    Migrate,
    /// Print the OpenAPI document.
    Openapi,
    /// Print a new signing key for JWT_KEYS.
    Keygen {
        /// Print a new SECRET_KEY instead.
        #[arg(long)]
        secret_key: bool,
    },
    /// Stop codes to a region at once, and see what is spent.
    Sms {
        #[command(subcommand)]
        switch: Switch,
    },
    /// Write captchas with the settings in force to files named after their answers: ANSWER_n.png.
    CaptchaSamples(Samples),
    /// Say whether the settings can be used, and what they are, without secrets.
    CheckConfig,
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command.unwrap_or(Command::Serve) {
        Command::Serve => serve(),
        Command::Migrate => Config::from_env().map_err(Into::into).and_then(|config| commands::migrate(&config)),
        Command::Sms { switch } => {
            Config::from_env().map_err(Into::into).and_then(|config| commands::sms(&config, switch))
        }
        Command::CaptchaSamples(wanted) => {
            Config::from_env().map_err(Into::into).and_then(|config| samples::write(&config, &wanted))
        }
        Command::Openapi => commands::openapi(),
        Command::Keygen { secret_key } => commands::keygen(secret_key),
        Command::CheckConfig => commands::check_config(Config::from_env()),
    };
    outcome.map_or_else(|error| commands::fail(error.as_ref()), |()| ExitCode::SUCCESS)
}

fn serve() -> Result<(), Box<dyn Error>> {
    let config = Config::from_env()?;
    log::start(&config.log);
    let system = System::new();
    let outcome = system.block_on(async { App::build(config).await?.run_until_stopped().await });
    // Dropped, it would wait for its blocking threads: for ever, if one of them asks a database that fell silent.
    std::mem::forget(system);
    outcome
}
