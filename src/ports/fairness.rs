//! Requester of the work in progress: the key by which bounded resources serve in turn.
//!
//! The requester belongs to the task, so that the methods of the ports need no parameter for it. `http` opens a scope
//! for each request, and `flows` carries the scope along to the tasks that it spawns.

use crate::domain::ip_block::AddressBlocks;
use crate::domain::session::SessionId;
use std::cell::Cell;
use std::future::Future;

/// Client that a job is done for. The default is the service itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Requester {
    pub ip_blocks: Option<AddressBlocks>,
    /// Session of a token with a verified signature. The session may have ended.
    pub session: Option<SessionId>,
}

tokio::task_local! {
    static REQUESTER: Cell<Requester>;
}

/// Returns the requester of the current task.
#[must_use]
pub fn requester() -> Requester {
    REQUESTER.try_with(Cell::get).unwrap_or_default()
}

/// Runs `work` on behalf of `requester`.
pub fn on_behalf_of<F: Future>(requester: Requester, work: F) -> impl Future<Output = F::Output> {
    REQUESTER.scope(Cell::new(requester), work)
}

/// Adds the session to the requester of the current task. The signature of its token MUST be verified before. Does
/// nothing outside a request.
pub fn identify(session: SessionId) {
    let add = |requester: &Cell<Requester>| requester.set(Requester { session: Some(session), ..requester.get() });
    // Outside a request nothing waits in turn.
    let _ = REQUESTER.try_with(add);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ip_block::Nat64;
    use std::net::IpAddr;
    use uuid::Uuid;

    #[tokio::test]
    async fn a_session_belongs_to_its_task() {
        let client = Some(AddressBlocks::new(IpAddr::from([192, 0, 2, 1]), &Nat64::default()));
        let session = SessionId(Uuid::from_u128(1));
        identify(session);
        assert_eq!(requester(), Requester::default());
        let work = async {
            identify(session);
            tokio::task::yield_now().await;
            requester()
        };
        let known = on_behalf_of(Requester { ip_blocks: client, session: None }, work).await;
        assert_eq!(known, Requester { ip_blocks: client, session: Some(session) });
        assert_eq!(requester(), Requester::default());
    }
}
