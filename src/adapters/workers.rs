//! Bounded number of threads for work that blocks, with a fair queue. A thread that becomes free takes what waits.

use super::fair_queue::FairQueue;
use crate::ports::{Dependency, DependencyError, fairness};
use std::iter;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// Runs jobs on at most `width` of tokio's blocking threads. Further jobs wait in a [`FairQueue`], which decides whose
/// turn it is and who is refused. A thread that has finished takes the next jobs, at most `batch` of them, and ends
/// when none waits.
pub struct Workers<J> {
    dependency: Dependency,
    batch: usize,
    run: Box<dyn Fn(Vec<J>) + Send + Sync>,
    state: Mutex<State<J>>,
}

struct State<J> {
    /// Number of threads that may start now.
    free: usize,
    waiting: FairQueue<J>,
}

/// Sender of the result of a job. Its drop without a result tells the caller that the queue refused the job.
pub type Answer<T> = oneshot::Sender<Result<T, DependencyError>>;

/// Place of a caller in the queue. It is left when the caller stops waiting.
struct Place<'a, J> {
    workers: &'a Workers<J>,
    id: u64,
}

impl<J: Send + 'static> Workers<J> {
    /// `run` MUST NOT panic: see [`caught`].
    pub fn new(
        dependency: Dependency,
        [width, queue, batch]: [usize; 3],
        run: impl Fn(Vec<J>) + Send + Sync + 'static,
    ) -> Arc<Self> {
        let state = State { free: width, waiting: FairQueue::new(queue) };
        Arc::new(Self { dependency, batch, run: Box::new(run), state: Mutex::new(state) })
    }

    /// Runs a job on behalf of the current requester and returns its result. `job` gets the sender of the result.
    ///
    /// # Errors
    /// [`DependencyError::Overloaded`] when the queue is full and the requester has the longest line in it, and the
    /// error of the job.
    pub async fn perform<T>(self: &Arc<Self>, job: impl FnOnce(Answer<T>) -> J) -> Result<T, DependencyError> {
        let (answer, result) = oneshot::channel();
        let _place = self.start(job(answer));
        result.await.unwrap_or(Err(DependencyError::Overloaded(self.dependency)))
    }

    /// Starts a job on a thread. Returns its place in the queue if no thread may start.
    fn start(self: &Arc<Self>, job: J) -> Option<Place<'_, J>> {
        {
            let mut state = self.lock();
            if state.free == 0 {
                return Some(Place { workers: self, id: state.waiting.push(fairness::requester(), job).id });
            }
            state.free -= 1;
        }
        // The thread goes on if the caller stops waiting: it is busy until the job ends.
        let workers = Arc::clone(self);
        tokio::task::spawn_blocking(move || workers.work(vec![job]));
        None
    }

    fn work(&self, mut jobs: Vec<J>) {
        while !jobs.is_empty() {
            (self.run)(jobs);
            jobs = self.next();
        }
    }

    /// Takes the next jobs. Without any, the thread is free.
    fn next(&self) -> Vec<J> {
        let mut state = self.lock();
        let jobs: Vec<J> = iter::from_fn(|| state.waiting.pop()).take(self.batch).collect();
        state.free += usize::from(jobs.is_empty());
        jobs
    }
}

impl<J> Workers<J> {
    fn lock(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn free(&self) -> usize {
        self.lock().free
    }

    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.lock().waiting.len()
    }
}

impl<J> Drop for Place<'_, J> {
    fn drop(&mut self) {
        drop(self.workers.lock().waiting.remove(self.id));
    }
}

/// Runs `work`, and turns its panic into [`DependencyError::Broken`].
///
/// # Errors
/// The panic.
pub fn caught<T>(dependency: Dependency, work: impl FnOnce() -> T) -> Result<T, DependencyError> {
    let panicked = |_| DependencyError::Broken { dependency, reason: "the job panicked".to_owned() };
    catch_unwind(AssertUnwindSafe(work)).map_err(panicked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    /// Job that waits until its gate is dropped, then sends the size of its batch.
    struct Job(Option<mpsc::Receiver<()>>, Answer<usize>);

    fn workers(queue: usize, batch: usize) -> Arc<Workers<Job>> {
        let run = |jobs: Vec<Job>| {
            let size = jobs.len();
            for Job(gate, answer) in jobs {
                let _ = gate.map(|gate| gate.recv());
                let _ = answer.send(Ok(size));
            }
        };
        Workers::new(Dependency::Database, [1, queue, batch], run)
    }

    /// Returns the sizes of the batches of `count` jobs that wait for the first one.
    async fn batches(workers: &Arc<Workers<Job>>, count: usize) -> Vec<Result<usize, DependencyError>> {
        let (gate, closed) = mpsc::channel();
        let mut jobs = Vec::new();
        for closed in iter::once(Some(closed)).chain(iter::repeat_with(|| None).take(count)) {
            let workers = Arc::clone(workers);
            jobs.push(tokio::spawn(async move { workers.perform(|answer| Job(closed, answer)).await }));
        }
        while workers.waiting() < count.min(3) {
            tokio::task::yield_now().await;
        }
        tokio::task::yield_now().await;
        drop(gate);
        let mut sizes = Vec::new();
        for job in jobs {
            sizes.push(job.await.unwrap());
        }
        sizes
    }

    #[tokio::test]
    async fn jobs_that_wait_run_together_up_to_the_size_of_a_batch() {
        let workers = workers(8, 3);
        let sizes: Vec<usize> = batches(&workers, 5).await.into_iter().flatten().collect();
        assert_eq!(sizes, [1, 3, 3, 3, 2, 2]);
        assert_eq!(workers.perform(|answer| Job(None, answer)).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn a_job_beyond_the_queue_is_refused() {
        let sizes = batches(&workers(3, 3), 4).await;
        let refused = sizes.iter().filter(|size| matches!(size, Err(DependencyError::Overloaded(_)))).count();
        assert_eq!((refused, sizes.into_iter().flatten().collect()), (1, vec![1, 3, 3, 3]));
    }

    #[test]
    fn a_panic_is_an_error() {
        let panicked = caught(Dependency::Database, || panic!("test panic"));
        assert!(matches!(panicked, Err::<(), _>(DependencyError::Broken { .. })));
    }
}
