//! Endpoints of the API, in the order of the flow: sign-up and sign-in, which are frequent, are found first.

use super::endpoint::Endpoint;
use super::{
    account_deletion, avatar, captchas, health, keys, login, me, ownership, password_reset, register, sessions,
};

pub(super) fn all() -> Vec<Endpoint> {
    [
        captchas::endpoints(),
        register::endpoints(),
        login::endpoints(),
        sessions::endpoints(),
        me::profile::endpoints(),
        me::consents::endpoints(),
        avatar::endpoints(),
        me::password::endpoints(),
        me::phone::endpoints(),
        me::confirm::endpoints(),
        me::deletion::endpoints(),
        me::pending::endpoints(),
        password_reset::endpoints(),
        account_deletion::endpoints(),
        ownership::endpoints(),
        keys::endpoints(),
        health::endpoints(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
