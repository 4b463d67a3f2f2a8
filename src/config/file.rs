//! Settings in the file `.env` of the working folder.

use super::names;
use super::problems::Problems;
use super::text_file::{describe_error, without_mark};
use std::io::ErrorKind;
use std::path::Path;

type Vars = Vec<(String, String)>;

/// Reads the variables of a file, in their order. Returns no variables if the file does not exist. Parent folders are
/// not searched, because they may contain the file of another project.
pub(super) fn read(path: &Path) -> Result<Vars, Problems> {
    let problem = |what: String| Problems::of_error(format!("{}: {what}", path.display()));
    match std::fs::read_to_string(path) {
        Ok(text) => {
            let vars = parse(&text).ok_or_else(|| problem(describe_problem(&text)))?;
            find_reference(&text, &vars).map_or(Ok(vars), |name| Err(problem(format!("{name}: {REFERENCE}"))))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(problem(format!("cannot be read: {}", describe_error(&error)))),
    }
}

const REFERENCE: &str =
    "expected single quotes around a value that contains $: values of other variables are not inserted";
/// Characters that no file contains, because they are for private use.
const DOLLAR: &str = "\u{e000}";
const ESCAPED_DOLLAR: &str = "\u{e001}";

/// Returns the first setting into which the parser has inserted the value of another variable, which is usually none:
/// `my$hush` became `my`. The same text without references then has another value.
fn find_reference(text: &str, vars: &[(String, String)]) -> Option<String> {
    let plain = parse(&text.replace("\\$", ESCAPED_DOLLAR).replace('$', DOLLAR)).unwrap_or_default();
    let is_same = |value: &str, plain: &str| {
        // In single quotes the backslash is a part of the value.
        let plain = plain.replace(DOLLAR, "$");
        ["$", "\\$"].iter().any(|dollar| plain.replace(ESCAPED_DOLLAR, dollar) == value)
    };
    let settings = names::settings();
    let mut pairs = vars.iter().zip(&plain).filter(|((name, _), _)| names::is_known(&settings, name));
    pairs.find(|((_, value), (_, plain))| !is_same(value, plain)).map(|((name, _), _)| name.clone())
}

fn parse(text: &str) -> Option<Vars> {
    dotenvy::from_read_iter(without_mark(text).as_bytes()).collect::<Result<_, _>>().ok()
}

/// Describes the problem by the number of the line. The message of the parser contains the line, which may be a secret.
/// The lines before the bad line can be parsed; no longer part of the file can.
fn describe_problem(text: &str) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let parsed = (0..lines.len()).rev().find(|end| parse(&lines[..*end].concat()).is_some());
    let number = parsed.unwrap_or_default() + 1;
    format!("line {number}: expected NAME=value, with single quotes around a value that contains a space, #, $ or \"")
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

    #[test]
    fn a_setting_with_a_reference_to_another_variable_is_found() {
        let find = |text: &str| find_reference(text, &parse(text).unwrap());
        for bad in ["SECRET_KEY=my$hush", "A=1\nSECRET_KEY=1${A}", "SECRET_KEY=${HOME}", "SECRET_KEY=a$"] {
            assert_eq!(find(bad).as_deref(), Some("SECRET_KEY"), "{bad}");
        }
        let good = r"SECRET_KEY='my$hush'";
        for good in [good, r"SECRET_KEY=my\$hush", r"SECRET_KEY='my\$hush'", "OTHER=$HOME", "BIND=1 # $A"] {
            assert_eq!(find(good), None, "{good}");
        }
    }
}
