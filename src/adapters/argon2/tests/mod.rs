mod verify;

use super::*;
use crate::adapters::system::OsRandom;
use crate::domain::ip_block::{AddressBlocks, Nat64};
use crate::ports::{PasswordHasher, fairness::Requester, fairness::on_behalf_of};
use argon2::{Algorithm, PasswordVerifier, Version};
use std::future::poll_fn;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::task::Poll;
use std::time::Duration;

const CHEAP: Cost = Cost { memory_kib: 64, passes: 1, lanes: 1 };

const PASSWORD: &str = "correct horse battery";

fn password() -> Password {
    Password::parse(PASSWORD).unwrap()
}

fn new_password(text: &str) -> NewPassword {
    NewPassword::parse(text).unwrap()
}

fn phone() -> Phone {
    Phone::from_stored("+8613800138000".to_owned()).unwrap()
}

fn one_thread(cost: Cost, random: impl Random + 'static) -> Argon2id {
    let random: Arc<dyn Random> = Arc::new(random);
    Argon2id::start(cost, NonZeroUsize::MIN, &random).unwrap()
}

async fn phc(hasher: &Argon2id) -> String {
    match hasher.hash(new_password(PASSWORD), Some(&phone())).await.unwrap() {
        Hashed::Hash(hash) => hash.expose().to_owned(),
        Hashed::TooWeak => panic!("too weak"),
    }
}

