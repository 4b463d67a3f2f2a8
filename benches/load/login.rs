//! Sign-ins a second with the right password, beside what argon2id alone could do on the same cores.

use crate::accounts::{self, EVERYBODY};
use crate::back_ends::{BackEnds, Kind};
use crate::beside_hashing::{self, Flow};
use crate::client::Client;
use crate::report::Report;
use crate::signed_in;
use std::cell::Cell;

pub async fn measure(back_ends: &BackEnds, kind: Kind, report: &mut Report) {
    report.heading(&format!("Login ({kind:?} back ends)"));
    let mut server = back_ends.serve(kind);
    server.first_answer("/readyz").await;
    let numbers = accounts::numbers(EVERYBODY);
    accounts::insert(back_ends, kind, numbers.clone(), 1).await;
    // One account after the other, and from the beginning again.
    let next = Cell::new(0);
    let run = async move |client: &mut Client| {
        let number = numbers.start + next.replace((next.get() + 1) % EVERYBODY);
        signed_in::log_in(client, number).await.map(drop)
    };
    beside_hashing::measure(back_ends, &server, Flow { name: "logins", target: 0.9, run }, report).await;
}
