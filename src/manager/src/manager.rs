//! The manager itself: what it holds and how it starts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use secret_manager_envelope::Kek;
use secret_manager_model::Timestamp;
use secret_manager_store::{SpaceId, SpaceRow, Store, TokenId};

use crate::audit::AuditTrail;
use crate::checks::Remembered;
use crate::password::Passwords;
use crate::recent::Recent;
use crate::turns::Turns;
use crate::vault::Vault;
use crate::{Environment, Error, Keyring, Rules, Thing};

pub struct Manager {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) environment: Environment,
    pub(crate) keys: Keyring,
    /// Chains the records of the audit trail.
    pub(crate) trail: Arc<AuditTrail>,
    pub(crate) turns: Turns,
    /// When each access token's last use was last written, or tried to: at most once a minute.
    pub(crate) touched: Mutex<HashMap<TokenId, Timestamp>>,
    pub(crate) recent: Recent,
    pub(crate) remembered: Arc<Remembered>,
    pub(crate) rules: Rules,
    pub(crate) passwords: Passwords,
}

impl Manager {
    /// Refuses to start with keys that are not the data's.
    pub async fn open(
        store: Arc<dyn Store>,
        keys: impl Into<Keyring>,
        environment: Environment,
    ) -> Result<Self, Error> {
        let keys = keys.into();
        let trail = AuditTrail::open(&*store, &keys).await?;
        let manager = Self {
            store,
            environment,
            keys,
            trail,
            turns: Turns::default(),
            touched: Mutex::default(),
            recent: Recent::default(),
            remembered: Arc::default(),
            rules: Rules::default(),
            passwords: Passwords::new(Rules::default().password_cost),
        };
        for (space, _) in manager.store.spaces().await? {
            match manager.vault(&space) {
                // One space that was altered doesn't take the others with it.
                Err(Error::Corrupt(what)) => {
                    tracing::error!(space = %space.id, what, "a space can't be opened");
                }
                opened => drop(opened?),
            }
        }
        manager.protect_spaces().await?;
        Ok(manager)
    }

    /// With other times for sessions and invitations, another cost of passwords.
    pub fn with_rules(self, rules: Rules) -> Self {
        Self { passwords: Passwords::new(rules.password_cost), rules, ..self }
    }

    /// The time as this service knows it.
    pub fn now(&self) -> Timestamp {
        self.environment.now()
    }

    /// The fingerprint of the key that is in use, for people to compare.
    pub async fn key_id(&self) -> Result<String, Error> {
        Ok(self.current_kek().await?.id().to_string())
    }

    /// The number of the database's layout, for people.
    pub async fn layout(&self) -> Result<i64, Error> {
        Ok(self.store.layout().await?)
    }

    /// How much room the data take where they are kept.
    pub async fn database_bytes(&self) -> Result<u64, Error> {
        Ok(self.store.bytes().await?)
    }

    /// How often a password was hashed, which is what takes a machine's time when somebody guesses.
    pub fn passwords_hashed(&self) -> u64 {
        self.passwords.hashed()
    }

    /// How many records the audit trail ever got.
    pub async fn audit_length(&self) -> Result<u64, Error> {
        Ok(self.store.audit_length().await?)
    }

    /// Whether reads and changes would succeed now: the database answers, a change would be durable,
    /// and the key is the data's.
    pub async fn check_ready(&self) -> Result<(), Error> {
        for needed in self.store.kek_ids().await? {
            self.keys.find(&needed)?;
        }
        Ok(self.store.check_writable().await?)
    }

    /// The key that the data use now: what is new is wrapped with it.
    pub(crate) async fn current_kek(&self) -> Result<Arc<Kek>, Error> {
        match self.store.audit_key().await? {
            Some(row) => self.keys.find(&row.kek_id),
            None => Ok(Arc::clone(self.keys.first())),
        }
    }

    pub(crate) fn vault(&self, space: &SpaceRow) -> Result<Vault, Error> {
        let dek = self.keys.find(&space.kek_id)?.unwrap(&space.wrapped_dek, space.id.as_str())?;
        Ok(Vault::new(dek, space.id.clone()))
    }

    pub(crate) async fn space_row(&self, id: &SpaceId) -> Result<SpaceRow, Error> {
        self.store.space(id).await?.ok_or(Error::NotFound(Thing::Space))
    }
}

/// Runs what keeps a processor busy where it doesn't hold up other requests.
pub(crate) async fn busy<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(Error::stopped()))
}
