//! The documents name only tests and files that exist.

use crate::shells::blocks;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

fn documents() -> Vec<PathBuf> {
    let files = |folder: PathBuf| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let folders = ["", "docs", "docs/adr", "crates/captcha/docs"];
    let found = folders.into_iter().flat_map(|folder| files(root().join(folder)));
    found.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

#[test]
fn the_tests_in_the_table_of_mistakes_exist() {
    let text = read("docs/mistakes.md");
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| ") && line.contains(".rs`")).collect();
    assert_eq!(rows.len(), 18);
    for row in rows {
        let mut source = String::new();
        for word in row.rsplit(" | ").next().unwrap().split('`').skip(1).step_by(2) {
            if word.ends_with(".rs") {
                source = read(word);
            } else if word != "tests/api" {
                assert!(source.contains(&format!("fn {word}(")), "{word}");
            }
        }
    }
}

#[test]
fn no_shell_block_has_a_comment_which_an_interactive_zsh_takes_for_a_command() {
    let mut comments = Vec::new();
    for document in documents() {
        for block in blocks(&std::fs::read_to_string(&document).unwrap()) {
            let found = block.lines().filter(|line| line.trim_start().starts_with('#') || line.contains(" #"));
            comments.extend(found.map(|line| format!("{line} in {}", document.display())));
        }
    }
    assert!(comments.is_empty(), "{comments:#?}");
}

#[test]
fn links_between_documents_have_a_target() {
    let mut broken = Vec::new();
    for document in documents() {
        let text = std::fs::read_to_string(&document).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            let path = document.parent().unwrap().join(target);
            if !target.is_empty() && !target.contains("://") && !path.exists() {
                broken.push(format!("{target} in {}", document.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}
