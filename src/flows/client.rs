//! Client of a request.

use crate::domain::language::Language;
use crate::domain::texts::TextLanguage;
use std::net::IpAddr;

/// Client of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    pub address: IpAddr,
    /// Language of audio captchas.
    pub language: Language,
    /// Language of messages.
    pub text_language: TextLanguage,
}
