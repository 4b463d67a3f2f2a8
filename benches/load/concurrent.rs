//! Concurrent clients on one thread.

use crate::client::Client;
use crate::sign_up_requests::Unexpected;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use tokio::task::spawn_local;
use tokio::time::{Instant, sleep_until};

/// Runs every job once, over this number of connections, and returns the results. Panics at the first unexpected
/// response.
pub async fn run_all<J: 'static, R: 'static>(
    port: u16,
    connections: usize,
    jobs: Vec<J>,
    work: impl AsyncFn(&mut Client, J) -> Result<R, Unexpected> + 'static,
) -> Vec<R> {
    run_all_on(vec![port], connections, None, jobs, work).await
}

/// Runs every job once, over this number of connections, which are spread over the ports: each as soon as a connection
/// is free, or this number of jobs a second.
pub async fn run_all_on<J: 'static, R: 'static>(
    ports: Vec<u16>,
    connections: usize,
    per_second: Option<f64>,
    jobs: Vec<J>,
    work: impl AsyncFn(&mut Client, J) -> Result<R, Unexpected> + 'static,
) -> Vec<R> {
    let (count, started) = (jobs.len(), Instant::now());
    let (jobs, work) = (Rc::new(RefCell::new(jobs)), Rc::new(work));
    let tasks: Vec<_> = (0..connections)
        .map(|connection| {
            let port = ports[connection % ports.len()];
            let (jobs, work) = (Rc::clone(&jobs), Rc::clone(&work));
            spawn_local(async move {
                let (mut client, mut results) = (Client::connect(port).await.unwrap(), Vec::new());
                loop {
                    let Some(job) = jobs.borrow_mut().pop() else { return results };
                    if let Some(rate) = per_second {
                        let earlier = count - jobs.borrow().len() - 1;
                        sleep_until(started + Duration::from_secs_f64(earlier as f64 / rate)).await;
                    }
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
