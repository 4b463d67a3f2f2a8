//! How soon the service answers after it was started.

use crate::back_ends::{BackEnds, Kind};
use crate::report::{Report, median};
use std::sync::Arc;
use std::time::Duration;

/// An odd number, for the median.
const STARTS: usize = 21;

pub async fn measure(back_ends: &Arc<BackEnds>, report: &mut Report) {
    for kind in [Kind::Embedded, Kind::Real] {
        report.heading(&format!("Start ({kind:?} back ends), {STARTS} times; by the clock, min / median / max"));
        // Makes the keys and migrates the SQLite file.
        back_ends.serve(kind).first_answer("/readyz").await;
        let (mut answered, mut ready) = (Vec::new(), Vec::new());
        for _ in 0..STARTS {
            let mut server = back_ends.serve(kind);
            answered.push(millis(server.first_answer("/healthz").await));
            ready.push(millis(server.first_answer("/readyz").await));
        }
        let middle = median(answered.clone());
        report.judge("first answer (/healthz)", &spread(answered), "< 50 ms", middle < 50.0);
        report.note("ready (/readyz says 200)", &spread(ready));
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn spread(figures: Vec<f64>) -> String {
    let least = figures.iter().copied().fold(f64::INFINITY, f64::min);
    let most = figures.iter().copied().fold(0.0, f64::max);
    format!("{least:.1} / {:.1} / {most:.1} ms", median(figures))
}
