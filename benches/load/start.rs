//! Time from the start of the service to its first response.

use crate::back_ends::{BackEnds, Kind};
use crate::report::{Report, median};
use std::sync::Arc;
use std::time::Duration;

/// An odd number, for the median.
const STARTS: usize = 21;

pub async fn measure(back_ends: &Arc<BackEnds>, report: &mut Report) {
    for kind in [Kind::Embedded, Kind::Real] {
        report.heading(&format!("Start ({kind:?} back ends), {STARTS} times; wall clock, min / median / max"));
        // The first start creates the keys and migrates the SQLite file.
        back_ends.serve(kind).first_response("/readyz").await;
        let (mut first, mut ready) = (Vec::new(), Vec::new());
        for _ in 0..STARTS {
            let mut server = back_ends.serve(kind);
            first.push(millis(server.first_response("/healthz").await));
            ready.push(millis(server.first_response("/readyz").await));
        }
        let median = median(first.clone());
        report.check("exec to first response (/healthz)", &spread(first), "< 50 ms", median < 50.0);
        report.note("exec to /readyz 200", &spread(ready));
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn spread(figures: Vec<f64>) -> String {
    let min = figures.iter().copied().fold(f64::INFINITY, f64::min);
    let max = figures.iter().copied().fold(0.0, f64::max);
    format!("{min:.1} / {:.1} / {max:.1} ms", median(figures))
}
