//! All settings, in the order of the reference.

use super::variable::Section;
use super::{
    avatar, captcha, cors, hashing, keys, legal, limits, log, mode, ownership, pages, policy, proxies, server, sms,
    stores, test_phones, tokens,
};

pub(super) fn all() -> Vec<Section> {
    let service =
        [mode::section(), server::section(), pages::section(), proxies::section(), cors::section(), log::section()];
    let stores = [stores::database(), stores::staging(), keys::section(), tokens::section(), hashing::section()];
    let phones = [policy::section(), ownership::section(), legal::section(), test_phones::section(), limits::section()];
    let captchas = [captcha::section(), captcha::proof_of_work()];
    let avatars = [avatar::section(), avatar::s3_section(), avatar::qiniu_section()];
    let first = service.into_iter().chain(stores).chain(sms::sections());
    first.chain(phones).chain(captchas).chain(avatars).collect()
}
