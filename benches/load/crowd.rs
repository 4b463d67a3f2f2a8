//! Many clients at once, on one thread.

use crate::client::Client;
use crate::sign_up::Surprise;
use std::cell::RefCell;
use std::rc::Rc;
use tokio::task::spawn_local;

/// Does every job once, over so many connections at a time, and returns what came of them. The first surprise ends the run.
pub async fn each<J: 'static, R: 'static>(
    port: u16,
    connections: usize,
    jobs: Vec<J>,
    work: impl AsyncFn(&mut Client, J) -> Result<R, Surprise> + 'static,
) -> Vec<R> {
    let (jobs, work) = (Rc::new(RefCell::new(jobs)), Rc::new(work));
    let tasks: Vec<_> = (0..connections)
        .map(|_| {
            let (jobs, work) = (Rc::clone(&jobs), Rc::clone(&work));
            spawn_local(async move {
                let (mut client, mut results) = (Client::connect(port).await.unwrap(), Vec::new());
                loop {
                    let Some(job) = jobs.borrow_mut().pop() else { return results };
                    results.push(work(&mut client, job).await.unwrap());
                }
            })
        })
        .collect();
    let mut results = Vec::new();
    for task in tasks {
        results.extend(task.await.unwrap());
    }
    results
}
