//! The vault: what Node-RED's editor does with secrets, and what an engine reads.

use std::net::IpAddr;
use std::sync::Arc;

use secret_manager_format::Format;
use secret_manager_manager::{
    Actor, Applied, Caller, Change, DeletedSecret, Edit, Error, History, Imported, Manager,
    Outcome, Precondition, Revealed, Same, SecretSummary, Space, SpaceId, TaggedSnapshot, Thing,
};
use secret_manager_model::{Kind, SecretName, SecretValue, Timestamp};
use tokio::sync::watch;
use zeroize::Zeroizing;

use crate::files::Files;
use crate::follower::{Commits, Follower};
use crate::place::KeyInformation;
use crate::problem::{Code, Problem};

/// The name of the one space.
const SPACE: &str = "Node-RED";

/// No login of Node-RED needs more; it is kept with each version.
const USER_LENGTH: usize = 100;

pub struct Vault {
    manager: Arc<Manager>,
    space: SpaceId,
    key: KeyInformation,
    files: Files,
    commits: Commits,
}

/// Who uses the editor, and from where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// `None` where nobody has to sign in.
    pub name: Option<String>,
    pub origin: Option<IpAddr>,
}

/// All secrets, without their values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    pub space: Space,
    pub issued_at: Timestamp,
    pub secrets: Vec<SecretSummary>,
}

/// The deleted secrets that can be restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deleted {
    pub space: Space,
    pub issued_at: Timestamp,
    pub secrets: Vec<DeletedSecret>,
}

/// A secret as a change left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    pub secret: SecretSummary,
    pub space_version: u64,
    /// It wasn't there before.
    pub created: bool,
}

impl Vault {
    pub(crate) async fn new(
        manager: Manager,
        key: KeyInformation,
        files: Files,
    ) -> Result<Self, Problem> {
        let space = own_space(&manager).await?.id;
        Ok(Self { manager: Arc::new(manager), space, key, files, commits: Commits::default() })
    }

    pub fn key(&self) -> &KeyInformation {
        &self.key
    }

    pub async fn list(&self) -> Result<List, Problem> {
        let list = self.manager.secrets(&self.space).await?;
        let (space, secrets) = (list.space, list.secrets);
        Ok(List { space, issued_at: self.manager.now(), secrets })
    }

    pub async fn deleted(&self) -> Result<Deleted, Problem> {
        let (space, secrets) = self.manager.deleted_secrets(&self.space).await?;
        Ok(Deleted { space, issued_at: self.manager.now(), secrets })
    }

    /// Reveals a secret, at its current version or an older one.
    pub async fn reveal(
        &self,
        name: &str,
        version: Option<u64>,
        user: User,
    ) -> Result<Revealed, Problem> {
        let (name, caller) = (known(name)?, user.into());
        Ok(match version {
            None => self.manager.secret(&self.space, &name, &caller).await?,
            Some(version) => {
                self.manager.secret_version(&self.space, &name, version, &caller).await?
            }
        })
    }

    /// Sets a secret: always a new version. A JSON secret's content is its document.
    pub async fn put(
        &self,
        name: &str,
        kind: Kind,
        content: &str,
        precondition: Precondition,
        user: User,
    ) -> Result<Written, Problem> {
        let name = SecretName::parse(name)?;
        let value = match kind {
            Kind::Text => SecretValue::text(content)?,
            Kind::Json => SecretValue::json(content)?,
        };
        self.write(Edit { name, change: Change::Put(value), precondition }, user).await
    }

    /// It can be restored.
    pub async fn remove(
        &self,
        name: &str,
        precondition: Precondition,
        user: User,
    ) -> Result<(), Problem> {
        let edit = Edit { name: known(name)?, change: Change::Delete, precondition };
        self.apply(edit, user).await.map(drop)
    }

    pub async fn versions(&self, name: &str) -> Result<History, Problem> {
        Ok(self.manager.history(&self.space, &known(name)?).await?)
    }

    /// A new version with the content of an older one.
    pub async fn rollback(
        &self,
        name: &str,
        version: u64,
        precondition: Precondition,
        user: User,
    ) -> Result<Written, Problem> {
        let change = Change::Rollback(version);
        self.write(Edit { name: known(name)?, change, precondition }, user).await
    }

    /// A deleted secret comes back: a new version with its last content.
    pub async fn restore(&self, name: &str, user: User) -> Result<Written, Problem> {
        let (name, precondition) = (known(name)?, Precondition::Absent);
        self.write(Edit { name, change: Change::Restore, precondition }, user).await
    }

