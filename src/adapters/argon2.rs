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

/// As many hashing threads as the machine has cores: more would only share them.
#[must_use]
pub fn cores() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
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
            let mut bench = Bench::new(cost, params.clone(), Arc::clone(random));
            thread::Builder::new().name("argon2id".to_owned()).spawn(move || bench.work(&jobs))?;
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
}

fn broken(reason: impl Into<String>) -> Failure {
    Failure::Broken { dependency: Dependency::PasswordHashing, reason: reason.into() }
}

/// What one thread works with.
struct Bench {
    cost: Cost,
    argon2: argon2::Argon2<'static>,
    random: Arc<dyn Random>,
    memory: Vec<Block>,
}

impl Bench {
    fn new(cost: Cost, params: Params, random: Arc<dyn Random>) -> Self {
        let argon2 = argon2::Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        Self { cost, argon2, random, memory: Vec::new() }
    }

    fn work(&mut self, jobs: &Mutex<Receiver<Job>>) {
        while let Some(job) = next(jobs) {
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
            self.wipe();
        }
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

    /// What a hash leaves behind helps to guess its password.
    fn wipe(&mut self) {
        self.memory.fill(Block::new());
        // So that the compiler does not take the filling for useless.
        std::hint::black_box(&mut self.memory);
    }
}

/// The next job, or nothing once the hasher is gone. The lock is held while waiting; the others wait for it instead.
fn next(jobs: &Mutex<Receiver<Job>>) -> Option<Job> {
    jobs.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::system::OsRandom;
    use crate::ports::PasswordHasher;
    use argon2::PasswordVerifier;
    use std::future::poll_fn;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::sync::mpsc;
    use std::task::Poll;
    use std::time::Duration;

    const CHEAP: Cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };

    fn password() -> Password {
        Password::parse("correct horse battery").unwrap()
    }

    fn phone() -> Phone {
        Phone::from_stored("+8613800138000".to_owned()).unwrap()
    }

    fn one_thread(cost: Cost, random: impl Random + 'static) -> Argon2id {
        let random: Arc<dyn Random> = Arc::new(random);
        Argon2id::start(cost, NonZeroUsize::MIN, &random).unwrap()
    }

    async fn phc(hasher: &Argon2id) -> String {
        match hasher.hash(password(), &phone()).await.unwrap() {
            Hashed::Hash(hash) => hash.expose().to_owned(),
            Hashed::TooWeak => panic!("too weak"),
        }
    }

    /// Hands the job over, without waiting for its end.
    async fn begin<F: Future + Unpin>(future: &mut F) {
        let pending = poll_fn(|context| Poll::Ready(std::pin::Pin::new(&mut *future).poll(context).is_pending())).await;
        assert!(pending);
    }

    /// Stops every hash at its salt until it is let through, and counts them.
    struct Gate {
        reached: mpsc::Sender<()>,
        opened: Mutex<Receiver<()>>,
        passed: Arc<AtomicUsize>,
    }

    impl Random for Gate {
        fn fill(&self, bytes: &mut [u8]) {
            let _ = self.reached.send(());
            let _ = self.opened.lock().unwrap().recv();
            self.passed.fetch_add(1, Ordering::SeqCst);
            bytes.fill(7);
        }
    }

    struct Gated {
        hasher: Argon2id,
        reached: Receiver<()>,
        open: mpsc::Sender<()>,
        passed: Arc<AtomicUsize>,
    }

    fn gated() -> Gated {
        let (reached_sender, reached) = mpsc::channel();
        let (open, opened) = mpsc::channel();
        let passed = Arc::new(AtomicUsize::new(0));
        let gate = Gate { reached: reached_sender, opened: Mutex::new(opened), passed: Arc::clone(&passed) };
        Gated { hasher: one_thread(CHEAP, gate), reached, open, passed }
    }

    #[tokio::test]
    async fn the_hash_is_what_others_can_verify() {
        let hasher = one_thread(Cost::default(), OsRandom);
        let (one, two) = (phc(&hasher).await, phc(&hasher).await);
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        assert_ne!(one, two, "the salt is the same");
        let judge = argon2::Argon2::default();
        for hash in [one, two] {
            judge.verify_password(password().expose(), hash.as_str()).unwrap();
            assert!(judge.verify_password(b"correct horse batterz", hash.as_str()).is_err());
        }
    }

