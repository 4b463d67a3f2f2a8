//! Prints the results beside their targets.

/// Prints each result, and lists the missed targets at the end.
#[derive(Default)]
pub struct Report {
    missed: Vec<String>,
}

impl Report {
    pub fn heading(&self, text: &str) {
        println!("\n{text}");
    }

    /// Prints a result without a target.
    pub fn note(&self, name: &str, figure: &str) {
        println!("  {name:<58} {figure}");
    }

    /// Prints a result with its target.
    pub fn check(&mut self, name: &str, figure: &str, target: &str, met: bool) {
        println!("  {name:<58} {figure:<28} target {target:<12} {}", if met { "met" } else { "MISSED" });
        if !met {
            self.missed.push(format!("{name}: {figure}, target {target}"));
        }
    }

    /// Prints the missed targets. Returns whether every target was met.
    pub fn close(self) -> bool {
        println!("\n{} targets missed", self.missed.len());
        for line in &self.missed {
            println!("  {line}");
        }
        self.missed.is_empty()
    }
}

/// Returns the median of an odd number of figures.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
