//! The program `doorstep`.

use mimalloc::MiMalloc;
use std::process::ExitCode;

/// Returns memory to the system after a flood of requests, which the allocator of glibc does not.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    doorstep::cli::run()
}
