use super::*;
use crate::adapters::system::OsRandom;
use crate::ports::PasswordHasher;
use argon2::PasswordVerifier;
use std::future::poll_fn;
use std::pin::Pin;
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

/// Hands the job over, without waiting for its end; what is ready at once comes back.
async fn begin<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    poll_fn(|context| match Pin::new(&mut *future).poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

const LONG: Duration = Duration::from_secs(30);

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
    assert!(begin(&mut running).await.is_none());
    reached.recv_timeout(LONG).unwrap();
    let mut waiting: Vec<_> = (0..QUEUE_PER_THREAD).map(|_| hasher.hash(password(), &owner)).collect();
    for job in &mut waiting {
        assert!(begin(job).await.is_none());
    }
    let refused = begin(&mut hasher.hash(password(), &owner)).await;
    assert!(matches!(refused, Some(Err(Failure::Overloaded(Dependency::PasswordHashing)))), "{refused:?}");
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
    assert!(begin(&mut running).await.is_none());
    reached.recv_timeout(LONG).unwrap();
    let mut given_up = hasher.hash(password(), &owner);
    assert!(begin(&mut given_up).await.is_none());
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
    dropped.recv_timeout(LONG).unwrap();
}

#[test]
fn memory_is_taken_at_the_first_hash_and_wiped_when_no_job_waits() {
    let params = Params::new(CHEAP.memory_kib, CHEAP.passes, CHEAP.lanes, Some(TAG_BYTES)).unwrap();
    let mut bench = Worker::new(CHEAP, params, Arc::new(OsRandom));
    assert_eq!(bench.memory.capacity(), 0);
    bench.hash(&password(), &phone()).unwrap();
    let words = |bench: &Worker| bench.memory.iter().flat_map(|block| block.as_ref().to_vec()).collect::<Vec<u64>>();
    assert!(words(&bench).iter().any(|word| *word != 0));

    let (queue, jobs) = sync_channel(2);
    let answers = [(); 2].map(|()| {
        let (answer, answered) = oneshot::channel();
        queue.send(Job { password: password(), owner: phone(), answer }).unwrap();
        answered
    });
    drop(queue);
    bench.work(&Mutex::new(jobs));
    assert_eq!(bench.memory.len(), 64);
    assert!(words(&bench).iter().all(|word| *word == 0));
    // Whatever the one before left behind is in none of them.
    for mut answer in answers {
        let Ok(Ok(Hashed::Hash(hash))) = answer.try_recv() else { panic!("no hash") };
        argon2::Argon2::default().verify_password(password().expose(), hash.expose()).unwrap();
    }
}

#[test]
fn an_impossible_cost_is_refused() {
    let random: Arc<dyn Random> = Arc::new(OsRandom);
    let refused = Argon2id::start(Cost { passes: 0, ..CHEAP }, NonZeroUsize::MIN, &random);
    assert!(matches!(refused, Err(StartError::Cost(_))));
}
