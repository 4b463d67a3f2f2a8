//! Errors at the start of the process and during migration.

use std::io::ErrorKind;
use std::path::PathBuf;

/// Reason why the database cannot be used. The text is for the operator and never contains a secret.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the database URL must begin with sqlite://, postgres:// or postgresql://")]
    Scheme,
    #[error("a sqlite:// URL is a relative or absolute path (sqlite:///…) and takes no options")]
    SqlitePath,
    #[error("the database file {} does not exist: `doorstep migrate` creates it", .0.display())]
    Missing(PathBuf),
    #[error("cannot create the database file {}: {reason}", .path.display())]
    Create { path: PathBuf, reason: ErrorKind },
    #[error(
        "the database URL requires TLS (sslmode), which the bundled libpq does not support: build doorstep with \
        --no-default-features to use the system's libpq"
    )]
    Tls,
    #[error("cannot connect to the database: {0}")]
    Connect(String),
    #[error("cannot migrate the database: {0}")]
    Migration(String),
}
