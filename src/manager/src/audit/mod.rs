//! The audit trail: who did what, when, from where, and how it went.
//!
//! Every change, every reading of values and every sign-in leaves one record. A change and its
//! record are one transaction. Values are handed out only after their record has reached the disk.
//!
//! # To add something that is audited
//!
//! 1. Name it in [`Action`].
//! 2. Build the record where the rules are checked:
//!    `self.record(caller, Action::MemberPut).space(space).subject(name).finish()`. Whatever is read
//!    from secrets is named last, with [`Entry::secrets`]: their names are sealed and get the room
//!    that is left.
//! 3. Give it to the method of the store that makes the change. That takes an `audit: Audit`, and
//!    its SQLite side appends it inside its transaction:
//!    `self.write(move |write| { members::put(write, &member)?; write.append(&audit) })`.
//! 4. What changes nothing in the store (a reveal, a refusal) is written by
//!    `self.store.note(audit)` or [`Manager::note`].
//!
//! # What a record holds
//!
//! At most [`RECORD_BYTES`], whatever was changed: names of secrets that don't fit are left out, and
//! their number is told. Names of secrets are sealed, so a trail whose space is gone keeps them for
//! itself for ever.

mod key;
mod read;
mod verify;

pub use key::AuditTrail;
pub use read::{AuditEvent, Names};
pub use verify::{AuditHeadMark, AuditProblem, AuditReport};

use std::sync::Arc;

use ring::digest;
use secret_manager_envelope::SEAL_OVERHEAD;
use secret_manager_model::SecretName;
use secret_manager_store::{Audit, AuditRecord, SpaceId};

use crate::vault::Vault;
use crate::{Actor, Caller, Error, Manager};

/// Longest record. With its place in the index it stays below 400 bytes in the database.
pub const RECORD_BYTES: usize = 340;

/// What numbers, the code and SQLite's header of a row take at most.
const FIXED_BYTES: usize = 88;

/// Longest name in clear, in bytes; longer ones are cut.
const NAME_BYTES: usize = 48;

/// Our own request ids have 16; those of a proxy can be longer and are cut.
const REQUEST_BYTES: usize = 32;

/// Between names in their sealed form; no name holds one.
const SEPARATOR: char = '\n';

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $text:literal),* $(,)?) => {
        /// What was done. The text stands in the trail, in the API and in exports.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Action { $($(#[$doc])* $name),* }

        impl Action {
            pub const ALL: &[Self] = &[$(Self::$name),*];

            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }
    };
}

actions! {
    SessionCreate = "session.create",
    SessionDelete = "session.delete",
    SessionDeleteAll = "session.delete_all",
    UserCreate = "user.create",
    UserUpdate = "user.update",
    UserDelete = "user.delete",
    UserInvite = "user.invite",
    UserPassword = "user.password",
    UserSetup = "user.setup",
    /// Who the user is to an OpenID provider.
    UserLink = "user.link",
    SpaceCreate = "space.create",
    SpaceUpdate = "space.update",
    SpaceDelete = "space.delete",
    MemberPut = "member.put",
    MemberDelete = "member.delete",
    TokenCreate = "token.create",
    TokenRevoke = "token.revoke",
    SecretPut = "secret.put",
    SecretDelete = "secret.delete",
    SecretRestore = "secret.restore",
    SecretRollback = "secret.rollback",
    SecretDestroy = "secret.destroy",
    SecretReveal = "secret.reveal",
    /// Several secrets in one change.
    SecretsChange = "secrets.change",
    SecretsImport = "secrets.import",
    SecretsExport = "secrets.export",
    SnapshotRead = "snapshot.read",
    KeyRotate = "key.rotate",
    BackupCreate = "backup.create",
    BackupRestore = "backup.restore",
}

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditResult {
    Ok,
    /// Whoever asked had no right to it.
    Denied,
    Failed,
}

impl AuditResult {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Denied => "denied",
            Self::Failed => "failed",
        }
    }
}

impl Manager {
    /// Writes down something that changes nothing: an attempt that was refused, for one.
    pub async fn note(
        &self,
        caller: &Caller,
        action: Action,
        result: AuditResult,
        space: Option<&SpaceId>,
        subject: Option<&str>,
    ) -> Result<(), Error> {
        let mut entry = self.record(caller, action).result(result);
        if let Some(space) = space {
            entry = entry.space(space);
        }
        if let Some(subject) = subject {
            entry = entry.subject(subject);
        }
        Ok(self.store.note(entry.finish()).await?)
    }

