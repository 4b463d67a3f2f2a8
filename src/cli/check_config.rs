//! `doorstep check-config`.

use super::output::{Outcome, print};
use crate::adapters::system::SystemClock;
use crate::app::check;
use crate::config::Config;
use crate::ports::Clock;

pub(super) fn run(config: &Config) -> Outcome {
    check(config, SystemClock.now())?;
    print(&format!("{config:#?}\nThe settings are valid."))
}
