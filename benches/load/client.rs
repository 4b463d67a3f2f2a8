//! A minimal HTTP/1.1 client: one connection, one request after the other. It shares the cores with the server, so it
//! must take almost no processor time.

use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One keep-alive connection.
pub struct Client {
    stream: TcpStream,
    /// Head and body of the last response.
    received: Vec<u8>,
}

pub struct Response<'a> {
    pub status: u16,
    pub body: &'a str,
}

impl Client {
    pub async fn connect(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::with_capacity(8 * 1024) })
    }

    pub async fn get(&mut self, path: &str) -> io::Result<Response<'_>> {
        self.exchange(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await
    }

    pub async fn post(&mut self, path: &str, body: &str) -> io::Result<Response<'_>> {
        self.send("POST", path, "", body).await
    }

    /// Sends a GET request with an access token.
    pub async fn get_as(&mut self, token: &str, path: &str) -> io::Result<Response<'_>> {
        self.exchange(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{}\r\n", bearer(token))).await
    }

    /// Sends a request with a body and an access token.
    pub async fn send_as(&mut self, token: &str, method: &str, path: &str, body: &str) -> io::Result<Response<'_>> {
        self.send(method, path, &bearer(token), body).await
    }

    async fn send(&mut self, method: &str, path: &str, fields: &str, body: &str) -> io::Result<Response<'_>> {
        let length = body.len();
        let head = "Host: localhost\r\nContent-Type: application/json\r\nContent-Length";
        self.exchange(&format!("{method} {path} HTTP/1.1\r\n{fields}{head}: {length}\r\n\r\n{body}")).await
    }

    async fn exchange(&mut self, request: &str) -> io::Result<Response<'_>> {
        self.stream.write_all(request.as_bytes()).await?;
        self.received.clear();
        loop {
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some((head, end)) = lengths(&self.received).filter(|(_, end)| *end <= self.received.len()) {
                let status = std::str::from_utf8(&self.received[9..12]).ok().and_then(|text| text.parse().ok());
                let body = std::str::from_utf8(&self.received[head..end]).ok();
                let (status, body) = status.zip(body).ok_or(io::ErrorKind::InvalidData)?;
                return Ok(Response { status, body });
            }
        }
    }
}

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\n")
}

/// Returns the lengths of the head and of the complete response, once the head is received. Every response except 204
/// has a `Content-Length`.
fn lengths(received: &[u8]) -> Option<(usize, usize)> {
    let head = received.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    if received.starts_with(b"HTTP/1.1 204") {
        return Some((head, head));
    }
    let lines = std::str::from_utf8(&received[..head]).ok()?.lines();
    let mut fields = lines.filter_map(|line| line.split_once(':'));
    let (_, length) = fields.find(|(name, _)| name.eq_ignore_ascii_case("content-length"))?;
    Some((head, head + length.trim().parse::<usize>().ok()?))
}

impl Response<'_> {
    /// Returns a text field of a JSON body in the format of `serde_json`.
    pub fn field(&self, name: &str) -> Option<String> {
        let (_, rest) = self.body.split_once(&format!("\"{name}\":\""))?;
        rest.split('"').next().map(str::to_owned)
    }
}
