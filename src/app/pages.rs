//! Pages that the settings ask for.

use crate::config::Config;
use crate::domain::outbox::Outbox;
use crate::http::{CompressedPages, DeletionPage, Pages};
use std::io;

pub(super) fn compress(config: &Config, outbox: Outbox) -> io::Result<CompressedPages> {
    let account_deletion = config.deletion_page.as_ref().map(|page| DeletionPage {
        app_name: page.app_name.clone(),
        privacy_policy: page.privacy_policy.as_ref().map(|url| url.as_str().to_owned()),
        hold: config.policy.ownership.hold,
        reclaim: config.policy.ownership.reclaim,
        has_passwords: config.policy.passwords.accepts_passwords(),
    });
    Pages { demo: config.demo.then_some(outbox), account_deletion, docs: config.server.docs }.compress()
}
