//! `GET /dev/messages`: the messages of the console provider, for the demo page.
//!
//! The codes in them open accounts. The row exists in development only, while the address of the server is a loopback
//! address and every message goes to the console. Even then a web page of another origin, a client of a tunnel and a
//! name that resolves to this machine (DNS rebinding) get `not_found`.

use crate::domain::outbox::Outbox;
use crate::http::dto::outbox::{After, Message, Messages};
use crate::http::endpoint::{Endpoint, get};
use crate::http::error::{Code, Problem};
use crate::http::response::Reply;
use actix_web::http::header::{HOST, HeaderMap, HeaderValue};
use actix_web::{HttpRequest, web};
use std::net::IpAddr;

pub(super) fn endpoint(outbox: Outbox) -> Endpoint {
    get("/dev/messages", move |request: HttpRequest| std::future::ready(messages(&outbox, &request)))
}

fn messages(outbox: &Outbox, request: &HttpRequest) -> Result<Reply<Messages>, Problem> {
    let is_local_peer = request.peer_addr().is_some_and(|peer| peer.ip().to_canonical().is_loopback());
    if !is_local_peer || !is_local(request.headers()) {
        return Err(Problem::new(Code::NotFound));
    }
    let after = web::Query::<After>::from_query(request.query_string()).map_or(0, |query| query.after);
    let (messages, last) = outbox.after(after);
    let messages = messages.into_iter().map(|one| Message { number: one.number, to: one.to, text: one.text });
    Ok(Reply::new(Messages { messages: messages.collect(), last }))
}

/// Tells whether the headers are those of a program on this machine, or of the demo page in a browser on it.
fn is_local(headers: &HeaderMap) -> bool {
    let is_foreign = FOREIGN.iter().any(|name| headers.contains_key(*name));
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    !is_foreign && site.is_none_or(|site| site == b"same-origin") && host.is_some_and(is_loopback)
}

/// Headers that proxies and tunnels add, and the one of a page of another origin.
const FOREIGN: [&str; 6] = ["forwarded", "origin", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"];

/// Tells whether a `Host` names this machine: `localhost`, or a loopback address, with or without a port.
fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').filter(|(_, port)| !port.contains(']')).map_or(host, |(name, _)| name);
    let address = name.trim_start_matches('[').trim_end_matches(']').parse();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_local() {
        for host in ["localhost", "LOCALHOST:8080", "127.0.0.1", "127.1.2.3:80", "[::1]", "[::1]:8080"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["", "example.com", "localhost.example.com", "127.0.0.1.nip.io:8080", "10.0.0.1", "[::2]:80"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
