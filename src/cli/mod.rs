//! Command line: one file per command. The default command is `serve`.

mod captcha_samples;
mod check_config;
mod error_codes;
mod keygen;
mod migrate;
mod openapi;
mod output;
mod serve;
mod settings;
mod sms;
mod version;

use crate::adapters::system::SystemClock;
use crate::app::{check, cpu_dispatch};
use crate::config::{Config, Problems};
use crate::ports::Clock;
use captcha_samples::Samples;
use clap::{Parser, Subcommand};
use keygen::Alg;
use output::Outcome;
use sms::SmsCommand;
use std::process::ExitCode;

/// Phone-number accounts for mobile apps. Settings are read from the environment: `doorstep settings` lists them.
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
    Openapi {
        /// Print the view of the document for generators of client code instead.
        #[arg(long)]
        for_sdk: bool,
    },
    /// Print the guide to the error codes as JSON.
    ErrorCodes {
        /// Print it as Markdown instead.
        #[arg(long)]
        markdown: bool,
    },
    /// Print a new signing key for JWT_KEYS.
    Keygen {
        /// Algorithm of the key.
        #[arg(long, value_enum, default_value_t)]
        alg: Alg,
        /// Print a new key for SECRET_KEY instead.
        #[arg(long, conflicts_with = "alg")]
        secret_key: bool,
    },
    /// Block codes to a region at once, and print how much of the SMS budgets is used.
    Sms {
        #[command(subcommand)]
        command: SmsCommand,
    },
    /// Write captchas with the current settings to files that are named after their answers: ANSWER_n.png.
    CaptchaSamples(Samples),
    /// Validate the settings, and print them without secrets.
    CheckConfig,
    /// Print the reference of all settings as a file .env.
    Settings {
        /// Print it as Markdown instead.
        #[arg(long)]
        markdown: bool,
    },
    /// Print the version and the processors for which the running program is built.
    Version,
}

/// Runs the command of the arguments, in the build for this processor.
#[must_use]
pub fn run() -> ExitCode {
    cpu_dispatch::exec_faster_build();
    doorstep_huge_pages::keep_heap_in_small_pages();
    let outcome = execute(Cli::parse().command.unwrap_or(Command::Serve));
    outcome.map_or_else(|error| output::fail(error.as_ref()), |()| ExitCode::SUCCESS)
}

fn execute(command: Command) -> Outcome {
    match command {
        Command::Serve => serve::run(checked_settings()?),
        Command::Migrate => migrate::run(&Config::from_env()?),
        Command::Openapi { for_sdk } => openapi::run(for_sdk),
        Command::ErrorCodes { markdown } => error_codes::run(markdown),
        Command::Keygen { alg, secret_key } => keygen::run(alg, secret_key),
        Command::Sms { command } => sms::run(&Config::from_env()?, command),
        Command::CaptchaSamples(samples) => captcha_samples::run(&Config::from_env()?, &samples),
        Command::CheckConfig => check_config::run(checked_settings()?),
        Command::Settings { markdown } => settings::run(markdown),
        Command::Version => version::run(),
    }
}

/// Reads the settings, and runs all checks of them.
fn checked_settings() -> Result<Config, Problems> {
    let now = SystemClock.now();
    Config::from_env_checked(|config, problems| check(config, now, problems))
}
