//! Password hashes: argon2id (RFC 9106) on a few threads that keep their memory.
//!
//! A hash needs 19 MiB and some 12 ms of a core. Memory that is allocated anew for every hash bloats the process
//! (glibc keeps freed blocks of many threads: 0.4 GB were measured with two), so each thread owns one block.

use crate::domain::password::{Password, PasswordHash};
use crate::domain::phone::Phone;
use crate::ports::{self, Dependency, Failure, Hashed, Random};
use argon2::{Algorithm, Block, Params, Version};
use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::{io, thread};
use tokio::sync::oneshot;

/// How much work one guess is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// m, in KiB.
    pub memory_kib: u32,
    /// t: passes over the memory.
    pub passes: u32,
    /// p: independent lanes. They are computed one after the other.
    pub lanes: u32,
}

impl Default for Cost {
    /// m=19456 (19 MiB), t=2, p=1: OWASP Password Storage Cheat Sheet.
    fn default() -> Self {
        Self { memory_kib: 19_456, passes: 2, lanes: 1 }
    }
}

/// Why the hasher does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("argon2id does not work at this cost: {0}")]
    Cost(argon2::Error),
    #[error("no thread for password hashing: {0}")]
    Thread(#[from] io::Error),
}

/// Jobs that may wait for each thread: at 13 ms a hash, a wait of at most about a second.
const QUEUE_PER_THREAD: usize = 64;
const SALT_BYTES: usize = 16;
const TAG_BYTES: usize = 32;

/// The threads end when this is dropped.
pub struct Argon2id {
    queue: SyncSender<Job>,
}

struct Job {
    password: Password,
    owner: Phone,
    answer: oneshot::Sender<Result<Hashed, Failure>>,
}

impl Argon2id {
    /// Starts `threads` threads. Each takes the memory of one hash when it makes its first, and keeps it.
    pub fn start(cost: Cost, threads: NonZeroUsize, random: &Arc<dyn Random>) -> Result<Self, StartError> {
        let params =
            Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(TAG_BYTES)).map_err(StartError::Cost)?;
        let (queue, jobs) = sync_channel(QUEUE_PER_THREAD * threads.get());
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..threads.get() {
            let jobs = Arc::clone(&jobs);
            let mut worker = Worker::new(cost, params.clone(), Arc::clone(random));
            thread::Builder::new().name("argon2id".to_owned()).spawn(move || worker.work(&jobs))?;
        }
        Ok(Self { queue })
    }
}

#[async_trait]
impl ports::PasswordHasher for Argon2id {
    async fn hash(&self, password: Password, owner: &Phone) -> Result<Hashed, Failure> {
        let (answer, answered) = oneshot::channel();
        self.queue.try_send(Job { password, owner: owner.clone(), answer }).map_err(|refused| match refused {
            TrySendError::Full(_) => Failure::Overloaded(Dependency::PasswordHashing),
            TrySendError::Disconnected(_) => broken("its threads have ended"),
        })?;
        answered.await.unwrap_or_else(|_| Err(broken("a hash panicked")))
    }

    async fn verify(&self, password: Password, hash: Option<PasswordHash>) -> Result<ports::Verdict, Failure> {
        todo!("{password:?} {hash:?}")
    }
}

fn broken(reason: impl Into<String>) -> Failure {
    Failure::Broken { dependency: Dependency::PasswordHashing, reason: reason.into() }
}

/// What one thread works with.
struct Worker {
    cost: Cost,
    argon2: argon2::Argon2<'static>,
    random: Arc<dyn Random>,
    memory: Vec<Block>,
}

impl Worker {
    fn new(cost: Cost, params: Params, random: Arc<dyn Random>) -> Self {
        let argon2 = argon2::Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        Self { cost, argon2, random, memory: Vec::new() }
    }

    fn work(&mut self, jobs: &Mutex<Receiver<Job>>) {
        while let Some(job) = self.next(jobs) {
            // Nobody waits any more: the time is better spent on the next.
            if job.answer.is_closed() {
                continue;
            }
            // A panic drops the job, which its caller learns; the thread lives on for the others.
            let _ = catch_unwind(AssertUnwindSafe(|| {
                let Job { password, owner, answer } = job;
                let hashed = self.hash(&password, &owner);
                let _ = answer.send(hashed);
            }));
        }
    }

    /// The next job, or nothing once the hasher is gone.
    ///
    /// What a hash leaves behind helps to guess its password. The first pass of the next hash writes over all of it, so
    /// wiping, a twentieth of the cost of a hash, is only due when no job is there.
    fn next(&mut self, jobs: &Mutex<Receiver<Job>>) -> Option<Job> {
        let waiting = jobs.try_lock().ok().and_then(|jobs| jobs.try_recv().ok());
        waiting.or_else(|| {
            self.wipe();
            // The lock is held while waiting; the others wait for it instead.
            jobs.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
        })
    }

    fn hash(&mut self, password: &Password, owner: &Phone) -> Result<Hashed, Failure> {
        if password.is_guessable(owner) {
            return Ok(Hashed::TooWeak);
        }
        self.memory.resize(self.argon2.params().block_count(), Block::new());
        let salt: [u8; SALT_BYTES] = self.random.bytes();
        let mut tag = [0; TAG_BYTES];
        self.argon2
            .hash_password_into_with_memory(password.expose(), &salt, &mut tag, &mut self.memory)
            .map_err(|error| broken(error.to_string()))?;
        Ok(Hashed::Hash(self.phc(&salt, &tag)))
    }

    /// The PHC string form.
    fn phc(&self, salt: &[u8], tag: &[u8]) -> PasswordHash {
        let Cost { memory_kib, passes, lanes } = self.cost;
        let encoded = |bytes| BASE64_STANDARD_NO_PAD.encode(bytes);
        let (salt, tag) = (encoded(salt), encoded(tag));
        PasswordHash::new(format!("$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${tag}"))
    }

    /// What a hash leaves behind makes its password cheaper to guess. Costs half a millisecond, 4 % of the hash.
    fn wipe(&mut self) {
        self.memory.fill(Block::new());
        // So that the compiler does not take the filling for useless.
        std::hint::black_box(&mut self.memory);
    }
}

#[cfg(test)]
mod tests;
