//! Call of a script, by its hash or with its text.

use deadpool_redis::redis::{self, Cmd, ToRedisArgs, cmd};

pub struct Script {
    text: String,
    hash: String,
}

/// Script with its keys, which share a hash tag, and its arguments.
pub struct ScriptCall {
    script: &'static Script,
    keys: Vec<Vec<u8>>,
    arguments: Vec<Vec<u8>>,
}

impl Script {
    pub(super) fn new(text: String) -> Self {
        let hash = redis::Script::new(&text).get_hash().to_owned();
        Self { text, hash }
    }

    pub fn call(&'static self) -> ScriptCall {
        ScriptCall { script: self, keys: Vec::new(), arguments: Vec::new() }
    }

    pub fn key(&'static self, key: impl ToRedisArgs) -> ScriptCall {
        let mut call = self.call();
        call.key(key);
        call
    }
}

impl ScriptCall {
    pub fn key(&mut self, key: impl ToRedisArgs) -> &mut Self {
        key.write_redis_args(&mut self.keys);
        self
    }

    pub fn arg(&mut self, argument: impl ToRedisArgs) -> &mut Self {
        argument.write_redis_args(&mut self.arguments);
        self
    }

    /// Keys. All of a call are in one slot.
    pub fn keys(&self) -> &[Vec<u8>] {
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
        let mut command = cmd(name);
        command.arg(script).arg(self.keys.len()).arg(&*self.keys).arg(&*self.arguments);
        command
    }
}
