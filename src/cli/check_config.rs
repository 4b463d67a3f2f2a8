//! `doorstep check-config`.

use super::output::{Outcome, print};
use crate::adapters::system::SystemClock;
use crate::app::check;
use crate::config::Config;
use crate::ports::Clock;

pub(super) fn run(config: &Config) -> Outcome {
    check(config, SystemClock.now())?;
    let warnings = config.policy.limits.contradictions(&config.policy.regions);
    let warnings: String = warnings.iter().map(|line| format!("\nWarning: {line}")).collect();
    print(&format!("{config:#?}{warnings}\nThe settings are valid."))
}
