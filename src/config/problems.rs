//! Problems in the settings.

use std::fmt;

/// All problems, one line each. Each line names its variable and says what to do.
#[derive(Debug, Default)]
pub struct Problems {
    /// The service does not start with these.
    pub errors: Vec<String>,
    /// The service starts with these.
    pub warnings: Vec<String>,
}

impl Problems {
    pub(crate) fn of_error(line: String) -> Self {
        Self { errors: vec![line], ..Self::default() }
    }

    /// Tells whether there is an error of a variable whose name begins like this.
    pub(crate) fn has_error_of(&self, prefix: &str) -> bool {
        self.errors.iter().any(|line| line.starts_with(prefix))
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (title, lines) in [("problems in the settings", &self.errors), ("warnings", &self.warnings)] {
            if !lines.is_empty() {
                writeln!(f, "{title} ({}):", lines.len())?;
                lines.iter().try_for_each(|line| writeln!(f, "  {line}"))?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
