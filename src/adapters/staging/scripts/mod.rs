//! Lua scripts. A script is one atomic operation and one round trip: EVALSHA; only if the server does not know the
//! script yet, EVAL with its text.
//!
//! Every reply is a list that begins with a word. All keys are passed as such, and the keys of one call share a hash
//! tag, as Redis Cluster requires. No script names a step of a flow: transitions are arguments.

mod call;

pub(super) use call::{Script, ScriptCall};

use crate::domain::flow::BudgetClass;
use std::sync::LazyLock;

type Lazy = LazyLock<Script>;

const COUNTERS: &str = include_str!("counters.lua");
const FLOW: &str = include_str!("flow.lua");

fn script(parts: &[&str]) -> Script {
    Script::new(parts.concat())
}

/// Script that begins with [`COUNTERS`].
fn over_counters(parts: &[&str]) -> Script {
    let classes = BudgetClass::ALL.map(|class| format!("'{}'", class.name())).join(", ");
    Script::new(format!("local CLASSES = {{{classes}}}\n{COUNTERS}{}", parts.concat()))
}

pub(super) static PUT_CAPTCHA: Lazy = LazyLock::new(|| over_counters(&[include_str!("put_captcha.lua")]));
pub(super) static REDEEM_CAPTCHA: Lazy = LazyLock::new(|| over_counters(&[include_str!("redeem_captcha.lua")]));
pub(super) static OPEN_FLOW: Lazy = LazyLock::new(|| over_counters(&[include_str!("open_flow.lua")]));
pub(super) static RESERVE_RESEND: Lazy = LazyLock::new(|| over_counters(&[FLOW, include_str!("reserve_resend.lua")]));
pub(super) static CANCEL_SEND: Lazy = LazyLock::new(|| over_counters(&[include_str!("cancel_send.lua")]));
pub(super) static RECORD_SENT: Lazy = LazyLock::new(|| script(&[FLOW, include_str!("record_sent.lua")]));
pub(super) static VERIFY_CODE: Lazy = LazyLock::new(|| over_counters(&[FLOW, include_str!("verify_code.lua")]));
pub(super) static HOLD_CODE: Lazy = LazyLock::new(|| script(&[include_str!("hold_code.lua")]));
pub(super) static READ_FLOW: Lazy = LazyLock::new(|| script(&[include_str!("read_flow.lua")]));
pub(super) static ADVANCE: Lazy = LazyLock::new(|| script(&[FLOW, include_str!("advance.lua")]));
pub(super) static REFUND_PASSWORD: Lazy = LazyLock::new(|| script(&[include_str!("refund_password.lua")]));

pub(super) static COUNT: Lazy = LazyLock::new(|| over_counters(&[include_str!("count.lua")]));
pub(super) static REFUND: Lazy = LazyLock::new(|| over_counters(&[include_str!("refund.lua")]));
pub(super) static USAGE: Lazy = LazyLock::new(|| over_counters(&[include_str!("usage.lua")]));

pub(super) static IDEMPOTENCY_BEGIN: Lazy = LazyLock::new(|| script(&[include_str!("idempotency_begin.lua")]));
pub(super) static IDEMPOTENCY_COMPLETE: Lazy = LazyLock::new(|| script(&[include_str!("idempotency_complete.lua")]));
pub(super) static IDEMPOTENCY_HOLD: Lazy = LazyLock::new(|| script(&[include_str!("idempotency_hold.lua")]));
