//! The same question to several servers at once.

use super::lease::Leases;
use super::request::Request;
use deadpool_redis::redis::{Cmd, Value};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::{Instant, timeout_at};

/// Time for all answers. A server that answers later is left out.
const WAIT: Duration = Duration::from_millis(300);

/// Returns the answers that arrived in time, with their servers, and the reason of one that failed.
pub(super) async fn ask(servers: Vec<Arc<Leases>>, question: &Cmd) -> (Vec<(Arc<Leases>, Value)>, Option<String>) {
    let (sender, mut receiver) = unbounded_channel();
    for server in servers {
        let (question, sender) = (question.clone(), sender.clone());
        // The task outlives this call: a connection without an answer is closed after its own timeout.
        tokio::spawn(async move {
            let answer = server.run(&Request::Command("", &question), false).await;
            drop(sender.send((server, answer)));
        });
    }
    drop(sender);
    let (deadline, mut answers, mut problem) = (Instant::now() + WAIT, Vec::new(), None);
    while let Ok(Some((server, answer))) = timeout_at(deadline, receiver.recv()).await {
        match answer {
            Ok(answer) => answers.push((server, answer)),
            Err(error) => problem = Some(error.at(&server.address().to_string()).to_string()),
        }
    }
    (answers, problem)
}
