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
