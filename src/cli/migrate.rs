//! `doorstep migrate`.

use super::output::{Outcome, print};
use crate::adapters::database::migrate;
use crate::app::make_data_folder;
use crate::config::Config;
use secrecy::ExposeSecret;

pub(super) fn run(config: &Config) -> Outcome {
    make_data_folder(config)?;
    let applied = migrate::run(config.database.url.expose_secret())?;
    for name in &applied {
        print(name)?;
    }
    print(&format!("{} migrations run", applied.len()))
}
