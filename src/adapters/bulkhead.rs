//! Bulkhead: a limit on concurrent work that blocks a thread. The work runs off the event loop.

use super::workers::{Workers, caught};
use crate::ports::{Dependency, DependencyError};
use std::sync::Arc;

/// Runs at most `width` jobs at a time on tokio's blocking threads. Up to `queue` more jobs wait for their turn.
pub struct Bulkhead {
    dependency: Dependency,
    workers: Arc<Workers<Job>>,
}

type Job = Box<dyn FnOnce() + Send>;

impl Bulkhead {
    /// `queue` MUST be at least 1: a caller gets its result a moment before the thread is free, and may come again.
    #[must_use]
    pub fn new(dependency: Dependency, width: usize, queue: usize) -> Self {
        let run = |jobs: Vec<Job>| jobs.into_iter().for_each(|job| job());
        Self { dependency, workers: Workers::new(dependency, [width, queue, 1], run) }
    }

    /// Runs `job` on behalf of the current requester and returns its result.
    ///
    /// # Errors
    /// [`DependencyError::Overloaded`] when the queue is full and the requester has the longest line in it,
    /// [`DependencyError::Broken`] when the job panics.
    pub async fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T, DependencyError> {
        let dependency = self.dependency;
        // The caller may have stopped waiting.
        self.workers.perform(|answer| Box::new(move || drop(answer.send(caught(dependency, job))))).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ip_block::{AddressBlocks, Nat64};
    use crate::ports::fairness::{Requester, on_behalf_of};
    use std::future::{Future, poll_fn};
    use std::net::{IpAddr, Ipv4Addr};
    use std::pin::Pin;
    use std::sync::{Mutex, mpsc};
    use std::task::Poll;
    use tokio::task::JoinHandle;

    type Job = Pin<Box<dyn Future<Output = Result<(), DependencyError>> + Send>>;

    /// Bulkhead of one thread, which is busy until the gate is dropped.
    struct Busy {
        bulkhead: Arc<Bulkhead>,
        gate: mpsc::Sender<()>,
        running: JoinHandle<()>,
        served: Arc<Mutex<Vec<u8>>>,
    }

    impl Busy {
        async fn with_queue(queue: usize) -> Self {
            let bulkhead = Arc::new(Bulkhead::new(Dependency::AudioCaptcha, 1, queue));
            let (gate, closed) = mpsc::channel::<()>();
            let own = Arc::clone(&bulkhead);
            let running =
                tokio::spawn(async move { own.run(move || closed.recv().unwrap_or_default()).await.unwrap() });
            while bulkhead.workers.free() > 0 {
                tokio::task::yield_now().await;
            }
            Self { bulkhead, gate, running, served: Arc::default() }
        }

        /// Returns a job of a client that is in the queue or refused.
        async fn queue(&self, client: u8) -> Job {
            let (bulkhead, served) = (Arc::clone(&self.bulkhead), Arc::clone(&self.served));
            let address = IpAddr::from(Ipv4Addr::new(192, 0, 2, client));
            let ip_blocks = Some(AddressBlocks::new(address, &Nat64::default()));
            let requester = Requester { ip_blocks, session: None };
            let run = async move { bulkhead.run(move || served.lock().unwrap().push(client)).await };
            let mut job: Job = Box::pin(on_behalf_of(requester, run));
            match poll_fn(|context| Poll::Ready(job.as_mut().poll(context))).await {
                Poll::Ready(result) => Box::pin(std::future::ready(result)),
                Poll::Pending => job,
            }
        }
    }

    fn is_overloaded(result: &Result<(), DependencyError>) -> bool {
        matches!(result, Err(DependencyError::Overloaded(Dependency::AudioCaptcha)))
    }

    #[tokio::test]
    async fn turns_go_round_by_client() {
        let busy = Busy::with_queue(8).await;
        let mut jobs = Vec::new();
        for client in [1, 1, 1, 2, 2, 3] {
            let job = busy.queue(client).await;
            jobs.push(tokio::spawn(job));
        }
        drop(busy.gate);
        busy.running.await.unwrap();
        for job in jobs {
            job.await.unwrap().unwrap();
        }
        assert_eq!(*busy.served.lock().unwrap(), [1, 2, 3, 1, 2, 1]);
    }

    #[tokio::test]
    async fn a_job_beyond_the_queue_costs_the_longest_line_its_newest_job() {
        let busy = Busy::with_queue(2).await;
        let (first, second) = (busy.queue(1).await, busy.queue(1).await);
        assert!(is_overloaded(&busy.queue(1).await.await), "a client with the longest line is refused");
        let other = busy.queue(2).await;
        assert!(is_overloaded(&second.await), "the newest job of the longest line makes room");
        drop(busy.gate);
        busy.running.await.unwrap();
        first.await.unwrap();
        other.await.unwrap();
        assert_eq!(*busy.served.lock().unwrap(), [1, 2]);
        assert_eq!(busy.bulkhead.run(|| 4).await.unwrap(), 4);
    }

    #[tokio::test]
    async fn a_caller_that_stops_waiting_leaves_the_queue() {
        let busy = Busy::with_queue(1).await;
        drop(busy.queue(1).await);
        assert!(busy.bulkhead.workers.waiting() == 0);
        let next = busy.queue(2).await;
        drop(busy.gate);
        next.await.unwrap();
        busy.running.await.unwrap();
        assert_eq!(*busy.served.lock().unwrap(), [2]);
        assert_eq!(busy.bulkhead.run(|| 3).await.unwrap(), 3);
    }

    #[tokio::test]
    async fn a_panic_is_an_error_and_the_next_job_runs() {
        let bulkhead = Bulkhead::new(Dependency::AudioCaptcha, 1, 1);
        assert!(matches!(bulkhead.run(|| panic!("test panic")).await, Err(DependencyError::Broken { .. })));
        assert_eq!(bulkhead.run(|| 1).await.unwrap(), 1);
    }
}
