//! Command line. The default command is `serve`.

use actix_web::rt::System;
use clap::{Parser, Subcommand};
use doorstep::app::samples::{self, Samples};
use doorstep::app::switch::Switch;
use doorstep::app::{App, commands, log};
use doorstep::config::Config;
use std::error::Error;
use std::process::ExitCode;

/// Phone-number accounts for mobile apps. Settings are read from the environment: see .env.example.
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
    /// Apply the pending migrations to the database.
    Migrate,
    /// Print the OpenAPI document.
    Openapi,
    /// Print a new signing key for JWT_KEYS.
    Keygen {
        /// Print a new SECRET_KEY instead.
        #[arg(long)]
        secret_key: bool,
    },
    /// Block codes to a region at once, and print how much of the SMS budgets is used.
    Sms {
        #[command(subcommand)]
        switch: Switch,
    },
    /// Write captchas with the current settings to files that are named after their answers: ANSWER_n.png.
    CaptchaSamples(Samples),
    /// Validate the settings, and print them without secrets.
    CheckConfig,
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command.unwrap_or(Command::Serve) {
        Command::Serve => serve(),
        Command::Migrate => Config::from_env().map_err(Into::into).and_then(|config| commands::migrate(&config)),
        Command::Sms { switch } => {
            Config::from_env().map_err(Into::into).and_then(|config| commands::sms(&config, switch))
        }
        Command::CaptchaSamples(arguments) => {
            Config::from_env().map_err(Into::into).and_then(|config| samples::write(&config, &arguments))
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
    // A drop would wait for the blocking threads: forever, if one of them calls a database that does not respond.
    std::mem::forget(system);
    outcome
}
