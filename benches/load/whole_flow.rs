//! Sign-ups a second, beside what argon2id alone could do on the same cores, and the memory that they take.

use crate::back_ends::{BackEnds, Kind};
use crate::beside_hashing::{self, Flow};
use crate::client::Client;
use crate::process;
use crate::report::Report;
use crate::sign_up::sign_up;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

pub async fn measure(back_ends: &Arc<BackEnds>, kind: Kind, report: &mut Report) {
    report.heading(&format!("Whole flow ({kind:?} back ends)"));
    let mut server = back_ends.serve(kind);
    server.first_answer("/readyz").await;
    sleep(Duration::from_secs(1)).await;
    let idle = process::memory(server.pid(), "VmRSS");
    report.judge("resident, idle after the start", &format!("{idle:.1} MB"), "< 40 MB", idle < 40.0);
    let provider = Arc::clone(back_ends);
    let run = async move |client: &mut Client| sign_up(client, &provider.sms).await;
    beside_hashing::measure(back_ends, &server, Flow { name: "sign-ups", target: 0.85, run }, report).await;
}
