//! Storages that take pictures from clients, by a permit: one file per kind of signature.

pub mod qiniu;
pub mod s3;
