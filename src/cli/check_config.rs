//! `doorstep check-config`.

use super::output::{Outcome, print, warn};
use crate::config::{Config, Problems};

pub(super) fn run(mut config: Config) -> Outcome {
    let warnings = std::mem::take(&mut config.warnings);
    print(&format!("{config:#?}\nThe settings are valid."))?;
    warn(&Problems { warnings, ..Problems::default() })
}
