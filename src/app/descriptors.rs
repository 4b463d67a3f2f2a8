//! File descriptors: the limit of the process, and how many of them connections may use.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io;

/// Limit without a maximum: the kernel's own default maximum (`fs.nr_open`).
const UNLIMITED: u64 = 1_048_576;
/// Largest default number of connections: the default of actix-web for one thread. An idle connection has about 20 kB.
const MOST_CONNECTIONS: u64 = 25_000;

/// Raises the soft limit of open files to the hard one, and returns it. The soft limit is 1,024 on most systems, for
/// programs that use `select(2)`; this one does not.
pub(super) fn raise_limit() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let (soft, hard) = (current.unwrap_or(UNLIMITED), maximum.unwrap_or(UNLIMITED));
    if soft >= hard {
        return soft;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: Some(hard), maximum }) {
        Ok(()) => hard,
        Err(error) => {
            let error = io::Error::from(error);
            tracing::warn!(soft, hard, %error, "file descriptor limit not raised");
            soft
        }
    }
}

/// Returns the maximum number of connections: the setting, or three quarters of all descriptors. The rest is for the
/// database, Redis and the providers.
pub(super) fn max_connections(setting: Option<usize>, descriptors: u64) -> usize {
    let available = descriptors / 4 * 3;
    let default = usize::try_from(available.min(MOST_CONNECTIONS)).unwrap_or(usize::MAX);
    let chosen = setting.unwrap_or(default);
    if u64::try_from(chosen).is_ok_and(|chosen| chosen > available) {
        tracing::warn!(max_connections = chosen, descriptors, "MAX_CONNECTIONS leaves too few file descriptors");
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_a_quarter_of_the_descriptors() {
        assert_eq!(max_connections(None, 1_024), 768);
        assert_eq!(max_connections(None, 1_048_576), 25_000);
        assert_eq!(max_connections(Some(5), 1_024), 5);
        assert_eq!(max_connections(Some(2_000), 1_024), 2_000);
    }

    #[test]
    fn the_soft_limit_becomes_the_hard_limit() {
        let raised = raise_limit();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum.or(Some(UNLIMITED)));
        assert_eq!(Some(raised), limit.current);
    }
}
