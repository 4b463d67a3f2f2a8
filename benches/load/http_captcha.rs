//! Cost of a captcha for the server, from the request to the response, with staging in memory.

use crate::back_ends::{BackEnds, Kind};
use crate::client::Client;
use crate::report::{Report, median};
use crate::round::round_over;
use crate::session_round::CONNECTIONS;
use crate::sign_up_requests::{LETTERS, captcha, captchas_for};

/// An odd number, for the median.
const ROUNDS: usize = 5;
const REQUESTS: usize = 20_000;

pub async fn measure(back_ends: &BackEnds, report: &mut Report) {
    report.heading("POST /v1/captchas (embedded back ends); processor time per request");
    let mut server = back_ends.serve(Kind::Embedded);
    server.first_response("/readyz").await;
    captchas_for(server.port, LETTERS).await;
    let mut costs = Vec::new();
    for _ in 0..ROUNDS {
        let create = async |client: &mut Client, ()| captcha(client).await.map(drop);
        let (cost, _) = round_over(CONNECTIONS, &server, REQUESTS, vec![(); REQUESTS], create).await;
        println!("  captcha {cost}");
        costs.push(cost.server);
    }
    let cost = median(costs);
    report.check("captcha, server", &format!("{cost:.1} us"), "< 30 us", cost < 30.0);
}
