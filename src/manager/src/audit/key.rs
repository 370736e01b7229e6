//! The key of the trail, and where it comes from.

use std::fmt;
use std::sync::Arc;

use secret_manager_envelope::{AuditKey, Kek};
use secret_manager_store::{AuditKeyRow, Chain, Mac, Store};

use crate::{Error, Keyring};

/// Chains records with the audit key.
pub struct AuditTrail {
    key: AuditKey,
}

impl AuditTrail {
    /// The trail of these data. Its first opening makes the key.
    pub(crate) async fn open(store: &dyn Store, keys: &Keyring) -> Result<Arc<Self>, Error> {
        if let Some(row) = store.audit_key().await? {
            return Self::unwrap(keys, &row);
        }
        let kek = keys.first();
        let key = AuditKey::generate()?;
        let kek_id = kek.id().as_str().to_owned();
        let row = AuditKeyRow { wrapped_key: kek.wrap_audit_key(&key)?, kek_id };
        let chain: Arc<Self> = Arc::new(Self { key });
        // Another process may have been faster; then its key is the trail's.
        let row = store.begin_audit(row, chain).await?;
        Self::unwrap(keys, &row)
    }

    fn unwrap(keys: &Keyring, row: &AuditKeyRow) -> Result<Arc<Self>, Error> {
        Ok(Arc::new(Self { key: keys.find(&row.kek_id)?.unwrap_audit_key(&row.wrapped_key)? }))
    }

    /// Finds what is kept about a login name.
    pub(crate) fn login_hash(&self, name: &str) -> [u8; 32] {
        self.key.login_hash(name).0
    }

    pub(crate) fn wrap(&self, kek: &Kek) -> Result<Vec<u8>, Error> {
        Ok(kek.wrap_audit_key(&self.key)?)
    }
}

impl Chain for AuditTrail {
    fn record(&self, previous: &Mac, record: &[u8]) -> Mac {
        self.key.record(previous, record)
    }

    fn head(&self, sequence: u64, newest: &Mac) -> Mac {
        self.key.head(sequence, newest)
    }
}

impl fmt::Debug for AuditTrail {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AuditTrail(•••)")
    }
}
