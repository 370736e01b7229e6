//! Hearing of changes, whoever makes them.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use secret_manager_manager::{Caller, Manager, TaggedDelta, TaggedSnapshot};
use secret_manager_model::{Delta, SecretName};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::problem::{Code, Problem};
use crate::vault::Vault;

/// The one who waits for commits, for all who follow; begun by the first of them.
#[derive(Default)]
pub(crate) struct Commits(OnceLock<Listening>);

struct Listening {
    told: watch::Receiver<()>,
    task: JoinHandle<()>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Commits {
    pub(crate) fn listen(&self, manager: &Arc<Manager>) -> watch::Receiver<()> {
        let listening = self.0.get_or_init(|| {
            let (tell, told) = watch::channel(());
            let manager = Arc::clone(manager);
            let task = tokio::spawn(async move {
                let mut seen = None;
                loop {
                    seen = Some(manager.committed(seen).await);
                    tell.send_replace(());
                }
            });
            Listening { told, task }
        });
        listening.told.clone()
    }
}

/// Tells how a vault changes after a version that somebody holds.
pub struct Follower {
    vault: Arc<Vault>,
    commits: watch::Receiver<()>,
    since: u64,
    /// The names at that version, if they are known: what was destroyed can't be asked for any more.
    names: Option<HashSet<SecretName>>,
}

impl Follower {
    pub(crate) async fn new(vault: Arc<Vault>, since: u64) -> Result<Self, Problem> {
        let commits = vault.commits();
        let list = vault.list().await?;
        let names = list.secrets.into_iter().map(|secret| secret.name).collect();
        let names = Some(names).filter(|_| list.space.version == since);
        Ok(Self { vault, commits, since, names })
    }

    /// What leads to the newest version, as soon as there is one; `None` when there is none for this
    /// long. After an error only a snapshot helps.
    pub async fn next(&mut self, patience: Duration) -> Result<Option<TaggedDelta>, Problem> {
        loop {
            // Before it is looked: what is committed meanwhile is looked at again.
            self.commits.mark_unchanged();
            if let Some(delta) = self.look().await? {
                self.note(&delta.delta);
                return Ok(Some(delta));
            }
            match tokio::time::timeout(patience, self.commits.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return Err(lost("the vault was closed")),
                Err(_) => return Ok(None),
            }
        }
    }

    async fn look(&self) -> Result<Option<TaggedDelta>, Problem> {
        let (manager, space) = (self.vault.manager(), self.vault.space());
        let head = manager.heads(vec![space.clone()]).await?.pop().flatten();
        let version = head.ok_or_else(|| lost("the vault's space is gone"))?.version;
        if version == self.since {
            return Ok(None);
        }
        if version < self.since {
            return Err(lost("the vault is at an older version than before"));
        }
        let caller = Caller::system();
        if let Some(delta) = manager.delta(space, self.since, &caller).await? {
            return Ok(Some(delta));
        }
        let Some(names) = &self.names else {
            return Err(lost("what changed can't be told any more"));
        };
        let snapshot = manager.snapshot(space, &caller).await?;
        Ok(Some(delta_to(snapshot, self.since, names)))
    }

    fn note(&mut self, delta: &Delta) {
        self.since = delta.version;
        if let Some(names) = &mut self.names {
            for name in &delta.removed {
                names.remove(name);
            }
            names.extend(delta.changed.keys().cloned());
        }
    }
}

/// Leads to the snapshot from wherever these were the names.
fn delta_to(
    TaggedSnapshot { tag, snapshot }: TaggedSnapshot,
    from: u64,
    names: &HashSet<SecretName>,
) -> TaggedDelta {
    let gone = names.iter().filter(|name| !snapshot.secrets.contains_key(*name));
    let delta = Delta {
        from,
        removed: gone.cloned().collect(),
        space: snapshot.space,
        version: snapshot.version,
        created_at: snapshot.created_at,
        updated_at: snapshot.updated_at,
        issued_at: snapshot.issued_at,
        changed: snapshot.secrets,
        refused: snapshot.refused,
    };
    TaggedDelta { tag, delta }
}

fn lost(message: &str) -> Problem {
    Problem::new(Code::Unavailable, message)
}
