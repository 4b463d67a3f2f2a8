//! Figures beside their targets.

/// Collects what was measured, and tells in the end.
#[derive(Default)]
pub struct Report {
    missed: Vec<String>,
}

impl Report {
    pub fn heading(&self, text: &str) {
        println!("\n{text}");
    }

    /// A figure without a target.
    pub fn note(&self, what: &str, figure: &str) {
        println!("  {what:<58} {figure}");
    }

    /// A figure with its target.
    pub fn judge(&mut self, what: &str, figure: &str, target: &str, met: bool) {
        println!("  {what:<58} {figure:<28} target {target:<12} {}", if met { "met" } else { "MISSED" });
        if !met {
            self.missed.push(format!("{what}: {figure}, target {target}"));
        }
    }

    /// Whether every target was met; says which was not.
    pub fn close(self) -> bool {
        println!("\n{} targets missed", self.missed.len());
        for line in &self.missed {
            println!("  {line}");
        }
        self.missed.is_empty()
    }
}

/// The middle one of an odd number of figures.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
