//! Messages of the console provider, for the demo page.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Deserialize)]
pub struct After {
    /// Number of the last message that the page has; 0: none.
    pub after: u64,
}

#[derive(Serialize, ToSchema)]
pub struct Messages {
    pub messages: Vec<Message>,
    /// Number of the last message. It is smaller than `after` when the service was started again.
    pub last: u64,
}

#[derive(Serialize, ToSchema)]
pub struct Message {
    pub number: u64,
    pub to: String,
    pub text: String,
}
