//! Ratio of the rate of the service to the rate of argon2id alone on the same cores. Each flow computes one hash.

use crate::back_ends::BackEnds;
use crate::client::Client;
use crate::hashing;
use crate::process;
use crate::report::{Report, median};
use crate::server::Server;
use crate::sign_up_requests::Unexpected;
use doorstep::app::cpu_dispatch;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::task::spawn_local;
use tokio::time::sleep;

const CLIENTS: usize = 64;
/// An odd number, for the median.
const ROUNDS: usize = 11;
/// Time before the measurement, after which the clients are at different steps of their flows.
const RAMP: Duration = Duration::from_secs(1);
const RUN: Duration = Duration::from_secs(4);
/// Duration of argon2id alone, before and after each run.
const HASHING: Duration = Duration::from_secs(2);

/// A flow that every client repeats.
pub struct Flow<F> {
    /// Name in the plural.
    pub name: &'static str,
    /// Minimum of the ratio: flows per hash of argon2id alone.
    pub target: f64,
    /// Maximum of the processor time in milliseconds that the service, Redis and PostgreSQL need besides the hash.
    pub besides: f64,
    pub run: F,
}

pub async fn measure<F>(back_ends: &BackEnds, server: &Server, flow: Flow<F>, report: &mut Report)
where
    F: AsyncFn(&mut Client) -> Result<(), Unexpected> + 'static,
{
    let Flow { name, target, besides: most, run: flow } = flow;
    println!("  doorstep {}, {CLIENTS} clients, {ROUNDS} times {} s", cpu_dispatch::version(), RUN.as_secs());
    let (flow, mut unexpected) = (Rc::new(flow), Vec::new());
    let (mut rates, mut costs, mut besides, mut elsewhere) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut before = hashing::measure(HASHING);
    for _ in 0..ROUNDS {
        let run = run(back_ends, server, &flow).await;
        let after = hashing::measure(HASHING);
        let alone = before.mean(&after);
        println!("  hashing {:.1}/s, {:.2} ms each; {name} {run}", alone.per_second, alone.processor);
        rates.push(run.per_second / alone.per_second);
        costs.push(alone.cost / run.costs.sum());
        besides.push(run.costs.service() - alone.processor);
        elsewhere.push(run.costs.service() - run.costs.hashing);
        unexpected.extend(run.unexpected);
        before = after;
    }
    let ratio = median(costs);
    let (row, bound) = (format!("ratio of {name} to argon2id alone, processor time"), format!(">= {target:.2}"));
    report.check(&row, &format!("{ratio:.3}"), &bound, ratio >= target);
    report.note("the same ratio by wall clock, other programs included", &format!("{:.3}", median(rates)));
    let row = |threads| format!("processor time of {name} {threads}");
    let (figure, bound) = (with_range(&besides), format!("<= {most:.1} ms"));
    report.check(&row("besides the hash"), &figure, &bound, median(besides) <= most);
    report.note(&row("on all but the hashing threads"), &with_range(&elsewhere));
    let peak = process::memory(server.pid(), "VmHWM");
    report.check("peak resident memory", &format!("{peak:.1} MB"), "< 120 MB", peak < 120.0);
    report.check("unexpected responses", &unexpected.len().to_string(), "0", unexpected.is_empty());
    unexpected.iter().take(5).for_each(|response| println!("    {response}"));
}

/// Median, smallest and largest of these milliseconds.
fn with_range(figures: &[f64]) -> String {
    let min = figures.iter().copied().fold(f64::INFINITY, f64::min);
    let max = figures.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("{:.2} ms ({min:.2} to {max:.2})", median(figures.to_vec()))
}

struct Run {
    per_second: f64,
    costs: Costs,
    unexpected: Vec<Unexpected>,
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Costs { server, hashing, redis, postgres, own, idle } = self.costs;
        write!(f, "{:.1}/s, {:.2} ms each: server {server:.2}, ", self.per_second, self.costs.sum())?;
        write!(f, "of which {hashing:.2} on the hashing threads, ")?;
        write!(f, "Redis {redis:.2}, PostgreSQL {postgres:.2}, clients and provider {own:.2}, idle {idle:.2}")
    }
}

/// Processor time in milliseconds: since the start of the processes, or per flow. Other programs are not included.
struct Costs {
    server: f64,
    /// The part of the server that its hashing threads need.
    hashing: f64,
    redis: f64,
    postgres: f64,
    /// This process: clients and SMS provider.
    own: f64,
    /// Time in which the cores had no work.
    idle: f64,
}

impl Costs {
    fn now(back_ends: &BackEnds, server: &Server) -> Self {
        let millis = |time: Duration| time.as_secs_f64() * 1e3;
        Self {
            server: millis(server.cpu()),
            hashing: millis(process::cpu_of_threads(server.pid(), "argon2id")),
            redis: millis(back_ends.redis_cpu()),
            postgres: millis(back_ends.postgres_cpu()),
            own: millis(process::cpu(std::process::id())),
            idle: millis(process::idle()),
        }
    }

    /// Returns the costs per flow since `earlier`.
    fn per_flow(&self, earlier: &Self, done: f64) -> Self {
        Self {
            server: (self.server - earlier.server) / done,
            hashing: (self.hashing - earlier.hashing) / done,
            redis: (self.redis - earlier.redis) / done,
            postgres: (self.postgres - earlier.postgres) / done,
            own: (self.own - earlier.own) / done,
            idle: (self.idle - earlier.idle) / done,
        }
    }

    /// The service and its stores, without clients and provider.
    const fn service(&self) -> f64 {
        self.server + self.redis + self.postgres
    }

    const fn sum(&self) -> f64 {
        self.service() + self.own + self.idle
    }
}

async fn run<F>(back_ends: &BackEnds, server: &Server, flow: &Rc<F>) -> Run
where
    F: AsyncFn(&mut Client) -> Result<(), Unexpected> + 'static,
{
    let clients = Rc::new(Clients::default());
    let tasks: Vec<_> =
        (0..CLIENTS).map(|_| spawn_local(Rc::clone(&clients).repeat(Rc::clone(flow), server.port))).collect();
    sleep(RAMP).await;
    let (started, done, costs) = (Instant::now(), clients.done.get(), Costs::now(back_ends, server));
    sleep(RUN).await;
    let (took, done) = (started.elapsed(), f64::from(clients.done.get() - done));
    let costs = Costs::now(back_ends, server).per_flow(&costs, done);
    clients.stop.set(true);
    for task in tasks {
        task.await.unwrap();
    }
    Run { per_second: done / took.as_secs_f64(), costs, unexpected: clients.unexpected.take() }
}

/// State that all clients of a run share.
#[derive(Default)]
struct Clients {
    stop: Cell<bool>,
    done: Cell<u32>,
    unexpected: RefCell<Vec<Unexpected>>,
}

impl Clients {
    /// Repeats the flow on one connection until the run stops.
    async fn repeat(self: Rc<Self>, flow: Rc<impl AsyncFn(&mut Client) -> Result<(), Unexpected>>, port: u16) {
        let mut client = Client::connect(port).await.unwrap();
        while !self.stop.get() {
            match flow(&mut client).await {
                Ok(()) => self.done.set(self.done.get() + 1),
                Err(response) => self.unexpected.borrow_mut().push(response),
            }
        }
    }
}
