//! One operation of the store, whose keys are in one slot.

use crate::adapters::staging::scripts::ScriptCall;
use deadpool_redis::redis::aio::{ConnectionLike, MultiplexedConnection};
use deadpool_redis::redis::{Cmd, ErrorKind, RedisResult, ServerErrorKind, Value, pipe};

pub(super) enum Request<'a> {
    Script(&'a ScriptCall),
    /// Command, and its first key.
    Command(&'a str, &'a Cmd),
}

impl Request<'_> {
    /// Key that decides about the slot.
    pub(super) fn key(&self) -> &[u8] {
        match self {
            Self::Script(call) => call.keys().first().map_or(&[], String::as_bytes),
            Self::Command(key, _) => key.as_bytes(),
        }
    }

    /// Sends the request. `asking` is for a node of a cluster that imports the slot.
    pub(super) async fn send(&self, mut connection: MultiplexedConnection, asking: bool) -> RedisResult<Value> {
        let call = match self {
            Self::Command(_, command) => return execute(&mut connection, command, asking).await,
            Self::Script(call) => call,
        };
        match execute(&mut connection, &call.by_hash(), asking).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                execute(&mut connection, &call.with_text(), asking).await
            }
            reply => reply,
        }
    }
}

/// Sends one command. ASKING is valid for the next command of the connection: both travel together.
async fn execute(connection: &mut MultiplexedConnection, command: &Cmd, asking: bool) -> RedisResult<Value> {
    if !asking {
        return command.query_async(connection).await;
    }
    let mut both = pipe();
    both.cmd("ASKING").add_command(command.clone());
    let replies = connection.req_packed_commands(&both, 0, 2).await?;
    replies.into_iter().next_back().unwrap_or(Value::Nil).extract_error()
}
