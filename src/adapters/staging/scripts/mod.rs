//! The Lua scripts, one for each method of the port that one command of Redis cannot do. A script is one atomic operation and one
//! round trip: EVALSHA, and only where the server does not know the script yet, SCRIPT LOAD and EVALSHA again.
//!
//! Every reply is a list that begins with a word. All keys are passed in as such, and those of one call share a hash
//! tag, as Redis Cluster asks.

use deadpool_redis::redis::Script;
use std::sync::LazyLock;

pub(super) static PUT_CAPTCHA: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("put_captcha.lua")));

pub(super) static TAKE_CAPTCHA: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("take_captcha.lua")));

pub(super) static COUNT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(concat!(include_str!("counters.lua"), include_str!("rules.lua"), include_str!("count.lua"),))
});

pub(super) static REFUND: LazyLock<Script> = LazyLock::new(|| {
    Script::new(concat!(include_str!("counters.lua"), include_str!("rules.lua"), include_str!("refund.lua"),))
});

pub(super) static USAGE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("usage.lua")));

pub(super) static OPEN_FLOW: LazyLock<Script> = LazyLock::new(|| {
    Script::new(concat!(include_str!("counters.lua"), include_str!("reserve.lua"), include_str!("open_flow.lua"),))
});

pub(super) static RESERVE_RESEND: LazyLock<Script> = LazyLock::new(|| {
    Script::new(concat!(include_str!("counters.lua"), include_str!("reserve.lua"), include_str!("reserve_resend.lua"),))
});

pub(super) static CANCEL_SEND: LazyLock<Script> =
    LazyLock::new(|| Script::new(concat!(include_str!("counters.lua"), include_str!("cancel_send.lua"))));

pub(super) static CHECK_CODE: LazyLock<Script> =
    LazyLock::new(|| Script::new(concat!(include_str!("counters.lua"), include_str!("check_code.lua"))));

pub(super) static READ_FLOW: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("read_flow.lua")));

pub(super) static BEGIN_PASSWORD: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("begin_password.lua")));

pub(super) static CANCEL_PASSWORD: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("cancel_password.lua")));

pub(super) static SET_PASSWORD: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("set_password.lua")));

pub(super) static RECORD_SENT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("record_sent.lua")));

pub(super) static CLEAR_IP_BLOCKS: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("clear_ip_blocks.lua")));

pub(super) static IDEMPOTENCY_BEGIN: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("idempotency_begin.lua")));

pub(super) static IDEMPOTENCY_COMPLETE: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("idempotency_complete.lua")));

pub(super) static IDEMPOTENCY_RELEASE: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("idempotency_release.lua")));
