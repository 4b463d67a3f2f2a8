//! Instructions that the service executes for a request, counted by callgrind and compared with a committed file. Other
//! programs on the machine do not change these counts.

use crate::back_ends::BackEnds;
use crate::client::Client;
use crate::report::Report;
use crate::requests::{Operation, Prepared};
use crate::server::Server;
use crate::sign_up_requests;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::sleep;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions.json");
/// Argument that writes the file instead of comparing with it.
pub const WRITE: &str = "write";
const OPERATIONS: [Operation; 5] =
    [Operation::SendCode, Operation::VerifyCode, Operation::Refresh, Operation::Me, Operation::Captcha];
/// The lowest count is the result: threads that work from time to time, such as the one that draws the letters of
/// captchas, add their work to some rounds.
const ROUNDS: usize = 7;
/// Requests of a round, one after the other.
const REQUESTS: usize = 40;
/// Time of captchas before the first round, until the service has drawn all letters of its captchas.
const WARM_UP: Duration = Duration::from_secs(8);
/// Largest difference from the file, in per cent.
const TOLERANCE: f64 = 5.0;
/// Time after the last response of a round, for the work that follows it.
const PAUSE: Duration = Duration::from_millis(100);

/// Counts, and what they depend on.
#[derive(Serialize, Deserialize)]
struct Counts {
    /// `rustc --version`.
    compiler: String,
    architecture: String,
    /// Instructions of one request.
    instructions: BTreeMap<String, u64>,
}

pub async fn measure(back_ends: &Arc<BackEnds>, write: bool, report: &mut Report) {
    report.heading("Instructions for one request, Redis and PostgreSQL");
    let measured = Counts {
        compiler: compiler(),
        architecture: std::env::consts::ARCH.to_owned(),
        instructions: count_all(back_ends).await,
    };
    if write {
        fs::write(FILE, serde_json::to_string_pretty(&measured).unwrap() + "\n").unwrap();
    }
    measured.compare(&serde_json::from_str(&fs::read_to_string(FILE).unwrap()).unwrap(), report);
}

impl Counts {
    fn compare(&self, file: &Self, report: &mut Report) {
        let is_comparable = (&self.compiler, &self.architecture) == (&file.compiler, &file.architecture);
        if !is_comparable {
            report.note("not compared: the file is of", &format!("{}, {}", file.compiler, file.architecture));
            report.note("this build is of", &format!("{}, {}", self.compiler, self.architecture));
        }
        for (name, count) in &self.instructions {
            let Some(expected) = file.instructions.get(name).filter(|_| is_comparable) else {
                report.note(name, &count.to_string());
                continue;
            };
            let change = (*count as f64 / *expected as f64 - 1.0) * 100.0;
            let (figure, target) = (format!("{count} ({change:+.1} %)"), format!("{expected} +- {TOLERANCE} %"));
            report.check(name, &figure, &target, change.abs() <= TOLERANCE);
        }
        println!("  `make bench-guard ARGUMENTS={WRITE}` renews the file");
    }
}

async fn count_all(back_ends: &Arc<BackEnds>) -> BTreeMap<String, u64> {
    let callgrind = Callgrind::new();
    let mut server = back_ends.serve_in(callgrind.command(), &[("WORKERS", "1".to_owned())]);
    server.first_response("/readyz").await;
    sign_up_requests::captchas_for(server.port, WARM_UP).await;
    let mut counts = BTreeMap::new();
    for operation in OPERATIONS {
        let requests = operation.prepare(back_ends, server.port, (REQUESTS * (ROUNDS + 1)) as u32).await;
        counts.insert(operation.name().to_owned(), count(&callgrind, &server, requests).await);
    }
    counts
}

/// Instructions for one request. The first round is not counted: it does what is done once.
async fn count(callgrind: &Callgrind, server: &Server, mut requests: Vec<Prepared>) -> u64 {
    let (mut client, mut dumps) = (Client::connect(server.port).await.unwrap(), Vec::new());
    callgrind.control(server, &["--instr=on"]);
    for _ in 0..=ROUNDS {
        for request in requests.drain(..REQUESTS) {
            request.send(&mut client).await.unwrap();
        }
        sleep(PAUSE).await;
        dumps.push(callgrind.dump(server));
    }
    callgrind.control(server, &["--instr=off"]);
    dumps.into_iter().skip(1).min().unwrap() / REQUESTS as u64
}

/// A folder for the counts.
struct Callgrind(TempDir);

impl Callgrind {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Program that executes another one and counts nothing yet.
    fn command(&self) -> Command {
        let mut command = Command::new("valgrind");
        command.args(["--quiet", "--tool=callgrind", "--instr-atstart=no"]);
        command.arg(format!("--callgrind-out-file={}", self.0.path().join("counts").display()));
        command
    }

    fn control(&self, server: &Server, arguments: &[&str]) {
        let output = Command::new("callgrind_control").args(arguments).arg(server.pid().to_string()).output().unwrap();
        assert!(output.status.success(), "callgrind_control: {output:?}");
    }

    /// Returns the instructions since the last dump, of all threads.
    fn dump(&self, server: &Server) -> u64 {
        self.control(server, &["--dump"]);
        let files = fs::read_dir(self.0.path()).unwrap().map(|entry| entry.unwrap().path());
        let dumps: Vec<_> = files.filter(|path| path.extension().is_some()).collect();
        let count = |path: &Path| {
            let text = fs::read_to_string(path).unwrap();
            let total = text.lines().find_map(|line| line.strip_prefix("totals: ")).unwrap();
            total.trim().parse::<u64>().unwrap()
        };
        let sum = dumps.iter().map(|path| count(path)).sum();
        dumps.iter().for_each(|path| fs::remove_file(path).unwrap());
        sum
    }
}

fn compiler() -> String {
    let output = Command::new("rustc").arg("--version").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