    /// Begins the record of what `caller` does.
    pub(crate) fn record(&self, caller: &Caller, action: Action) -> Entry {
        let (kind, id, name) = match &caller.actor {
            Actor::CommandLine => ("commandLine", None, None),
            Actor::User { id, name } => ("user", Some(id.as_str()), Some(name)),
            Actor::Token { id, name } => ("token", Some(id.as_str()), Some(name)),
            Actor::NodeRed { user } => ("nodeRed", None, user.as_ref()),
            Actor::Nobody => ("nobody", None, None),
            Actor::System => ("system", None, None),
        };
        let record = AuditRecord {
            at: self.environment.now(),
            actor_kind: kind.into(),
            actor_id: id.map(str::to_owned),
            actor_name: name.map(|name| cut(name, NAME_BYTES)),
            action: action.as_str().into(),
            result: AuditResult::Ok.as_str().into(),
            origin: caller.origin,
            request: caller.request.as_ref().map(|id| cut(id, REQUEST_BYTES)),
            space: None,
            subject: None,
            sealed_names: None,
            count: 0,
            read_version: None,
        };
        Entry { record, trail: Arc::clone(&self.trail) }
    }
}

/// A record that is being made.
#[derive(Clone)]
#[must_use]
pub(crate) struct Entry {
    record: AuditRecord,
    trail: Arc<AuditTrail>,
}

impl Entry {
    pub(crate) fn result(mut self, result: AuditResult) -> Self {
        self.record.result = result.as_str().into();
        self
    }

    pub(crate) fn space(mut self, space: &SpaceId) -> Self {
        self.record.space = Some(space.clone());
        self
    }

    /// What it was done to, when that is no secret. Stands in clear.
    pub(crate) fn subject(mut self, subject: &str) -> Self {
        self.record.subject = Some(cut(subject, NAME_BYTES));
        self
    }

    /// Which version was handed out, and how many secrets.
    pub(crate) fn read(mut self, version: u64, count: usize) -> Self {
        self.record.read_version = Some(version);
        self.record.count = count as u64;
        self
    }

    /// Names the secrets that it is about, as far as there is room. Comes last.
    pub(crate) fn secrets<'a>(
        mut self,
        vault: &Vault,
        names: impl ExactSizeIterator<Item = &'a SecretName>,
    ) -> Result<Self, Error> {
        self.record.count = names.len() as u64;
        let room = RECORD_BYTES.saturating_sub(self.size() + SEAL_OVERHEAD);
        let named = named(names, room);
        if !named.is_empty() {
            let sealed = vault.seal_audit_names(&self.record.action, self.record.at, &named)?;
            self.record.sealed_names = Some(sealed);
        }
        Ok(self)
    }

    pub(crate) fn finish(self) -> Audit {
        Audit { record: self.record, chain: self.trail }
    }

    fn size(&self) -> usize {
        let record = &self.record;
        let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let space = record.space.as_ref().map_or(0, |space| space.as_str().len());
        FIXED_BYTES
            + record.actor_kind.len()
            + length(&record.actor_id)
            + length(&record.actor_name)
            + record.action.len()
            + record.result.len()
            + record.origin.map_or(0, |origin| if origin.is_ipv4() { 4 } else { 16 })
            + length(&record.request)
            + space
            + length(&record.subject)
    }
}

/// As many names as there is room for. The first one stands there in any case: one that is too long
/// is cut, and a piece of its SHA-256 tells it from others with the same beginning.
fn named<'a>(names: impl Iterator<Item = &'a SecretName>, room: usize) -> String {
    let mut text = String::new();
    for name in names {
        let name = name.as_str();
        if text.is_empty() && name.len() > room {
            let digest = digest::digest(&digest::SHA256, name.as_bytes());
            let mark: String = digest.as_ref()[..6].iter().map(|b| format!("{b:02x}")).collect();
            // Names are ASCII, so every place is the end of a character.
            let kept = room.saturating_sub("…".len() + mark.len());
            return format!("{}…{mark}", &name[..kept]);
        }
        if !text.is_empty() {
            if text.len() + SEPARATOR.len_utf8() + name.len() > room {
                break;
            }
            text.push(SEPARATOR);
        }
        text.push_str(name);
    }
    text
}

fn cut(text: &str, bytes: usize) -> String {
    if text.len() <= bytes {
        return text.to_owned();
    }
    let mut end = bytes - "…".len();
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &text[..end])
}
