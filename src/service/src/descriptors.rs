//! Makes room for connections: each takes one file descriptor.

/// For the database, the listener, standard streams and what libraries open.
#[cfg(unix)]
const RESERVED: u64 = 128;

/// Raises this process's limit of open files as far as it may and is needed, and returns how many
/// of the connections fit. Programs start with a low limit because of a function (`select`) that is
/// used nowhere here.
#[cfg(unix)]
pub(crate) fn room_for(connections: usize) -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let needed = (connections as u64).saturating_add(RESERVED);
    let limit = getrlimit(Resource::Nofile);
    // Absent means unlimited.
    let mut current = limit.current.unwrap_or(u64::MAX);
    if current < needed {
        let wanted = limit.maximum.map_or(needed, |maximum| maximum.min(needed));
        let raised = Rlimit { current: Some(wanted), maximum: limit.maximum };
        if setrlimit(Resource::Nofile, raised).is_ok() {
            current = wanted;
        }
    }
    let fit = current.saturating_sub(RESERVED).max(1);
    usize::try_from(fit).map_or(connections, |fit| fit.min(connections))
}

#[cfg(not(unix))]
pub(crate) fn room_for(connections: usize) -> usize {
    connections
}
