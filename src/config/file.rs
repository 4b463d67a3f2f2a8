//! The file `.env`: settings for a folder that somebody works in.

use super::Problems;
use std::io::ErrorKind;
use std::path::Path;

type Vars = Vec<(String, String)>;

/// The variables of a file, in its order; none when there is no such file. Folders above are not looked into: the file
/// of another project would be read there.
pub(super) fn read(path: &Path) -> Result<Vars, Problems> {
    let problem = |what: String| Problems(vec![format!("{}: {what}", path.display())]);
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&text).ok_or_else(|| problem(complaint(&text))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(problem(format!("cannot be read: {error}"))),
    }
}

fn parse(text: &str) -> Option<Vars> {
    dotenvy::from_read_iter(text.trim_start_matches('\u{feff}').as_bytes()).collect::<Result<_, _>>().ok()
}

/// Names the line and does not repeat it, as the parser's own words do: it may be a secret's. Everything before the bad
/// line can be read, and nothing that ends after it.
fn complaint(text: &str) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let good = (0..lines.len()).rev().find(|end| parse(&lines[..*end].concat()).is_some());
    let number = good.unwrap_or_default() + 1;
    format!("line {number} is no NAME=value; a value with a space, #, $ or a quote in it stands in quotes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_named_and_not_repeated() {
        for (bad, line) in [
            ("A=1\nsecret\n", 2),
            ("A='1\n2'\n# B\n\nB=se cret\nC=3\n", 5),
            ("A=1\nA=1\nA=1 2\nA=1\n", 3),
            ("A=1\nB=\"secret\nC=3\n", 2),
        ] {
            assert!(parse(bad).is_none());
            let said = complaint(bad);
            assert!(said.starts_with(&format!("line {line} ")) && !said.contains("cret"), "{said}");
        }
        assert_eq!(parse("\u{feff}A=1\n# B=2\nexport C='3 $4'").unwrap().len(), 2);
    }
}
