//! Logins per second with the right password, in proportion to argon2id alone on the same cores.

use crate::accounts::{self, ACCOUNTS};
use crate::back_ends::{BackEnds, Kind};
use crate::client::Client;
use crate::hashing_ratio::{self, Flow};
use crate::report::Report;
use crate::session_requests;
use std::cell::Cell;

pub async fn measure(back_ends: &BackEnds, kind: Kind, report: &mut Report) {
    report.heading(&format!("Login ({kind:?} back ends)"));
    let mut server = back_ends.serve(kind);
    server.first_response("/readyz").await;
    let numbers = accounts::numbers(ACCOUNTS);
    accounts::insert(back_ends, kind, numbers.clone(), 1).await;
    // Each account in turn, then the first one again.
    let next = Cell::new(0);
    let run = async move |client: &mut Client| {
        let number = numbers.start + next.replace((next.get() + 1) % ACCOUNTS);
        session_requests::log_in(client, number).await.map(drop)
    };
    hashing_ratio::measure(back_ends, &server, Flow { name: "logins", target: 0.9, besides: 0.6, run }, report).await;
}
