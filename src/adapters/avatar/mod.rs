//! Object storages to which clients upload avatars with a permit: one file per kind of signature.

pub mod qiniu;
pub mod s3;
