//! Standard output and standard error that accept nothing: a reader that has stopped or gone, a full disk.

use crate::client::Client;
use crate::doorstep::{DEADLINE, Folder};
use crate::support::process::free_ports;
use serde_json::Value;
use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Read, Write, pipe};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Pipelined requests of one round, on each of four connections.
const REQUESTS: usize = 1_000;
/// Longest time of a shutdown whose last lines nobody reads, on a busy machine.
const SHUTDOWN_TIME: Duration = Duration::from_secs(15);

/// Server whose output does not go to the test.
struct Server {
    child: Child,
    client: Client,
    address: String,
    metrics: String,
    _folder: Folder,
}

impl Server {
    async fn start(stdout: Stdio) -> Self {
        let folder = Folder::new();
        let [address, metrics] = free_ports::<2>().map(|port| format!("127.0.0.1:{port}"));
        let settings = [("BIND", &*address), ("METRICS_BIND", &metrics), ("LOG_FORMAT", "json")];
        let child = folder.start_with_outputs(stdout, Stdio::null(), &settings);
        let client = Client::new(&format!("http://{address}"));
        client.wait_for_start().await;
        Self { child, client, address, metrics: format!("http://{metrics}/metrics"), _folder: folder }
    }

    /// Lines that are lost so far.
    async fn lost(&self) -> u64 {
        let text = reqwest::get(&self.metrics).await.unwrap().text().await.unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("doorstep_log_lines_lost_total "));
        line.unwrap().parse().unwrap()
    }

    /// Sends requests on four connections, and waits for all responses.
    fn send_requests(&self) {
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| send_requests(&self.address));
            }
        });
    }

    /// Sends requests until lines are lost. Returns the number of requests.
    async fn send_until_lines_are_lost(&self) -> usize {
        let (mut sent, deadline) = (0, Instant::now() + DEADLINE);
        while self.lost().await == 0 {
            assert!(Instant::now() < deadline, "no line is lost after {sent} requests");
            self.send_requests();
            sent += 4 * REQUESTS;
        }
        sent
    }

    /// Sends SIGTERM and waits until the process has ended.
    fn stop(&mut self) -> ExitStatus {
        assert!(Command::new("kill").arg(self.child.id().to_string()).status().unwrap().success());
        wait(&mut self.child)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn send_requests(address: &str) {
    const ROUND: usize = 10;
    let mut socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    let mut responses = BufReader::new(socket.try_clone().unwrap());
    for _ in 0..REQUESTS / ROUND {
        socket.write_all("GET /x HTTP/1.1\r\nHost: x\r\n\r\n".repeat(ROUND).as_bytes()).unwrap();
        for _ in 0..ROUND {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                assert!(responses.read_until(b'\n', &mut head).unwrap() > 0, "the connection has ended");
            }
            let head = String::from_utf8(head).unwrap().to_lowercase();
            assert!(head.starts_with("http/1.1 404"), "{head}");
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            responses.read_exact(&mut vec![0; length.parse().unwrap()]).unwrap();
        }
    }
}

fn wait(child: &mut Child) -> ExitStatus {
    let deadline = Instant::now() + SHUTDOWN_TIME;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(Instant::now() < deadline, "the process still runs");
        thread::yield_now();
    }
}

/// Pipe that accepts nothing more.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = pipe().unwrap();
    // Linux: 64 KiB.
    writer.write_all(&[b'\n'; 65_536]).unwrap();
    (reader, writer)
}

/// A reader that has stopped also gets every line that was kept, each one whole, and the number of those that were not.
#[actix_web::test]
async fn a_reader_that_continues_learns_how_many_lines_are_lost() {
    let (reader, writer) = pipe().unwrap();
    let mut server = Server::start(writer.into()).await;
    let sent = server.send_until_lines_are_lost().await;
    assert_eq!(server.client.get("/healthz").await.status, 200);
    let lost = server.lost().await;
    let (sender, received) = mpsc::channel();
    thread::spawn(move || BufReader::new(reader).lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
    // Until then the queue can be full, and lose the lines about the shutdown.
    let mut lines: Vec<String> = Vec::new();
    while !lines.last().is_some_and(|line| line.contains("log lines lost")) {
        lines.push(received.recv_timeout(DEADLINE).unwrap());
    }
    assert!(server.stop().success());
    lines.extend(received);
    let lines: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).expect(line)).collect();
    let with = |message: &str| lines.iter().filter(|line| line["message"] == message).collect::<Vec<_>>();
    let [report] = with("log lines lost")[..] else { panic!("{:?}", with("log lines lost")) };
    assert_eq!(report["lines"], lost);
    assert_eq!(with("shutdown complete").len(), 1);
    let mut requests = with("request completed");
    requests.retain(|line| line["status"] == 404);
    // The last line can be that of /healthz.
    assert!(requests.len() + lost as usize - sent <= 1, "{} + {lost} of {sent}", requests.len());
}

#[actix_web::test]
async fn a_reader_that_has_stopped_stops_neither_requests_nor_the_shutdown() {
    let (_reader, writer) = full_pipe();
    let mut server = Server::start(writer.into()).await;
    server.send_requests();
    assert_eq!(server.client.get("/healthz").await.status, 200);
    assert!(server.stop().success());
}

#[actix_web::test]
async fn an_output_that_has_gone_or_is_full_stops_nothing() {
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    for output in [Stdio::from(writer), Stdio::from(full)] {
        let mut server = Server::start(output).await;
        server.send_requests();
        assert!(server.lost().await > 0);
        assert!(server.stop().success());
    }
}

/// The error of a start goes to standard error, which nobody reads either.
#[actix_web::test]
async fn a_failed_start_ends_although_nobody_reads_its_error() {
    let folder = Folder::new();
    let ((_stdout, stdout), (_stderr, stderr)) = (full_pipe(), full_pipe());
    let settings = [("BIND", "192.0.2.1:80"), ("ALLOW_INSECURE_DEVELOPMENT", "true"), ("METRICS_BIND", "off")];
    let mut child = folder.start_with_outputs(stdout.into(), stderr.into(), &settings);
    assert!(!wait(&mut child).success());
}
