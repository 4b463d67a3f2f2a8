//! The Lua scripts, one for each method of the port that one command of Redis cannot do. A script is one atomic operation and one
//! round trip: EVALSHA, and only where the server does not know the script yet, SCRIPT LOAD and EVALSHA again.
//!
//! Every reply is a list that begins with a word. All keys are passed in as such, and those of one call share a hash
//! tag, as Redis Cluster asks.

use deadpool_redis::redis::Script;
use std::sync::LazyLock;

pub(super) static PUT_CAPTCHA: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("scripts/put_captcha.lua")));

pub(super) static TAKE_CAPTCHA: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("scripts/take_captcha.lua")));

pub(super) static COUNT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(concat!(
        include_str!("scripts/counters.lua"),
        include_str!("scripts/rules.lua"),
        include_str!("scripts/count.lua"),
    ))
});

pub(super) static UNCOUNT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(concat!(
        include_str!("scripts/counters.lua"),
        include_str!("scripts/rules.lua"),
        include_str!("scripts/uncount.lua"),
    ))
});

pub(super) static LOOK: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/look.lua")));

pub(super) static OPEN_FLOW: LazyLock<Script> = LazyLock::new(|| {
    Script::new(concat!(
        include_str!("scripts/counters.lua"),
        include_str!("scripts/reserve.lua"),
        include_str!("scripts/open_flow.lua"),
    ))
});

pub(super) static RESERVE_RESEND: LazyLock<Script> = LazyLock::new(|| {
    Script::new(concat!(
        include_str!("scripts/counters.lua"),
        include_str!("scripts/reserve.lua"),
        include_str!("scripts/reserve_resend.lua"),
    ))
});

pub(super) static CANCEL_SEND: LazyLock<Script> = LazyLock::new(|| {
    Script::new(concat!(include_str!("scripts/counters.lua"), include_str!("scripts/cancel_send.lua")))
});

pub(super) static CHECK_CODE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(concat!(include_str!("scripts/counters.lua"), include_str!("scripts/check_code.lua")))
});

pub(super) static READ_FLOW: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/read_flow.lua")));

pub(super) static BEGIN_PASSWORD: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("scripts/begin_password.lua")));

pub(super) static CANCEL_PASSWORD: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("scripts/cancel_password.lua")));

pub(super) static SET_PASSWORD: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("scripts/set_password.lua")));

pub(super) static NOTE_SENT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/note_sent.lua")));

pub(super) static FORGET_ORIGINS: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("scripts/forget_origins.lua")));

pub(super) static BEGIN_ANSWER: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("scripts/begin_answer.lua")));

pub(super) static KEEP_ANSWER: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("scripts/keep_answer.lua")));

pub(super) static DROP_ANSWER: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("scripts/drop_answer.lua")));
