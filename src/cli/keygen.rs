//! `doorstep keygen`.

use super::output::{Outcome, print};
use crate::adapters::jwt;
use crate::adapters::system::OsRandom;
use crate::app::new_secret_key;

pub(super) fn run(secret_key: bool) -> Outcome {
    let key = if secret_key { new_secret_key(&OsRandom) } else { jwt::generate_key(&OsRandom) };
    print(key.trim_end())
}
