//! File descriptors of the program.

use crate::client::Client;
use crate::doorstep::{DEADLINE, Doorstep, Folder};
use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::time::Instant;

impl Doorstep {
    fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.id())).unwrap().count()
    }
}

/// The soft limit is 1,024 on most systems; here it is 100.
#[actix_web::test]
async fn the_soft_limit_of_descriptors_is_raised_to_the_hard_one() {
    let folder = Folder::new();
    let doorstep = folder.start_with_soft_limit(100, &[]);
    let client = Client::new(&doorstep.url());
    let limits = fs::read_to_string(format!("/proc/{}/limits", doorstep.id())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let values: Vec<_> = line.split_whitespace().collect();
    assert_eq!(values[3], values[4], "{line}");
    let address = doorstep.address();
    let sockets: Vec<_> = (0..200).map(|_| TcpStream::connect(&address).unwrap()).collect();
    assert_eq!(client.get("/healthz").await.status, 200);
    assert!(doorstep.descriptors() > sockets.len());
}

/// 192 clients disconnect in the middle of a request body, and 192 more before the response.
#[actix_web::test]
async fn the_descriptors_of_clients_that_disconnect_are_closed() {
    let folder = Folder::new();
    let (doorstep, client) = folder.serve(&[]).await;
    let address = doorstep.address();
    assert_eq!(client.get("/healthz").await.status, 200);
    let before = doorstep.descriptors();
    let head = "POST /v1/captchas HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n";
    let sockets: Vec<_> = [format!("{head}{{"), format!("{head}{{}}")]
        .iter()
        .cycle()
        .take(384)
        .map(|request| {
            let mut socket = TcpStream::connect(&address).unwrap();
            socket.write_all(request.as_bytes()).unwrap();
            socket
        })
        .collect();
    drop(sockets);
    let deadline = Instant::now() + DEADLINE;
    while doorstep.descriptors() > before {
        assert!(Instant::now() < deadline, "{} descriptors, {before} before", doorstep.descriptors());
        assert_eq!(client.get("/healthz").await.status, 200);
    }
}
