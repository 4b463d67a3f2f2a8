//! Statistics of response times, and whether two sets of times differ.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::fmt;

/// Microseconds, sorted.
pub struct Times(Vec<f64>);

impl Times {
    pub fn new(mut times: Vec<f64>) -> Self {
        times.sort_by(f64::total_cmp);
        Self(times)
    }

    /// Returns the time that this share of the times does not exceed.
    fn quantile(&self, share: f64) -> f64 {
        self.0[((self.0.len() - 1) as f64 * share).round() as usize]
    }

    /// Returns a bootstrap sample: the same number of times, drawn with replacement.
    fn resampled(&self, random: &mut StdRng) -> Self {
        Self::new((0..self.0.len()).map(|_| self.0[random.random_range(..self.0.len())]).collect())
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(times) = self;
        write!(f, "n {}, mean {:.0}, ", times.len(), times.iter().sum::<f64>() / times.len() as f64)?;
        let quantiles = [0.05, 0.25, 0.5, 0.75, 0.95, 0.99].map(|share| format!("{:.0}", self.quantile(share)));
        write!(f, "p5/25/50/75/95/99 {}", quantiles.join("/"))
    }
}

pub struct Difference {
    /// Difference of the medians: positive if the first times are longer.
    pub medians: f64,
    /// Range of the difference in 95 of 100 bootstrap samples.
    pub between: [f64; 2],
    /// Statistic of the Mann-Whitney rank test. For equal distributions, one test in a thousand gives more than 3.29 or
    /// less than -3.29.
    pub z: f64,
}

impl Difference {
    pub fn new(one: &Times, other: &Times) -> Self {
        let medians = |one: &Times, other: &Times| one.quantile(0.5) - other.quantile(0.5);
        let mut random = StdRng::seed_from_u64(1);
        let mut draw = |_| medians(&one.resampled(&mut random), &other.resampled(&mut random));
        let drawn = Times::new((0..1_000).map(&mut draw).collect());
        let between = [drawn.quantile(0.025), drawn.quantile(0.975)];
        Self { medians: medians(one, other), between, z: rank_test(one, other) }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { medians, between: [from, to], z } = self;
        write!(f, "{medians:+.1} us ({from:+.1} to {to:+.1}), z {z:+.2}")
    }
}

/// Computes z without a correction for ties: a clock of nanoseconds has almost none.
fn rank_test(one: &Times, other: &Times) -> f64 {
    let (n, m) = (one.0.len() as f64, other.0.len() as f64);
    let below = |time: f64| other.0.partition_point(|&earlier| earlier < time) as f64;
    let wins: f64 = one.0.iter().map(|&time| below(time)).sum();
    (wins - n * m / 2.0) / (n * m * (n + m + 1.0) / 12.0).sqrt()
}
