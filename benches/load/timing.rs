//! Whether the time of an answer tells a phone that has an account from one that has none.

use crate::accounts;
use crate::back_ends::{BackEnds, Kind};
use crate::client::Client;
use crate::distribution::{Difference, Times};
use crate::report::Report;
use crate::sign_up::{self, Surprise, expect};
use crate::signed_in::log_in_body;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use std::time::Instant;

/// Phones with an account, and as many without; each is tried once, because everybody may do that.
const EACH: u32 = 2_500;
/// The first ones fill caches.
const WARM_UP: usize = 200;
/// Beyond this chance alone would not go in a thousand tests.
const DETECTABLE: f64 = 3.29;

/// One at a time, in random order, over one connection.
pub async fn measure(back_ends: &BackEnds, kind: Kind, report: &mut Report) {
    let mut server = back_ends.serve(kind);
    server.first_answer("/readyz").await;
    let mut client = Client::connect(server.port).await.unwrap();
    for question in [Question::WrongPassword, Question::Code] {
        let heading = question.heading();
        report.heading(&format!("{heading} ({kind:?} back ends), one at a time; microseconds by the clock"));
        let numbers = accounts::numbers(2 * EACH);
        accounts::insert(back_ends, kind, numbers.clone(), 2).await;
        let known = |number: u32| (number - numbers.start).is_multiple_of(2);
        let mut phones: Vec<_> = numbers.clone().map(|number| (known(number), accounts::phone(number))).collect();
        phones.shuffle(&mut StdRng::seed_from_u64(1));
        let asked = question.ask(&mut client, phones).await.unwrap();
        compare(&asked, report);
    }
}

/// An answer that took so long, and whether the phone has an account.
struct Asked {
    known: bool,
    micros: f64,
}

#[derive(Clone, Copy)]
enum Question {
    WrongPassword,
    Code,
}

impl Question {
    const fn heading(self) -> &'static str {
        match self {
            Self::WrongPassword => "Login with a wrong password",
            Self::Code => "Login, send-code",
        }
    }

    /// Everything that has to be got beforehand is got before the first is asked: the next follows at once, and would meet
    /// whatever the one before left to do.
    async fn ask(self, client: &mut Client, phones: Vec<(bool, String)>) -> Result<Vec<Asked>, Surprise> {
        let (mut bodies, mut asked) = (Vec::new(), Vec::new());
        for (known, phone) in phones {
            let body = match self {
                Self::WrongPassword => log_in_body(&phone, "harbour quince 0815"),
                Self::Code => sign_up::send_body(&phone, &sign_up::captcha(client).await?),
            };
            bodies.push((known, body));
        }
        let (path, status) = match self {
            Self::WrongPassword => ("/v1/login", 401),
            Self::Code => ("/v1/login/send-code", 200),
        };
        for (known, body) in bodies {
            let started = Instant::now();
            let answer = client.post(path, &body).await;
            asked.push(Asked { known, micros: started.elapsed().as_secs_f64() * 1e6 });
            expect(path, status, answer)?;
        }
        Ok(asked)
    }
}

fn compare(asked: &[Asked], report: &mut Report) {
    let times = |of: &dyn Fn(&[Asked]) -> bool| {
        let wanted = asked.windows(2).skip(WARM_UP).filter(|pair| of(pair));
        Times::new(wanted.map(|pair| pair[1].micros).collect())
    };
    let (known, unknown) = (times(&|pair| pair[1].known), times(&|pair| !pair[1].known));
    report.note("with an account", &known.to_string());
    report.note("without", &unknown.to_string());
    judge("difference", &known, &unknown, report);
    let (known, unknown) = (times(&|pair| pair[0].known), times(&|pair| !pair[0].known));
    judge("difference that the one before makes", &known, &unknown, report);
}

fn judge(what: &str, known: &Times, unknown: &Times, report: &mut Report) {
    let difference = Difference::of(known, unknown);
    let target = format!("|z| < {DETECTABLE}");
    report.judge(what, &difference.to_string(), &target, difference.z.abs() < DETECTABLE);
}
