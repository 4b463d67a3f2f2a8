//! Data folder of development.

use crate::config::{Config, Mode};
use std::os::unix::fs::DirBuilderExt;
use std::{fs, io};

/// Creates the folder for all data of development, for its owner only.
pub fn make_data_folder(config: &Config) -> io::Result<()> {
    match config.mode {
        Mode::Development => fs::DirBuilder::new().recursive(true).mode(0o700).create(&config.data_folder),
        Mode::Production => Ok(()),
    }
}
