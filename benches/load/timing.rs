//! Response times for phones with and without an account, which must not differ.

use crate::accounts;
use crate::back_ends::{BackEnds, Kind};
use crate::client::Client;
use crate::distribution::{Difference, Times};
use crate::report::Report;
use crate::session_requests::log_in_body;
use crate::sign_up_requests::{self, Unexpected, expect};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use std::time::Instant;

/// Number of phones with an account, and of phones without. Each is used once, so that no limit denies a request.
const PHONES: u32 = 2_500;
/// Number of first requests, which fill caches and are not counted.
const WARM_UP: usize = 200;
/// Limit of |z|: chance alone exceeds it once in a thousand tests.
const DETECTABLE: f64 = 3.29;

/// Sends one request at a time, in random order, over one connection.
pub async fn measure(back_ends: &BackEnds, kind: Kind, report: &mut Report) {
    let mut server = back_ends.serve(kind);
    server.first_response("/readyz").await;
    let mut client = Client::connect(server.port).await.unwrap();
    for request in [Request::WrongPassword, Request::SendCode] {
        let heading = request.heading();
        report.heading(&format!("{heading} ({kind:?} back ends), one at a time; microseconds of wall clock"));
        let numbers = accounts::numbers(2 * PHONES);
        accounts::insert(back_ends, kind, numbers.clone(), 2).await;
        let known = |number: u32| (number - numbers.start).is_multiple_of(2);
        let mut phones: Vec<_> = numbers.clone().map(|number| (known(number), accounts::phone(number))).collect();
        phones.shuffle(&mut StdRng::seed_from_u64(1));
        let samples = request.send_all(&mut client, phones).await.unwrap();
        compare(&samples, report);
    }
}

/// Duration of one request, and whether the phone has an account.
struct Sample {
    known: bool,
    micros: f64,
}

#[derive(Clone, Copy)]
enum Request {
    WrongPassword,
    SendCode,
}

impl Request {
    const fn heading(self) -> &'static str {
        match self {
            Self::WrongPassword => "Login with a wrong password",
            Self::SendCode => "Login, send-code",
        }
    }

    /// Prepares all bodies before the first request. The requests then follow each other at once, so that work left by
    /// one request affects the next.
    async fn send_all(self, client: &mut Client, phones: Vec<(bool, String)>) -> Result<Vec<Sample>, Unexpected> {
        let (mut bodies, mut samples) = (Vec::new(), Vec::new());
        for (known, phone) in phones {
            let body = match self {
                Self::WrongPassword => log_in_body(&phone, "harbour quince 0815"),
                Self::SendCode => sign_up_requests::send_body(&phone, &sign_up_requests::captcha(client).await?),
            };
            bodies.push((known, body));
        }
        let (path, status) = match self {
            Self::WrongPassword => ("/v1/login", 401),
            Self::SendCode => ("/v1/login/send-code", 200),
        };
        for (known, body) in bodies {
            let started = Instant::now();
            let response = client.post(path, &body).await;
            samples.push(Sample { known, micros: started.elapsed().as_secs_f64() * 1e6 });
            expect(path, status, response)?;
        }
        Ok(samples)
    }
}

fn compare(samples: &[Sample], report: &mut Report) {
    let times = |matches: &dyn Fn(&[Sample]) -> bool| {
        let pairs = samples.windows(2).skip(WARM_UP).filter(|pair| matches(pair));
        Times::new(pairs.map(|pair| pair[1].micros).collect())
    };
    let (known, unknown) = (times(&|pair| pair[1].known), times(&|pair| !pair[1].known));
    report.note("with an account", &known.to_string());
    report.note("without an account", &unknown.to_string());
    check("difference", &known, &unknown, report);
    let (known, unknown) = (times(&|pair| pair[0].known), times(&|pair| !pair[0].known));
    check("difference of the next request", &known, &unknown, report);
}

fn check(name: &str, known: &Times, unknown: &Times, report: &mut Report) {
    let difference = Difference::new(known, unknown);
    let target = format!("|z| < {DETECTABLE}");
    report.check(name, &difference.to_string(), &target, difference.z.abs() < DETECTABLE);
}
