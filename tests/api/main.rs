//! The running service, tested from outside on two pairs of back ends: memory with SQLite, and Redis with PostgreSQL.
//! Each test starts a real server on a real port, and a fake SMS provider that checks signatures. The tests control the
//! time and record the random numbers.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "the other test binaries use the rest")]
mod support;

#[path = "../support/proof.rs"]
mod solver;

#[path = "../support/dpop.rs"]
mod device_key;

mod abuse_signal;
mod access_tokens;
mod account;
mod audio_captchas;
mod autofill;
mod avatar;
mod bad_input;
mod budgets;
mod captchas;
mod client_ids;
mod concealment;
mod connections;
mod consent;
mod cors;
mod dead_sessions;
mod deletion;
mod dpop;
mod errors;
mod failover;
mod failures;
mod fairness;
mod first_password;
mod idempotency;
mod invalid_fields;
mod invalidated_tickets;
mod known_device_codes;
mod known_devices;
mod late_bodies;
mod limits;
mod lockout;
mod login;
mod login_code;
mod login_guesses;
mod malformed_http;
mod metrics;
mod new_device;
mod notices;
mod openapi;
mod outages;
mod ownership;
mod pages;
mod password_modes;
mod password_reset;
mod peer_faults;
mod phone_change;
mod phone_confirmation;
mod proof_of_work;
mod provider_limits;
mod purposes;
mod races;
mod refresh;
mod register;
mod response;
mod sessions;
mod shares;
mod status;
mod test_numbers;
mod test_server;
mod typed_input;
mod unreachable_numbers;
mod users;

/// Makes two tests of each function: one on the embedded back ends, one on the real ones. A function gets what `start`
/// makes of the back ends; the default is a [`test_server::TestServer`] with default settings.
#[macro_export]
macro_rules! server_tests {
    (start: $start:path; $($test:ident),+ $(,)?) => {
        mod embedded {
            $(#[actix_web::test]
            async fn $test() {
                super::$test($start($crate::test_server::BackEnds::Embedded).await).await;
            })+
        }
        mod real {
            $(#[actix_web::test]
            async fn $test() {
                super::$test($start($crate::test_server::BackEnds::Real).await).await;
            })+
        }
    };
    ($($test:ident),+ $(,)?) => {
        $crate::server_tests!(start: $crate::test_server::TestServer::new; $($test),+);
    };
}