    /// The values of these older versions; without any, the secret with all its versions. There is no
    /// way back.
    pub async fn destroy(
        &self,
        name: &str,
        versions: Option<Vec<u64>>,
        user: User,
    ) -> Result<(), Problem> {
        let change = versions.map_or(Change::Destroy, Change::DestroyVersions);
        let edit = Edit { name: known(name)?, change, precondition: Precondition::Any };
        self.apply(edit, user).await.map(drop)
    }

    /// All of the file as one version, or nothing of it. Secrets that aren't in it stay, and those that
    /// hold the same value already are left alone.
    pub async fn import(
        &self,
        format: Format,
        text: Zeroizing<String>,
        dry_run: bool,
        user: User,
    ) -> Result<Imported, Problem> {
        let read = tokio::task::spawn_blocking(move || format.read(&text));
        let failed = |_| Problem::new(Code::Internal, "reading the file failed");
        let secrets = read.await.map_err(failed)?.map_err(Problem::import_invalid)?;
        self.files.check()?;
        Ok(self.manager.import(&self.space, secrets, dry_run, &user.into()).await?)
    }

    /// All secrets with their values, in a form that [`Self::import`] reads.
    pub async fn export(&self, format: Format, user: User) -> Result<Zeroizing<String>, Problem> {
        let snapshot = self.manager.export(&self.space, &user.into()).await?;
        let write = tokio::task::spawn_blocking(move || format.write(&snapshot));
        write.await.map_err(|_| Problem::new(Code::Internal, "writing the file failed"))
    }

    /// What stands for the secrets as they are now: another one after each change.
    pub async fn tag(&self) -> Result<String, Problem> {
        self.files.check()?;
        Ok(self.manager.tag(&self.space).await?)
    }

    /// All secrets, for an engine.
    pub async fn snapshot(&self) -> Result<TaggedSnapshot, Problem> {
        self.files.check()?;
        Ok(self.manager.snapshot(&self.space, &Caller::system()).await?)
    }

    /// Follows the changes after this version.
    pub async fn follow(self: &Arc<Self>, since: u64) -> Result<Follower, Problem> {
        Follower::new(Arc::clone(self), since).await
    }

    pub(crate) fn manager(&self) -> &Manager {
        &self.manager
    }

    pub(crate) fn space(&self) -> &SpaceId {
        &self.space
    }

    pub(crate) fn commits(&self) -> watch::Receiver<()> {
        self.commits.listen(&self.manager)
    }

    async fn write(&self, edit: Edit, user: User) -> Result<Written, Problem> {
        let applied = self.apply(edit, user).await?;
        let created = matches!(applied.outcomes[..], [Outcome::Added(_)]);
        let internal = || Problem::new(Code::Internal, "a change has no outcome; please report it");
        let secret = applied.summary.ok_or_else(internal)?;
        Ok(Written { secret, space_version: applied.version, created })
    }

    async fn apply(&self, edit: Edit, user: User) -> Result<Applied, Problem> {
        self.files.check()?;
        Ok(self.manager.apply(&self.space, vec![edit], Same::Write, &user.into()).await?)
    }
}

impl Drop for Vault {
    /// Closing waits for what is being written: elsewhere, where there is an elsewhere.
    fn drop(&mut self) {
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let manager = Arc::clone(&self.manager);
            runtime.spawn_blocking(move || drop(manager));
        }
    }
}

impl From<User> for Caller {
    fn from(User { name, origin }: User) -> Self {
        let user = name.map(|name| name.chars().take(USER_LENGTH).collect());
        Self { actor: Actor::NodeRed { user }, origin, request: None }
    }
}

/// The name of a secret that may be there. What breaks the rules for names can't.
fn known(name: &str) -> Result<SecretName, Problem> {
    SecretName::parse(name).map_err(|_| Error::NotFound(Thing::Secret).into())
}

/// The only space, also when somebody has renamed it; of several the one with the name. Made when it
/// isn't there, unless another process is faster.
async fn own_space(manager: &Manager) -> Result<Space, Problem> {
    for _ in 0..2 {
        let mut spaces = manager.spaces().await?;
        let named = spaces.iter().position(|(space, _)| space.name == SPACE);
        let only = (spaces.len() == 1).then_some(0);
        if let Some(own) = named.or(only) {
            return Ok(spaces.swap_remove(own).0);
        }
        match manager.create_space(SPACE, &Caller::system()).await {
            Err(Error::NameTaken(_)) => {}
            created => return Ok(created?),
        }
    }
    Err(Error::Busy.into())
}
