//! Interactive zsh on a pseudo-terminal, without start-up files: the shell of a new Mac. Unlike a script, it takes `#`
//! for a command, and `!` for a reference to its history.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// zsh switches bracketed paste on when it reads a command, and off when it runs one.
const READS: &str = "\x1b[?2004h";
const RUNS: &str = "\x1b[?2004l";
/// Beginning of a prompt that follows output.
const PROMPT: &str = "\x1b[1m\x1b[7m";

/// A running zsh; killed when it is dropped.
pub struct Zsh(Child);

impl Zsh {
    /// Starts it in this folder, and waits until it reads a command. `timeout` ends it if a command never ends.
    pub fn start(folder: &Path) -> Self {
        let mut command = Command::new("timeout");
        command.args(["60", "script", "--quiet", "--command", "zsh -f -i", "/dev/null"]);
        command.env("TERM", "xterm").env("LANG", "C.UTF-8").current_dir(folder);
        let mut zsh = Self(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap());
        zsh.read_until(READS);
        zsh
    }

    /// Pastes a block as a terminal does, and presses Enter. Returns what the commands have printed.
    pub fn paste(&mut self, block: &str) -> String {
        let pasted = block.trim_end().replace('\n', "\r");
        write!(self.0.stdin.as_mut().unwrap(), "\x1b[200~{pasted}\x1b[201~\r").unwrap();
        self.read_until(RUNS);
        let output = self.read_until(READS);
        let printed = output.split(PROMPT).next().unwrap().trim_start().replace("\r\n", "\n");
        // curl prints the names of headers in bold on a terminal.
        printed.replace("\x1b[1m", "").replace("\x1b[0m", "")
    }

    fn read_until(&mut self, mark: &str) -> String {
        let (mut read, mut byte) = (Vec::new(), [0]);
        while !read.ends_with(mark.as_bytes()) {
            let ended = self.0.stdout.as_mut().unwrap().read(&mut byte).unwrap() == 0;
            assert!(!ended, "no zsh (run scripts/setup), or too slow: {}", String::from_utf8_lossy(&read));
            read.push(byte[0]);
        }
        String::from_utf8(read).unwrap()
    }
}

impl Drop for Zsh {
    fn drop(&mut self) {
        // Without standard input, `script` ends zsh.
        drop(self.0.stdin.take());
        drop(self.0.wait());
    }
}
