//! The running service, from outside, over {memory + SQLite} and {Redis + PostgreSQL}: a real server on a real port, a
//! provider that checks signatures, and only time and chance in the tests' hands.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "the other test binaries use the rest")]
mod support;

#[path = "../support/proof.rs"]
mod solver;

mod account;
mod answer;
mod attacks;
mod audio_captchas;
mod autofill;
mod avatar;
mod budgets;
mod bad_input;
mod captchas;
mod concealment;
mod deletion;
mod errors;
mod failover;
mod failures;
mod test_server;
mod idempotency;
mod limits;
mod lines;
mod login;
mod login_code;
mod me;
mod openapi;
mod outages;
mod password_reset;
mod people;
mod phone_change;
mod abuse_signal;
mod proof_of_work;
mod purposes;
mod races;
mod refresh;
mod register;
mod sessions;
mod stale;
mod telemetry;
mod test_numbers;

/// Makes two tests out of each function: one over the embedded back ends, one over the real ones.
#[macro_export]
macro_rules! over_both_back_ends {
    ($($test:ident),+ $(,)?) => {
        mod embedded {
            $(#[actix_web::test]
            async fn $test() {
                super::$test($crate::test_server::TestServer::new($crate::test_server::BackEnds::Embedded).await).await;
            })+
        }
        mod real {
            $(#[actix_web::test]
            async fn $test() {
                super::$test($crate::test_server::TestServer::new($crate::test_server::BackEnds::Real).await).await;
            })+
        }
    };
}

/// The same for functions that furnish the house themselves.
#[macro_export]
macro_rules! with_both_back_ends {
    ($($test:ident),+ $(,)?) => {
        mod embedded {
            $(#[actix_web::test]
            async fn $test() {
                super::$test($crate::test_server::BackEnds::Embedded).await;
            })+
        }
        mod real {
            $(#[actix_web::test]
            async fn $test() {
                super::$test($crate::test_server::BackEnds::Real).await;
            })+
        }
    };
}
