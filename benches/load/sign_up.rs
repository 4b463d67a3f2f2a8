//! Sign-ups per second, in proportion to argon2id alone on the same cores, and their memory.

use crate::back_ends::{BackEnds, Kind};
use crate::client::Client;
use crate::hashing_ratio::{self, Flow};
use crate::process;
use crate::report::Report;
use crate::sign_up_requests::sign_up;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

pub async fn measure(back_ends: &Arc<BackEnds>, kind: Kind, report: &mut Report) {
    report.heading(&format!("Sign-up ({kind:?} back ends)"));
    let mut server = back_ends.serve(kind);
    server.first_response("/readyz").await;
    sleep(Duration::from_secs(1)).await;
    let idle = process::memory(server.pid(), "VmRSS");
    report.check("resident memory, idle after the start", &format!("{idle:.1} MB"), "< 40 MB", idle < 40.0);
    let provider = Arc::clone(back_ends);
    let run = async move |client: &mut Client| sign_up(client, &provider.sms).await;
    hashing_ratio::measure(back_ends, &server, Flow { name: "sign-ups", target: 0.85, besides: 1.1, run }, report)
        .await;
}
