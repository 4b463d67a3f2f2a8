//! Settings in the file `.env` of the working folder.

use super::problems::Problems;
use std::io::ErrorKind;
use std::path::Path;

type Vars = Vec<(String, String)>;

/// Reads the variables of a file, in their order. Returns no variables if the file does not exist. Parent folders are
/// not searched, because they may contain the file of another project.
pub(super) fn read(path: &Path) -> Result<Vars, Problems> {
    let problem = |what: String| Problems::of_error(format!("{}: {what}", path.display()));
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&text).ok_or_else(|| problem(describe_problem(&text))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(problem(format!("cannot be read: {error}"))),
    }
}

fn parse(text: &str) -> Option<Vars> {
    dotenvy::from_read_iter(text.trim_start_matches('\u{feff}').as_bytes()).collect::<Result<_, _>>().ok()
}

/// Describes the problem by the number of the line. The message of the parser contains the line, which may be a secret.
/// The lines before the bad line can be parsed; no longer part of the file can.
fn describe_problem(text: &str) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let parsed = (0..lines.len()).rev().find(|end| parse(&lines[..*end].concat()).is_some());
    let number = parsed.unwrap_or_default() + 1;
    format!("line {number}: expected NAME=value, with quotes around a value that contains a space, #, $ or a quote")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_contains_the_number_of_the_line_but_not_the_line() {
        for (bad, line) in [
            ("A=1\nsecret\n", 2),
            ("A='1\n2'\n# B\n\nB=se cret\nC=3\n", 5),
            ("A=1\nA=1\nA=1 2\nA=1\n", 3),
            ("A=1\nB=\"secret\nC=3\n", 2),
        ] {
            assert!(parse(bad).is_none());
            let problem = describe_problem(bad);
            assert!(problem.starts_with(&format!("line {line}: ")) && !problem.contains("cret"), "{problem}");
        }
        assert_eq!(parse("\u{feff}A=1\n# B=2\nexport C='3 $4'").unwrap().len(), 2);
    }
}
