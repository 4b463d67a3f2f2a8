//! Shells that run the examples of the documents.

use crate::doorstep::Folder;
use crate::zsh::Zsh;
use std::process::Command;

/// Address of the service in the documents.
const DOCUMENTED: &str = "http://127.0.0.1:8080";

#[derive(Debug, Clone, Copy)]
pub enum Shell {
    Bash,
    Dash,
    /// On a terminal: the blocks are pasted one after the other.
    Zsh,
}

impl Shell {
    pub const ALL: [Self; 3] = [Self::Bash, Self::Dash, Self::Zsh];

    /// Runs blocks in one shell in this folder, against this service. Returns the output. An error is a failure.
    pub fn run(self, folder: &Folder, blocks: &[&str], url: &str) -> String {
        let blocks: Vec<String> = blocks.iter().map(|block| block.replace(DOCUMENTED, url)).collect();
        match self {
            Self::Bash => script("bash", folder, &blocks.concat()),
            Self::Dash => script("dash", folder, &blocks.concat()),
            Self::Zsh => {
                let mut zsh = Zsh::start(folder.as_ref());
                let output: String = blocks.iter().map(|block| zsh.paste(block)).collect();
                assert!(!output.contains("zsh: "), "{output}");
                output
            }
        }
    }
}

fn script(shell: &str, folder: &Folder, block: &str) -> String {
    let result = Command::new(shell).args(["-c", block]).current_dir(folder).output();
    let result = result.unwrap_or_else(|error| panic!("no {shell} (run scripts/setup): {error}"));
    let errors = String::from_utf8_lossy(&result.stderr);
    assert!(result.status.success() && errors.is_empty(), "{shell}: {}: {errors}", result.status);
    String::from_utf8(result.stdout).unwrap()
}

/// Returns the shell blocks of a document.
pub fn blocks(document: &str) -> Vec<&str> {
    document.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

/// Returns the shell block that contains this text.
pub fn block<'a>(document: &'a str, text: &str) -> &'a str {
    let found = blocks(document).into_iter().find(|block| block.contains(text));
    found.unwrap_or_else(|| panic!("no block contains {text}"))
}
