//! Cost of verify-code for the server, in proportion to a bare handler that also sends one command to Redis.

use crate::back_ends::{BackEnds, Kind};
use crate::client::Client;
use crate::concurrent;
use crate::report::{Report, median};
use crate::round::{CONNECTIONS, round};
use crate::server::Server;
use crate::sign_up_requests::{self, Unexpected};
use std::sync::Arc;

const ROUNDS: usize = 5;
const REQUESTS: usize = 20_000;

/// Alternates rounds of both, so that other programs on the machine affect both alike.
pub async fn measure(back_ends: &Arc<BackEnds>, report: &mut Report) {
    report.heading("verify-code (Redis), right codes from 32 connections; processor time per request");
    let mut server = back_ends.serve(Kind::Real);
    let mut bare = Server::bare(&back_ends.redis.url());
    server.first_response("/readyz").await;
    bare.first_response("/").await;
    let (mut costs, mut bare_costs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let flows = prepare(back_ends, server.port).await;
        let verify =
            async |client: &mut Client, body: String| sign_up_requests::step(client, "verify-code", 200, &body).await;
        let (cost, _) = round(&server, REQUESTS, flows, verify).await;
        let (bare_cost, _) = round(&bare, REQUESTS, vec![(); REQUESTS], async |client, ()| get(client).await).await;
        println!("  verify-code {cost}; bare handler {bare_cost}; ratio {:.2}", cost.server / bare_cost.server);
        ratios.push(cost.server / bare_cost.server);
        costs.push(cost.server);
        bare_costs.push(bare_cost.server);
    }
    report.note("verify-code, server", &format!("{:.1} us", median(costs)));
    report.note("bare handler with one EVALSHA", &format!("{:.1} us", median(bare_costs)));
    let ratio = median(ratios);
    report.check("ratio of verify-code to the bare handler", &format!("{ratio:.2}"), "< 2.5", ratio < 2.5);
}

async fn get(client: &mut Client) -> Result<(), Unexpected> {
    let response = client.get("/").await.map_err(|error| error.to_string())?;
    if response.status == 200 { Ok(()) } else { Err(format!("bare handler: {}", response.status)) }
}

/// Begins the flows. Returns the bodies of their verify-code requests.
async fn prepare(back_ends: &Arc<BackEnds>, port: u16) -> Vec<String> {
    let back_ends = Arc::clone(back_ends);
    concurrent::run_all(port, CONNECTIONS, vec![(); REQUESTS], async move |client, ()| {
        let phone = sign_up_requests::fresh_phone();
        let captcha = sign_up_requests::captcha(client).await?;
        let ticket = sign_up_requests::send_code(client, &phone, &captcha).await?;
        let code = back_ends.sms.code_for(&phone).ok_or("no message was sent")?;
        Ok(sign_up_requests::verify_body(&ticket, &code))
    })
    .await
}
