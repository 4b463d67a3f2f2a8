//! `doorstep version`.

use super::output::{Outcome, print};
use crate::app::cpu_dispatch;

pub(super) fn run() -> Outcome {
    print(&format!("doorstep {}", cpu_dispatch::version()))
}
