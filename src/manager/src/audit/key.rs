//! The key of the trail, and where it comes from.

use std::fmt;
use std::sync::Arc;

use secret_manager_envelope::{AuditKey, Kek};
use secret_manager_store::{AuditKeyRow, Chain, Mac, Store};

use crate::Error;

/// Chains records with the audit key.
pub struct AuditTrail {
    key: AuditKey,
}

impl AuditTrail {
    /// The trail of these data. Its first opening makes the key.
    pub(crate) async fn open(store: &dyn Store, kek: &Kek) -> Result<Arc<Self>, Error> {
        let kek_id = kek.id().as_str();
        if let Some(row) = store.audit_key().await? {
            return Self::unwrap(kek, &row);
        }
        let key = AuditKey::generate()?;
        let row = AuditKeyRow { wrapped_key: kek.wrap_audit_key(&key)?, kek_id: kek_id.to_owned() };
        let chain: Arc<Self> = Arc::new(Self { key });
        // Another process may have been faster; then its key is the trail's.
        let row = store.begin_audit(row, chain).await?;
        Self::unwrap(kek, &row)
    }

    fn unwrap(kek: &Kek, row: &AuditKeyRow) -> Result<Arc<Self>, Error> {
        let given = kek.id().as_str();
        if row.kek_id != given {
            return Err(Error::WrongKey { given: given.into(), needed: row.kek_id.clone() });
        }
        Ok(Arc::new(Self { key: kek.unwrap_audit_key(&row.wrapped_key)? }))
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
