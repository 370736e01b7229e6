//! The built-in vault's handle in JavaScript.
//!
//! Each method begins something and returns a ticket; `drain` tells what came of it. All of it happens
//! on the engines' thread.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use napi_derive::napi;
use secret_manager_builtin::{self as builtin, Code, Format, Precondition, Problem, User};
use secret_manager_model::Kind;
use tokio::runtime::Handle;
use zeroize::Zeroizing;

use crate::answers::{Answer, Content};
use crate::channel::Channel;
use crate::settings::VaultPlace;

/// Keeps the secrets of a Node-RED that has no service.
#[napi]
pub struct Vault {
    id: u32,
    runtime: &'static Handle,
    channel: Arc<Channel>,
    shared: Arc<Shared>,
}

/// What the tasks of a vault and its handle have in common.
#[derive(Default)]
struct Shared {
    vault: Mutex<Option<Arc<builtin::Vault>>>,
    inbox: Mutex<Inbox>,
}

#[derive(Default)]
struct Inbox {
    last_ticket: u32,
    answers: Vec<(u32, Result<Content, Problem>)>,
}

/// Who uses the editor.
#[napi(object, object_to_js = false)]
pub struct VaultUser {
    /// As Node-RED knows them; absent where nobody has to sign in.
    pub actor: Option<String>,
    /// The address they come from.
    pub origin: Option<String>,
}

/// What has to hold for a change. At most one of these.
#[napi(object, object_to_js = false)]
pub struct VaultPrecondition {
    /// The secret must have this version.
    pub if_match: Option<i64>,
    /// The secret must not exist.
    pub if_none_match: Option<bool>,
}

#[napi]
impl Vault {
    pub(crate) fn new(id: u32, runtime: &'static Handle, channel: Arc<Channel>) -> Self {
        Self { id, runtime, channel, shared: Arc::default() }
    }

    #[napi(getter)]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Opens the vault, makes it when there is none. Comes before everything else.
    #[napi(catch_unwind)]
    pub fn open(&self, place: VaultPlace) -> u32 {
        let (place, shared) = (place.parse(), Arc::clone(&self.shared));
        self.begin(async move {
            let vault = builtin::Vault::open(&place).await?;
            let key = vault.key().clone();
            *shared.vault.lock().unwrap_or_else(PoisonError::into_inner) = Some(vault);
            Ok(Content::Key(key))
        })
    }

    /// Secrets without their values; the deleted ones if asked for.
    #[napi(catch_unwind)]
    pub fn list(&self, deleted: bool) -> u32 {
        self.ask(async move |vault| {
            Ok(match deleted {
                false => Content::List(vault.list().await?),
                true => Content::Deleted(vault.deleted().await?),
            })
        })
    }

    #[napi(catch_unwind)]
    pub fn reveal(&self, key: String, version: Option<i64>, user: VaultUser) -> u32 {
        self.ask(async move |vault| {
            let secret = vault.reveal(&key, version.map(number), user.into()).await?;
            Ok(Content::Revealed(key, secret))
        })
    }

    /// The value of a JSON secret is its document's text.
    #[napi(catch_unwind)]
    pub fn put(
        &self,
        key: String,
        #[napi(ts_arg_type = "'text' | 'json'")] kind: String,
        value: String,
        precondition: VaultPrecondition,
        user: VaultUser,
    ) -> u32 {
        let value = Zeroizing::new(value);
        self.ask(async move |vault| {
            let kind = match kind.as_str() {
                "text" => Kind::Text,
                "json" => Kind::Json,
                _ => {
                    let message = "the type of a secret is text or json";
                    return Err(Problem::new(Code::ValueInvalid, message));
                }
            };
            let precondition = precondition.into();
            let written = vault.put(&key, kind, &value, precondition, user.into()).await?;
            Ok(Content::Written(written))
        })
    }

    /// It can be restored.
    #[napi(catch_unwind)]
    pub fn remove(&self, key: String, precondition: VaultPrecondition, user: VaultUser) -> u32 {
        self.ask(async move |vault| {
            vault.remove(&key, precondition.into(), user.into()).await?;
            Ok(Content::Done)
        })
    }

    #[napi(catch_unwind)]
    pub fn versions(&self, key: String) -> u32 {
        self.ask(async move |vault| {
            let history = vault.versions(&key).await?;
            Ok(Content::Versions(key, history))
        })
    }

    /// A new version with the content of an older one.
    #[napi(catch_unwind)]
    pub fn rollback(
        &self,
        key: String,
        version: i64,
        precondition: VaultPrecondition,
        user: VaultUser,
    ) -> u32 {
        self.ask(async move |vault| {
            let precondition = precondition.into();
            let written = vault.rollback(&key, number(version), precondition, user.into()).await?;
            Ok(Content::Written(written))
        })
    }

