//! What the service does in a second, beside what argon2id alone could do on the same cores: everything here makes one hash.

use crate::back_ends::BackEnds;
use crate::client::Client;
use crate::hashing;
use crate::process;
use crate::report::{Report, median};
use crate::server::Server;
use crate::sign_up::Surprise;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::task::spawn_local;
use tokio::time::sleep;

const CLIENTS: usize = 64;
/// An odd number, for the median.
const ROUNDS: usize = 11;
/// Until every client is somewhere else in its flow.
const RAMP: Duration = Duration::from_secs(1);
const RUN: Duration = Duration::from_secs(4);
/// Before and after each run.
const HASHING: Duration = Duration::from_secs(2);

/// What every client does again and again.
pub struct Flow<F> {
    /// More than one of it.
    pub name: &'static str,
    /// How many of it there should be for each hash that could have been made.
    pub target: f64,
    pub run: F,
}

pub async fn measure<F>(back_ends: &BackEnds, server: &Server, flow: Flow<F>, report: &mut Report)
where
    F: AsyncFn(&mut Client) -> Result<(), Surprise> + 'static,
{
    let Flow { name, target, run: flow } = flow;
    println!("  {CLIENTS} clients, {ROUNDS} times {} s", RUN.as_secs());
    let (flow, mut clock, mut time, mut surprises) = (Rc::new(flow), Vec::new(), Vec::new(), Vec::new());
    let mut before = hashing::measure(HASHING);
    for _ in 0..ROUNDS {
        let run = run(back_ends, server, &flow).await;
        let after = hashing::measure(HASHING);
        let alone = before.mean(&after);
        println!("  hashing {:.1}/s, {:.2} ms each; {name} {run}", alone.per_second, alone.cost);
        clock.push(run.per_second / alone.per_second);
        time.push(alone.cost / run.costs.sum());
        surprises.extend(run.surprises);
        before = after;
    }
    let ratio = median(time);
    let (what, bound) = (format!("{name} / hashes, on the cores' time"), format!(">= {target:.2}"));
    report.judge(&what, &format!("{ratio:.3}"), &bound, ratio >= target);
    report.note("the same by the clock, other programs included", &format!("{:.3}", median(clock)));
    let peak = process::memory(server.pid(), "VmHWM");
    report.judge("resident, at most", &format!("{peak:.1} MB"), "< 120 MB", peak < 120.0);
    report.judge("answers that were not expected", &surprises.len().to_string(), "0", surprises.is_empty());
    surprises.iter().take(5).for_each(|surprise| println!("    {surprise}"));
}

struct Run {
    per_second: f64,
    costs: Costs,
    surprises: Vec<Surprise>,
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Costs { server, redis, postgres, own, idle } = self.costs;
        write!(f, "{:.1}/s, {:.2} ms each: server {server:.2}, ", self.per_second, self.costs.sum())?;
        write!(f, "Redis {redis:.2}, PostgreSQL {postgres:.2}, clients and provider {own:.2}, idle {idle:.2}")
    }
}

/// Milliseconds of the cores' time: since everybody started, or for one. What other programs take is in none.
struct Costs {
    server: f64,
    redis: f64,
    postgres: f64,
    /// Clients and SMS provider.
    own: f64,
    /// Nobody's.
    idle: f64,
}

impl Costs {
    fn now(back_ends: &BackEnds, server: &Server) -> Self {
        let millis = |time: Duration| time.as_secs_f64() * 1e3;
        Self {
            server: millis(server.cpu()),
            redis: millis(back_ends.redis_cpu()),
            postgres: millis(back_ends.postgres_cpu()),
            own: millis(process::cpu(std::process::id())),
            idle: millis(process::idle()),
        }
    }

    fn each(&self, earlier: &Self, done: f64) -> Self {
        Self {
            server: (self.server - earlier.server) / done,
            redis: (self.redis - earlier.redis) / done,
            postgres: (self.postgres - earlier.postgres) / done,
            own: (self.own - earlier.own) / done,
            idle: (self.idle - earlier.idle) / done,
        }
    }

    const fn sum(&self) -> f64 {
        self.server + self.redis + self.postgres + self.own + self.idle
    }
}

async fn run<F>(back_ends: &BackEnds, server: &Server, flow: &Rc<F>) -> Run
where
    F: AsyncFn(&mut Client) -> Result<(), Surprise> + 'static,
{
    let crowd = Rc::new(Crowd::default());
    let clients: Vec<_> =
        (0..CLIENTS).map(|_| spawn_local(Rc::clone(&crowd).keep_on(Rc::clone(flow), server.port))).collect();
    sleep(RAMP).await;
    let (started, done, costs) = (Instant::now(), crowd.done.get(), Costs::now(back_ends, server));
    sleep(RUN).await;
    let (took, done) = (started.elapsed(), f64::from(crowd.done.get() - done));
    let costs = Costs::now(back_ends, server).each(&costs, done);
    crowd.stop.set(true);
    for client in clients {
        client.await.unwrap();
    }
    Run { per_second: done / took.as_secs_f64(), costs, surprises: crowd.surprises.take() }
}

#[derive(Default)]
struct Crowd {
    stop: Cell<bool>,
    done: Cell<u32>,
    surprises: RefCell<Vec<Surprise>>,
}

impl Crowd {
    async fn keep_on(self: Rc<Self>, flow: Rc<impl AsyncFn(&mut Client) -> Result<(), Surprise>>, port: u16) {
        let mut client = Client::connect(port).await.unwrap();
        while !self.stop.get() {
            match flow(&mut client).await {
                Ok(()) => self.done.set(self.done.get() + 1),
                Err(surprise) => self.surprises.borrow_mut().push(surprise),
            }
        }
    }
}
