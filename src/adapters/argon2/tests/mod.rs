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
        let hashed = hasher.hash(Password::parse(weak).unwrap(), &phone()).await.unwrap();
        assert!(matches!(hashed, Hashed::TooWeak), "{weak}");
    }
}

#[tokio::test]
async fn a_job_beyond_the_queue_is_rejected_and_later_jobs_run() {
    let Gated { hasher, reached, open, .. } = gated();
    let owner = phone();
    let mut running = hasher.hash(password(), &owner);
    assert!(poll_once(&mut running).await.is_none());
    reached.recv_timeout(TIMEOUT).unwrap();
    let mut waiting: Vec<_> = (1..CHEAP.queue_per_thread()).map(|_| hasher.hash(password(), &owner)).collect();
    for job in &mut waiting {
        assert!(poll_once(job).await.is_none());
    }
    // Hashing and verifying share one queue.
    let mut verified = hasher.verify(password(), None);
    assert!(poll_once(&mut verified).await.is_none());
    let refused = poll_once(&mut hasher.hash(password(), &owner)).await;
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
            hasher.hash(password(), &owner).await.map(|_| passed.load(Ordering::SeqCst))
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
    let mut running = hasher.hash(password(), &owner);
    assert!(poll_once(&mut running).await.is_none());
    reached.recv_timeout(TIMEOUT).unwrap();
    let mut abandoned = hasher.hash(password(), &owner);
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
    let failed = hasher.hash(password(), &phone()).await;
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

async fn is_right(hasher: &Argon2id, password: Password, phc: &str) -> bool {
    matches!(hasher.verify(password, stored(phc)).await.unwrap(), Verdict::Right { .. })
}

#[tokio::test]
async fn only_the_correct_password_verifies() {
    let hasher = one_thread(CHEAP, OsRandom);
    let hash = phc(&hasher).await;
    let right = hasher.verify(password(), stored(&hash)).await.unwrap();
    assert!(matches!(right, Verdict::Right { rehashed: None }), "{right:?}");
    for wrong in ["correct horse batterz", "correct horse batteryy", "Correct horse battery"] {
        assert!(!is_right(&hasher, Password::parse(wrong).unwrap(), &hash).await, "{wrong}");
    }
}

/// The salt that is used without a hash is not secret, so even a password with a matching tag must be wrong.
#[tokio::test]
async fn without_a_hash_every_password_is_wrong() {
    let hasher = one_thread(CHEAP, OsRandom);
    let verdict = hasher.verify(password(), None).await.unwrap();
    assert!(matches!(verdict, Verdict::Wrong), "{verdict:?}");
}

#[tokio::test]
async fn a_correct_password_is_rehashed_if_the_stored_hash_has_other_parameters() {
    let hasher = one_thread(CHEAP, OsRandom);
    for (difference, old) in [
        ("more memory", at_cost(Cost { memory_kib: 1_024, ..CHEAP }, &[1; 16], 32)),
        ("less memory", at_cost(Cost { memory_kib: 32, ..CHEAP }, &[1; 16], 32)),
        ("passes", at_cost(Cost { passes: 2, ..CHEAP }, &[1; 16], 32)),
        ("lanes", at_cost(Cost { lanes: 2, ..CHEAP }, &[1; 16], 32)),
        ("salt", at_cost(CHEAP, &[1; 8], 32)),
        ("tag", at_cost(CHEAP, &[1; 16], 16)),
    ] {
        let wrong = Password::parse("correct horse batterz").unwrap();
        assert!(!is_right(&hasher, wrong, &old).await, "{difference}");
        let verdict = hasher.verify(password(), stored(&old)).await.unwrap();
        let Verdict::Right { rehashed: Some(new) } = verdict else { panic!("{difference}: {verdict:?}") };
        assert!(new.expose().starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{difference}: {}", new.expose());
        let verdict = hasher.verify(password(), Some(new)).await.unwrap();
        assert!(matches!(verdict, Verdict::Right { rehashed: None }), "{difference}: {verdict:?}");
    }
    let same = hasher.verify(password(), stored(&at_cost(CHEAP, &[1; 16], 32))).await.unwrap();
    assert!(matches!(same, Verdict::Right { rehashed: None }), "{same:?}");
}

/// Output of the reference implementation (phc-winner-argon2), called through argon2-cffi 25.1.0:
/// `hash_secret(b"password", b"saltsalt", time_cost=3, memory_cost=256, parallelism=4, hash_len=24, type=Type.ID)`.
const REFERENCE: &str = "$argon2id$v=19$m=256,t=3,p=4$c2FsdHNhbHQ$NWaxf8hZggDrqgttS5fMmhyGDCsC6Cur";

/// The service rejects this password for a new account. An account that has it can still sign in, and its password is
/// rehashed at the current cost.
#[tokio::test]
async fn a_hash_of_the_reference_implementation_verifies_and_is_rehashed() {
    let hasher = one_thread(CHEAP, OsRandom);
    let weak = || Password::parse("password").unwrap();
    let verdict = hasher.verify(weak(), stored(REFERENCE)).await.unwrap();
    let Verdict::Right { rehashed: Some(new) } = verdict else { panic!("{verdict:?}") };
    assert!(is_right(&hasher, weak(), new.expose()).await);
    assert!(!is_right(&hasher, password(), REFERENCE).await);
}

#[tokio::test]
async fn a_damaged_hash_is_an_error_that_quotes_no_part_of_it() {
    let hasher = one_thread(CHEAP, OsRandom);
    let (start, salt_and_tag) = REFERENCE.split_at(REFERENCE.find("$c2Fsd").unwrap());
    let with = |parameters: &str| format!("$argon2id$v=19${parameters}{salt_and_tag}");
    for damaged in [
        String::new(),
        "password".to_owned(),
        start.to_owned(),
        format!("{start}$c2FsdHNhbHQ"),
        format!("{start}$$NWaxf8hZggDrqgttS5fMmhyGDCsC6Cur"),
        format!("{REFERENCE}$"),
        format!("{REFERENCE}="),
        REFERENCE.replace("NWaxf", "NWax!"),
        REFERENCE.replace("c2FsdHNhbHQ", "c2Fsd"),
        REFERENCE.replace("$v=19", ""),
        REFERENCE.replace("v=19", "v=16"),
        REFERENCE.replace("argon2id", "argon2i"),
        REFERENCE.replace("argon2id", "scrypt"),
        with("m=256,t=3"),
        with("m=256,t=3,p=4,data=c2FsdA"),
        with("m=256,t=3,p=0"),
        with("m=256,t=0,p=4"),
        with("m=31,t=3,p=4"),
        with("m=-1,t=3,p=4"),
        // These costs would occupy a thread for minutes, or the whole machine.
        with("m=1048577,t=1,p=1"),
        with("m=4294967295,t=1,p=1"),
        with("m=256,t=33,p=4"),
        with("m=256,t=4294967296,p=4"),
    ] {
        let error = hasher.verify(password(), stored(&damaged)).await.unwrap_err();
        assert!(matches!(error, DependencyError::Broken { dependency: Dependency::PasswordHashing, .. }), "{damaged}");
        let text = format!("{error} {error:?}");
        assert!(["NWax", "c2Fsd", "256"].iter().all(|part| !text.contains(part)), "{damaged}: {text}");
    }
    phc(&hasher).await;
}

/// Returns a worker whose memory is as the job left it.
fn worker_after(job: impl FnOnce(&mut Worker)) -> Worker {
    let params = Params::new(CHEAP.memory_kib, CHEAP.passes, CHEAP.lanes, Some(TAG_BYTES)).unwrap();
    let mut worker = Worker::new(params, Arc::new(OsRandom));
    assert_eq!(worker.memory.capacity(), 0);
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
fn memory_is_allocated_at_the_first_hash_and_wiped_and_shrunk_when_no_job_waits() {
    let wrong = || Password::parse("correct horse batterz").unwrap();
    let tasks: [Task; 6] = [
        Box::new(|worker| drop(worker.hash(&password(), &phone()).unwrap())),
        Box::new(|worker| drop(worker.verify(&password(), None).unwrap())),
        Box::new(|worker| drop(worker.verify(&password(), Some(&higher_cost())).unwrap())),
        Box::new(move |worker| drop(worker.verify(&wrong(), Some(&higher_cost())).unwrap())),
        Box::new(move |worker| drop(worker.verify(&wrong(), Some(&lower_cost())).unwrap())),
        Box::new(|worker| {
            drop(worker.hash(&password(), &phone()).unwrap());
            panic!("test panic");
        }),
    ];
    for task in tasks {
        let worker = idle_worker_after([task]);
        assert_eq!((worker.memory.len(), worker.memory.capacity()), (64, 64));
        assert!(is_wiped(&worker), "the memory contains data of a hash");
    }
    let weak = worker_after(|worker| drop(worker.hash(&Password::parse("password").unwrap(), &phone()).unwrap()));
    assert_eq!(weak.memory.capacity(), 0);
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
