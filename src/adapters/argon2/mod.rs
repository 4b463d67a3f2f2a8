//! Password hashes: argon2id (RFC 9106) on a small number of threads that keep their memory.
//!
//! A hash needs 19 MiB and about 12 ms of a core. Each thread owns one block of memory: with a new allocation for each
//! hash the process grows, because glibc keeps freed blocks of many threads (measured with two threads: 0.4 GB).

mod error;
mod jobs;
mod stored;
mod worker;

use crate::domain::password::{NewPassword, Password, PasswordHash};
use crate::domain::phone::Phone;
use crate::ports::{self, Dependency, DependencyError, Hashed, Random, Verdict, fairness};
use argon2::Params;
use async_trait::async_trait;
use error::broken;
use jobs::Jobs;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;
use stored::TAG_BYTES;
use tokio::sync::oneshot;
use worker::{Job, Worker};

pub use error::StartError;

/// Cost of one hash, and so of each password that an attacker tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Parameter m: memory in KiB.
    pub memory_kib: u32,
    /// Parameter t: passes over the memory.
    pub passes: u32,
    /// Parameter p: independent lanes. They are computed one after the other.
    pub lanes: u32,
}

impl Default for Cost {
    /// Returns m=19456 (19 MiB), t=2, p=1: OWASP Password Storage Cheat Sheet.
    fn default() -> Self {
        Self { memory_kib: 19_456, passes: 2, lanes: 1 }
    }
}

impl Cost {
    /// Returns the maximum number of jobs that wait for each thread: about one second of work. At the default cost a
    /// hash takes 13 ms; the time grows with memory and passes.
    fn queue_per_thread(self) -> usize {
        let work = |cost: Self| u64::from(cost.memory_kib) * u64::from(cost.passes);
        usize::try_from(64 * work(Self::default()) / work(self).max(1)).unwrap_or(usize::MAX).clamp(1, 256)
    }
}

/// Password hasher with its own threads. The threads end when it is dropped.
pub struct Argon2id {
    jobs: Arc<Jobs<Job>>,
}

impl Argon2id {
    /// Starts `threads` threads. Each allocates the memory of one hash when it computes its first, and keeps it.
    pub fn start(cost: Cost, threads: NonZeroUsize, random: &Arc<dyn Random>) -> Result<Self, StartError> {
        let params =
            Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(TAG_BYTES)).map_err(StartError::Cost)?;
        let jobs = Arc::new(Jobs::new(cost.queue_per_thread() * threads.get()));
        // Dropped after an error, it ends the threads that are already running.
        let hasher = Self { jobs: Arc::clone(&jobs) };
        for _ in 0..threads.get() {
            let jobs = Arc::clone(&jobs);
            let mut worker = Worker::new(params.clone(), Arc::clone(random));
            thread::Builder::new().name("argon2id".to_owned()).spawn(move || worker.run(&jobs))?;
        }
        Ok(hasher)
    }

    /// Runs the job on one of the threads on behalf of the current requester, and returns its result.
    async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Worker) -> Result<T, DependencyError> + Send + 'static,
    ) -> Result<T, DependencyError> {
        let (sender, receiver) = oneshot::channel();
        let run = move |worker: Option<&mut Worker>| {
            // A closed channel means that the caller has stopped waiting: the thread skips the job.
            if !sender.is_closed() {
                let overloaded = Err(DependencyError::Overloaded(Dependency::PasswordHashing));
                let _ = sender.send(worker.map_or(overloaded, job));
            }
        };
        if let Some(refused) = self.jobs.push(fairness::requester(), Box::new(run)) {
            refused(None);
        }
        receiver.await.unwrap_or_else(|_| Err(broken("the computation of a hash panicked")))
    }
}

impl Drop for Argon2id {
    fn drop(&mut self) {
        self.jobs.close();
    }
}

#[async_trait]
impl ports::PasswordHasher for Argon2id {
    async fn hash(&self, password: NewPassword, owner: Option<&Phone>) -> Result<Hashed, DependencyError> {
        let owner = owner.cloned();
        self.run(move |worker| worker.hash(&password, owner.as_ref())).await
    }

    async fn verify(&self, password: Password, hash: Option<PasswordHash>) -> Result<Verdict, DependencyError> {
        self.run(move |worker| worker.verify(&password, hash.as_ref())).await
    }
}

#[cfg(test)]
mod tests;