    /// A deleted secret comes back.
    #[napi(catch_unwind)]
    pub fn restore(&self, key: String, user: VaultUser) -> u32 {
        self.ask(async move |vault| Ok(Content::Written(vault.restore(&key, user.into()).await?)))
    }

    /// The values of these older versions, or the secret with all its versions, for good.
    #[napi(catch_unwind)]
    pub fn destroy(&self, key: String, versions: Option<Vec<i64>>, user: VaultUser) -> u32 {
        self.ask(async move |vault| {
            let versions = versions.map(|versions| versions.into_iter().map(number).collect());
            vault.destroy(&key, versions, user.into()).await?;
            Ok(Content::Done)
        })
    }

    /// All secrets of a file, or nothing of it.
    #[napi(catch_unwind)]
    pub fn import(
        &self,
        #[napi(ts_arg_type = "'env' | 'json'")] format: String,
        text: String,
        dry_run: bool,
        user: VaultUser,
    ) -> u32 {
        let text = Zeroizing::new(text);
        self.ask(async move |vault| {
            let imported = vault.import(parse(&format)?, text, dry_run, user.into()).await?;
            Ok(Content::Imported(imported))
        })
    }

    /// All secrets with their values.
    #[napi(catch_unwind)]
    pub fn export(
        &self,
        #[napi(ts_arg_type = "'env' | 'json'")] format: String,
        user: VaultUser,
    ) -> u32 {
        self.ask(async move |vault| {
            Ok(Content::Text(vault.export(parse(&format)?, user.into()).await?))
        })
    }

    /// Gives the vault up; it is closed when nobody else has it. What was begun is finished.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        let shared = Arc::clone(&self.shared);
        // Closing waits for the disk.
        self.runtime.spawn_blocking(move || {
            shared.vault.lock().unwrap_or_else(PoisonError::into_inner).take();
        });
    }

    /// What has come of tickets since the last call.
    #[napi(catch_unwind)]
    pub fn drain(&self) -> Vec<Answer> {
        let answers = std::mem::take(&mut self.inbox().answers);
        answers.into_iter().map(|(ticket, outcome)| Answer::new(ticket, outcome)).collect()
    }

    fn ask<F>(&self, work: impl FnOnce(Arc<builtin::Vault>) -> F + Send + 'static) -> u32
    where
        F: Future<Output = Result<Content, Problem>> + Send + 'static,
    {
        let vault = self.shared.vault.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.begin(async move {
            let closed = || Problem::new(Code::Unavailable, "the vault is closed");
            work(vault.ok_or_else(closed)?).await
        })
    }

    fn begin(&self, work: impl Future<Output = Result<Content, Problem>> + Send + 'static) -> u32 {
        let mut inbox = self.inbox();
        inbox.last_ticket = inbox.last_ticket.wrapping_add(1);
        let ticket = inbox.last_ticket;
        drop(inbox);
        let (shared, channel, id) = (Arc::clone(&self.shared), Arc::clone(&self.channel), self.id);
        self.runtime.spawn(async move {
            let outcome = tokio::spawn(work).await.unwrap_or_else(|_| {
                // The panic's message is left out: it could quote a value.
                let message = "an internal error ended the work on the vault; please report it";
                Err(Problem::new(Code::Internal, message))
            });
            let mut inbox = shared.inbox.lock().unwrap_or_else(PoisonError::into_inner);
            inbox.answers.push((ticket, outcome));
            drop(inbox);
            channel.tell(id);
        });
        ticket
    }

    fn inbox(&self) -> std::sync::MutexGuard<'_, Inbox> {
        self.shared.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Vault {
    fn drop(&mut self) {
        self.close();
    }
}

/// A number that no version has stays one that no version has.
fn number(version: i64) -> u64 {
    u64::try_from(version).unwrap_or(u64::MAX)
}

fn parse(format: &str) -> Result<Format, Problem> {
    match format {
        "env" => Ok(Format::Env),
        "json" => Ok(Format::Json),
        _ => Err(Problem::new(Code::ValueInvalid, "the format is env or json")),
    }
}

impl From<VaultUser> for User {
    fn from(user: VaultUser) -> Self {
        let origin = user.origin.and_then(|origin| origin.parse::<IpAddr>().ok());
        Self { name: user.actor, origin }
    }
}

impl From<VaultPrecondition> for Precondition {
    fn from(precondition: VaultPrecondition) -> Self {
        match (precondition.if_match, precondition.if_none_match) {
            (Some(version), _) => Self::Version(number(version)),
            (None, Some(true)) => Self::Absent,
            _ => Self::Any,
        }
    }
}
