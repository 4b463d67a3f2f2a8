//! `doorstep serve`, the default command.

use super::output::Outcome;
use crate::app::{App, start_log};
use crate::config::Config;
use actix_web::rt::System;

pub(super) fn run(config: Config) -> Outcome {
    let _log = start_log(&config.log);
    let system = System::new();
    let current = System::current();
    let outcome = system.block_on(async { App::build(config).await?.run_until_stopped().await });
    // A drop would wait for the blocking threads: forever, if one of them calls a database that does not respond.
    std::mem::forget(system);
    // At the exit, this thread drops its handle of the system. A server thread that then drops the last handle panics,
    // because the handle wakes a task whose thread-local data no longer exists.
    std::mem::forget(current);
    outcome
}