    #[tokio::test]
    async fn what_attackers_try_first_is_not_hashed() {
        let hasher = one_thread(CHEAP, OsRandom);
        for weak in ["password", "13800138000"] {
            let hashed = hasher.hash(Password::parse(weak).unwrap(), &phone()).await.unwrap();
            assert!(matches!(hashed, Hashed::TooWeak), "{weak}");
        }
    }

    #[tokio::test]
    async fn refuses_beyond_its_queue_and_goes_on_afterwards() {
        let Gated { hasher, reached, open, .. } = gated();
        let owner = phone();
        let mut running = hasher.hash(password(), &owner);
        begin(&mut running).await;
        reached.recv().unwrap();
        let mut waiting: Vec<_> = (0..QUEUE_PER_THREAD).map(|_| hasher.hash(password(), &owner)).collect();
        for job in &mut waiting {
            begin(job).await;
        }
        let refused = hasher.hash(password(), &owner).await;
        assert!(matches!(refused, Err(Failure::Overloaded(Dependency::PasswordHashing))), "{refused:?}");
        drop(open);
        for job in waiting.into_iter().chain([running]) {
            job.await.unwrap();
        }
        phc(&hasher).await;
    }

    #[tokio::test]
    async fn nobody_hashes_for_a_caller_that_went_away() {
        let Gated { hasher, reached, open, passed } = gated();
        let owner = phone();
        let mut running = hasher.hash(password(), &owner);
        begin(&mut running).await;
        reached.recv().unwrap();
        let mut given_up = hasher.hash(password(), &owner);
        begin(&mut given_up).await;
        drop(given_up);
        drop(open);
        running.await.unwrap();
        phc(&hasher).await;
        assert_eq!(passed.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_panic_is_an_answer_and_costs_no_thread() {
        struct PanicsOnce(AtomicBool);
        impl Random for PanicsOnce {
            fn fill(&self, bytes: &mut [u8]) {
                assert!(self.0.swap(true, Ordering::SeqCst), "on purpose");
                bytes.fill(1);
            }
        }
        let hasher = one_thread(CHEAP, PanicsOnce(AtomicBool::new(false)));
        let failed = hasher.hash(password(), &phone()).await;
        assert!(matches!(failed, Err(Failure::Broken { .. })), "{failed:?}");
        phc(&hasher).await;
    }

    #[tokio::test]
    async fn the_threads_end_with_the_hasher() {
        struct Tells(mpsc::Sender<()>);
        impl Random for Tells {
            fn fill(&self, _: &mut [u8]) {}
        }
        impl Drop for Tells {
            fn drop(&mut self) {
                let _ = self.0.send(());
            }
        }
        let (sender, dropped) = mpsc::channel();
        let random: Arc<dyn Random> = Arc::new(Tells(sender));
        let hasher = Argon2id::start(CHEAP, NonZeroUsize::new(3).unwrap(), &random).unwrap();
        phc(&hasher).await;
        drop(random);
        drop(hasher);
        dropped.recv_timeout(Duration::from_secs(30)).unwrap();
    }

    #[test]
    fn memory_is_taken_at_the_first_hash_and_wiped_after_each() {
        let params = Params::new(CHEAP.memory_kib, CHEAP.passes, CHEAP.lanes, Some(TAG_BYTES)).unwrap();
        let mut bench = Bench::new(CHEAP, params, Arc::new(OsRandom));
        assert_eq!(bench.memory.capacity(), 0);
        bench.hash(&password(), &phone()).unwrap();
        let words = |bench: &Bench| bench.memory.iter().flat_map(|block| block.as_ref().to_vec()).collect::<Vec<u64>>();
        assert!(words(&bench).iter().any(|word| *word != 0));

        let (queue, jobs) = sync_channel(1);
        let (answer, mut answered) = oneshot::channel();
        queue.send(Job { password: password(), owner: phone(), answer }).unwrap();
        drop(queue);
        bench.work(&Mutex::new(jobs));
        assert!(matches!(answered.try_recv(), Ok(Ok(Hashed::Hash(_)))));
        assert_eq!(bench.memory.len(), 64);
        assert!(words(&bench).iter().all(|word| *word == 0));
    }

    #[test]
    fn an_impossible_cost_is_refused() {
        let random: Arc<dyn Random> = Arc::new(OsRandom);
        let refused = Argon2id::start(Cost { passes: 0, ..CHEAP }, NonZeroUsize::MIN, &random);
        assert!(matches!(refused, Err(StartError::Cost(_))));
    }
}
