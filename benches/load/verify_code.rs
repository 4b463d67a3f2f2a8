//! What verify-code costs the server, beside a bare handler that asks Redis once as well.

use crate::back_ends::{BackEnds, Kind};
use crate::client::Client;
use crate::crowd;
use crate::report::{Report, median};
use crate::round::{CONNECTIONS, round};
use crate::server::Server;
use crate::sign_up::{self, Surprise};
use std::sync::Arc;

const ROUNDS: usize = 5;
const REQUESTS: usize = 20_000;

/// Alternates rounds of both, so that whatever else the machine does meets both.
pub async fn measure(back_ends: &Arc<BackEnds>, report: &mut Report) {
    report.heading("verify-code (Redis), right codes from 32 connections; processor time per request");
    let mut server = back_ends.serve(Kind::Real);
    let mut bare = Server::bare(&back_ends.redis.url());
    server.first_answer("/readyz").await;
    bare.first_answer("/").await;
    let (mut costs, mut floors, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let flows = prepare(back_ends, server.port).await;
        let verify = async |client: &mut Client, body: String| sign_up::step(client, "verify-code", 200, &body).await;
        let (cost, _) = round(&server, REQUESTS, flows, verify).await;
        let (floor, _) = round(&bare, REQUESTS, vec![(); REQUESTS], async |client, ()| get(client).await).await;
        println!("  verify-code {cost}; bare {floor}; ratio {:.2}", cost.server / floor.server);
        ratios.push(cost.server / floor.server);
        costs.push(cost.server);
        floors.push(floor.server);
    }
    report.note("verify-code, server", &format!("{:.1} us", median(costs)));
    report.note("bare handler with one EVALSHA", &format!("{:.1} us", median(floors)));
    let ratio = median(ratios);
    report.judge("verify-code / bare", &format!("{ratio:.2}"), "< 2.5", ratio < 2.5);
}

async fn get(client: &mut Client) -> Result<(), Surprise> {
    let answer = client.get("/").await.map_err(|error| error.to_string())?;
    if answer.status == 200 { Ok(()) } else { Err(format!("bare: {}", answer.status)) }
}

/// Flows that wait for their codes: the bodies of their verify-code requests.
async fn prepare(back_ends: &Arc<BackEnds>, port: u16) -> Vec<String> {
    let back_ends = Arc::clone(back_ends);
    crowd::each(port, CONNECTIONS, vec![(); REQUESTS], async move |client, ()| {
        let phone = sign_up::fresh_phone();
        let captcha = sign_up::captcha(client).await?;
        let ticket = sign_up::send_code(client, &phone, &captcha).await?;
        let code = back_ends.sms.code_for(&phone).ok_or("no message came")?;
        Ok(sign_up::verify_body(&ticket, &code))
    })
    .await
}