/// Polls the future once, which puts the job into the queue. Returns the output if it is ready at once.
async fn poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    poll_fn(|context| match Pin::new(&mut *future).poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

const TIMEOUT: Duration = Duration::from_secs(30);

/// Blocks every hash when it needs its salt, until the gate opens; counts the hashes that pass.
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
async fn another_implementation_verifies_the_hash() {
    let hasher = one_thread(Cost::default(), OsRandom);
    let (one, two) = (phc(&hasher).await, phc(&hasher).await);
    assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
    assert_ne!(one, two, "the salt is the same");
    let reference = argon2::Argon2::default();
    for hash in [one, two] {
        reference.verify_password(password().expose(), hash.as_str()).unwrap();
        assert!(reference.verify_password(b"correct horse batterz", hash.as_str()).is_err());
    }
}

#[tokio::test]
async fn a_guessable_password_is_not_hashed() {
    let hasher = one_thread(CHEAP, OsRandom);
    for weak in ["password", "13800138000"] {
        let hashed = hasher.hash(new_password(weak), Some(&phone())).await.unwrap();
        assert!(matches!(hashed, Hashed::TooWeak), "{weak}");
    }
}

#[tokio::test]
async fn a_job_beyond_the_queue_is_rejected_and_later_jobs_run() {
    let Gated { hasher, reached, open, .. } = gated();
    let owner = phone();
    let mut running = hasher.hash(new_password(PASSWORD), Some(&owner));
    assert!(poll_once(&mut running).await.is_none());
    reached.recv_timeout(TIMEOUT).unwrap();
    let mut waiting: Vec<_> =
        (1..CHEAP.queue_per_thread()).map(|_| hasher.hash(new_password(PASSWORD), Some(&owner))).collect();
    for job in &mut waiting {
        assert!(poll_once(job).await.is_none());
    }
    // Hashing and verifying share one queue.
    let mut verified = hasher.verify(password(), None);
    assert!(poll_once(&mut verified).await.is_none());
    let refused = poll_once(&mut hasher.hash(new_password(PASSWORD), Some(&owner))).await;
    assert!(matches!(refused, Some(Err(DependencyError::Overloaded(Dependency::PasswordHashing)))), "{refused:?}");
    let refused = poll_once(&mut hasher.verify(password(), None)).await;
    assert!(matches!(refused, Some(Err(DependencyError::Overloaded(Dependency::PasswordHashing)))), "{refused:?}");
    drop(open);
    for job in waiting.into_iter().chain([running]) {
        job.await.unwrap();
    }
    verified.await.unwrap();
    phc(&hasher).await;
}

/// One client fills the queue, then another one arrives: it takes the place of the newest job and has the second turn.
#[tokio::test]
async fn turns_go_round_by_client() {
    let Gated { hasher, reached, open, passed } = gated();
    let (owner, hasher) = (phone(), &hasher);
    let on_behalf = |client: u8| {
        let address = Ipv4Addr::new(192, 0, 2, client).into();
        let requester = Requester { ip_blocks: Some(AddressBlocks::new(address, &Nat64::default())), session: None };
        let (owner, passed) = (owner.clone(), Arc::clone(&passed));
        Box::pin(on_behalf_of(requester, async move {
            hasher.hash(new_password(PASSWORD), Some(&owner)).await.map(|_| passed.load(Ordering::SeqCst))
        }))
    };
    let mut running = on_behalf(1);
    assert!(poll_once(&mut running).await.is_none());
    reached.recv_timeout(TIMEOUT).unwrap();
    let mut waiting: Vec<_> = (0..CHEAP.queue_per_thread()).map(|_| on_behalf(1)).collect();
    for job in &mut waiting {
        assert!(poll_once(job).await.is_none());
    }
    let mut other = on_behalf(2);
    assert!(poll_once(&mut other).await.is_none());
    let refused = waiting.pop().unwrap().await;
    assert!(matches!(refused, Err(DependencyError::Overloaded(Dependency::PasswordHashing))), "{refused:?}");
    for _ in 0..3 {
        open.send(()).unwrap();
    }
    // The first job, one more job of the first client, and this one. The gate holds the next job.
    assert_eq!(other.await.unwrap(), 3);
    drop(open);
    for job in waiting.into_iter().chain([running]) {
        job.await.unwrap();
    }
}

#[tokio::test]
async fn a_job_whose_caller_stopped_waiting_is_skipped() {
    let Gated { hasher, reached, open, passed } = gated();
    let owner = phone();
    let mut running = hasher.hash(new_password(PASSWORD), Some(&owner));
    assert!(poll_once(&mut running).await.is_none());
    reached.recv_timeout(TIMEOUT).unwrap();
    let mut abandoned = hasher.hash(new_password(PASSWORD), Some(&owner));
    assert!(poll_once(&mut abandoned).await.is_none());
    drop(abandoned);
    drop(open);
    running.await.unwrap();
    phc(&hasher).await;
    assert_eq!(passed.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_panic_is_an_error_and_the_thread_continues() {
    struct PanicsOnce(AtomicBool);
    impl Random for PanicsOnce {
        fn fill(&self, bytes: &mut [u8]) {
            assert!(self.0.swap(true, Ordering::SeqCst), "test panic");
            bytes.fill(1);
        }
    }
    let hasher = one_thread(CHEAP, PanicsOnce(AtomicBool::new(false)));
    let failed = hasher.hash(new_password(PASSWORD), Some(&phone())).await;
    assert!(matches!(failed, Err(DependencyError::Broken { .. })), "{failed:?}");
    phc(&hasher).await;
}

#[tokio::test]
async fn the_threads_end_when_the_hasher_is_dropped() {
    struct SignalsDrop(mpsc::Sender<()>);
    impl Random for SignalsDrop {
        fn fill(&self, _: &mut [u8]) {}
    }
    impl Drop for SignalsDrop {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }
    let (sender, dropped) = mpsc::channel();
    let random: Arc<dyn Random> = Arc::new(SignalsDrop(sender));
    let hasher = Argon2id::start(CHEAP, NonZeroUsize::new(3).unwrap(), &random).unwrap();
    phc(&hasher).await;
    drop(random);
    drop(hasher);
    dropped.recv_timeout(TIMEOUT).unwrap();
}

fn stored(phc: &str) -> Option<PasswordHash> {
    Some(PasswordHash::new(phc.to_owned()))
}

/// Hashes the password at the given cost, with the `argon2` crate directly.
fn at_cost(cost: Cost, salt: &[u8], tag_bytes: usize) -> String {
    let Cost { memory_kib, passes, lanes } = cost;
    let params = Params::new(memory_kib, passes, lanes, Some(tag_bytes)).unwrap();
    let argon2 = argon2::Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash = argon2::PasswordHasher::hash_password_with_salt(&argon2, password().expose(), salt).unwrap();
    hash.to_string()
}

/// Returns a worker whose memory is as the job left it.
fn worker_after(job: impl FnOnce(&mut Worker)) -> Worker {
    let params = Params::new(CHEAP.memory_kib, CHEAP.passes, CHEAP.lanes, Some(TAG_BYTES)).unwrap();
    let mut worker = Worker::new(params, Arc::new(OsRandom));
    assert!(worker.memory.is_empty());
    job(&mut worker);
    worker
}

fn is_wiped(worker: &Worker) -> bool {
    worker.memory.iter().flat_map(|block| block.as_ref().to_vec()).all(|word: u64| word == 0)
}

type Task = Box<dyn FnOnce(&mut Worker) + Send>;

/// Returns a worker that ran the jobs and found no further job.
fn idle_worker_after(tasks: impl IntoIterator<Item = Task>) -> Worker {
    let mut worker = worker_after(|_| ());
    let jobs = Jobs::new(8);
    let job = |task: Task| -> Job { Box::new(|worker| task(worker.unwrap())) };
    assert!(tasks.into_iter().all(|task| jobs.push(Requester::default(), job(task)).is_none()));
    jobs.close();
    worker.run(&jobs);
    worker
}

fn higher_cost() -> PasswordHash {
    stored(&at_cost(Cost { memory_kib: 1_024, ..CHEAP }, &[1; 16], 32)).unwrap()
}

fn lower_cost() -> PasswordHash {
    stored(&at_cost(Cost { memory_kib: 32, ..CHEAP }, &[1; 16], 32)).unwrap()
}

#[test]
fn memory_is_allocated_at_the_first_hash_and_wiped_or_freed_when_no_job_waits() {
    let wrong = || Password::parse("correct horse batterz").unwrap();
    // The number of blocks that stays. The memory of a hash that costs more is freed, unless another one follows.
    let tasks: [(Task, usize); 6] = [
        (Box::new(|worker| drop(worker.hash(&new_password(PASSWORD), Some(&phone())).unwrap())), 64),
        (Box::new(|worker| drop(worker.verify(&password(), None).unwrap())), 64),
        (Box::new(|worker| drop(worker.verify(&password(), Some(&higher_cost())).unwrap())), 64),
        (Box::new(move |worker| drop(worker.verify(&wrong(), Some(&higher_cost())).unwrap())), 0),
        (Box::new(move |worker| drop(worker.verify(&wrong(), Some(&lower_cost())).unwrap())), 64),
        (
            Box::new(|worker| {
                drop(worker.hash(&new_password(PASSWORD), Some(&phone())).unwrap());
                panic!("test panic");
            }),
            64,
        ),
    ];
    for (task, blocks) in tasks {
        let worker = idle_worker_after([task]);
        assert_eq!(worker.memory.len(), blocks);
        assert!(is_wiped(&worker), "the memory contains data of a hash");
    }
    let weak = worker_after(|worker| drop(worker.hash(&new_password("password"), Some(&phone())).unwrap()));
    assert!(weak.memory.is_empty());
}

/// While jobs wait, the next hash overwrites the memory of the last one, and wipes it first if it needs less memory.
#[test]
fn a_smaller_hash_wipes_the_memory_of_a_larger_one() {
    let wrong = Password::parse("correct horse batterz").unwrap();
    let mut worker = worker_after(|worker| drop(worker.verify(&wrong, Some(&higher_cost())).unwrap()));
    assert!(!is_wiped(&worker) && worker.memory.len() == 1_024, "the memory is not wiped while a job may wait");
    drop(worker.verify(&wrong, Some(&lower_cost())).unwrap());
    assert_eq!(worker.memory.len(), 64);
    assert!(worker.memory[32..].iter().all(|block| block.as_ref().iter().all(|word| *word == 0)));
}

#[test]
fn an_invalid_cost_is_rejected() {
    let random: Arc<dyn Random> = Arc::new(OsRandom);
    let refused = Argon2id::start(Cost { passes: 0, ..CHEAP }, NonZeroUsize::MIN, &random);
    assert!(matches!(refused, Err(StartError::Cost(_))));
}
