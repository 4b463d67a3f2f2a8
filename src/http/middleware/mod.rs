//! Middlewares around every request, the outermost first: [`drain`], [`cors`], [`request_id`], [`access_log`],
//! [`problem_json`], [`admission`].

mod access_log;
mod admission;
mod cors;
mod drain;
mod problem_json;
mod request_id;

pub use access_log::access_log;
pub use admission::admission;
pub use cors::cors;
pub use drain::drain;
pub use problem_json::problem_json;
pub use request_id::request_id;

pub(super) use problem_json::{problem_body, problem_of};
