//! Call of a script, by its hash or with its text.

use deadpool_redis::redis::{self, Arg, Cmd, ToRedisArgs};

pub struct Script {
    text: String,
    hash: String,
}

/// Script with its keys, which share a hash tag, and its arguments.
pub struct ScriptCall {
    script: &'static Script,
    keys: Vec<String>,
    /// Only the arguments of a command, which do not need an allocation each.
    arguments: Cmd,
}

/// Number and size of the arguments of the largest calls. Their keys need as much again.
const ARGUMENTS: (usize, usize) = (64, 1_024);

impl Script {
    pub(super) fn new(text: String) -> Self {
        let hash = redis::Script::new(&text).get_hash().to_owned();
        Self { text, hash }
    }

    pub fn call(&'static self) -> ScriptCall {
        ScriptCall { script: self, keys: Vec::new(), arguments: Cmd::with_capacity(ARGUMENTS.0, ARGUMENTS.1) }
    }

    pub fn key(&'static self, key: String) -> ScriptCall {
        let mut call = self.call();
        call.key(key);
        call
    }
}

impl ScriptCall {
    pub fn key(&mut self, key: String) -> &mut Self {
        self.keys.push(key);
        self
    }

    pub fn arg(&mut self, argument: impl ToRedisArgs) -> &mut Self {
        self.arguments.arg(argument);
        self
    }

    /// Keys. All of a call are in one slot.
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// Command that names the script by its hash.
    pub fn by_hash(&self) -> Cmd {
        self.command("EVALSHA", &self.script.hash)
    }

    /// Command with the text of the script. The server keeps it: later calls find it by its hash.
    pub fn with_text(&self) -> Cmd {
        self.command("EVAL", &self.script.text)
    }

    fn command(&self, name: &str, script: &str) -> Cmd {
        let (count, size) = ARGUMENTS;
        let mut command = Cmd::with_capacity(2 * count, 2 * size + script.len());
        command.arg(name).arg(script).arg(self.keys.len());
        for key in &self.keys {
            command.arg(key);
        }
        for argument in self.arguments.args_iter() {
            if let Arg::Simple(bytes) = argument {
                command.arg(bytes);
            }
        }
        command
    }
}
