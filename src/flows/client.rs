//! Client of a request.

use crate::domain::language::Language;
use std::net::IpAddr;

/// Client of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    pub address: IpAddr,
    /// Language of the client, for messages and audio captchas.
    pub language: Language,
}
