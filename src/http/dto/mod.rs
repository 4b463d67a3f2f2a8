//! Bodies of requests and responses, as JSON has them. They contain no rules: handlers turn them into values of the
//! domain, and back.

pub mod account;
pub mod avatar;
pub mod captcha;
pub mod flow;
pub mod health;
pub mod keys;
pub mod outbox;
pub mod ownership;
pub mod problem;
pub mod session;

/// Example of a ticket.
pub(super) const EXAMPLE_TICKET: &str = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJCrze8SNFZ4kKvN7xI0VniQ";
/// Example of the `client_id` of an app.
const EXAMPLE_APP: &str = "ios";
/// Example of a device token.
const EXAMPLE_DEVICE: &str = "AZMn9d2ccQO2F1y4m3pLFA.W0n2m8kq1J7mT0cQ4w0yE5o6r8t9u1v2w3x4yuBqQ9v";
