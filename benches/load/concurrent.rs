//! Concurrent clients on one thread.

use crate::client::Client;
use crate::sign_up_requests::Unexpected;
use std::cell::RefCell;
use std::rc::Rc;
use tokio::task::spawn_local;

/// Runs every job once, over this number of connections, and returns the results. Panics at the first unexpected
/// response.
pub async fn run_all<J: 'static, R: 'static>(
    port: u16,
    connections: usize,
    jobs: Vec<J>,
    work: impl AsyncFn(&mut Client, J) -> Result<R, Unexpected> + 'static,
) -> Vec<R> {
    run_all_on(vec![port], connections, jobs, work).await
}

/// Runs every job once, over this number of connections, which are spread over the ports.
pub async fn run_all_on<J: 'static, R: 'static>(
    ports: Vec<u16>,
    connections: usize,
    jobs: Vec<J>,
    work: impl AsyncFn(&mut Client, J) -> Result<R, Unexpected> + 'static,
) -> Vec<R> {
    let (jobs, work) = (Rc::new(RefCell::new(jobs)), Rc::new(work));
    let tasks: Vec<_> = (0..connections)
        .map(|connection| {
            let port = ports[connection % ports.len()];
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
