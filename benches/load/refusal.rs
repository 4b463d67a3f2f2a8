//! Cost of a refused request for the server: a sign-up with a phone number that is none. No store is involved.

use crate::back_ends::{BackEnds, Kind};
use crate::client::Client;
use crate::report::{Report, median};
use crate::round::round_over;
use crate::session_round::CONNECTIONS;
use crate::sign_up_requests::{expect, send_body};

/// An odd number, for the median.
const ROUNDS: usize = 5;
const REQUESTS: usize = 20_000;

pub async fn measure(back_ends: &BackEnds, report: &mut Report) {
    report.heading("send-code with an invalid phone number; processor time per request");
    let mut server = back_ends.serve(Kind::Embedded);
    server.first_response("/readyz").await;
    let mut costs = Vec::new();
    for _ in 0..ROUNDS {
        let refuse = async |client: &mut Client, ()| {
            let body = send_body("+8613", "AAAAAAAAAAAAAAAAAAAAAA");
            expect("send-code", 422, client.post("/v1/register/send-code", &body).await).map(drop)
        };
        let (cost, _) = round_over(CONNECTIONS, &server, REQUESTS, vec![(); REQUESTS], refuse).await;
        println!("  refused {cost}");
        costs.push(cost.server);
    }
    report.note("refused request, server", &format!("{:.1} us", median(costs)));
}
