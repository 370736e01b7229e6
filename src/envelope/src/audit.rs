//! The key of the audit trail.

use std::fmt;

use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use crate::key::{KEY_LENGTH, NameHash, derived_hmac};
use crate::seal::SealError;

/// Computes the codes that chain audit records, HMAC-SHA-256 each. It is wrapped by the
/// key-encryption key like a data key, and rotated with it.
pub struct AuditKey {
    pub(crate) bytes: Zeroizing<[u8; KEY_LENGTH]>,
    records: hmac::Key,
    heads: hmac::Key,
}

impl AuditKey {
    /// A new key from the operating system's randomness.
    pub fn generate() -> Result<Self, SealError> {
        let mut bytes = Zeroizing::new([0; KEY_LENGTH]);
        SystemRandom::new().fill(&mut *bytes).map_err(|_| SealError)?;
        Ok(Self::from_key(bytes))
    }

    pub(crate) fn from_key(bytes: Zeroizing<[u8; KEY_LENGTH]>) -> Self {
        let records = derived_hmac(&bytes, "secret-manager audit records v1");
        let heads = derived_hmac(&bytes, "secret-manager audit heads v1");
        Self { bytes, records, heads }
    }

    /// The code of a record that follows the one with the code `previous`.
    pub fn record(&self, previous: &[u8; 32], record: &[u8]) -> [u8; 32] {
        sign(&self.records, &[previous, record])
    }

    /// Finds what is kept about a login name, also one that nobody has, without the name. Under this
    /// key, because it stays the same when the key-encryption key is rotated.
    pub fn login_hash(&self, name: &str) -> NameHash {
        NameHash::of(&derived_hmac(&self.bytes, "secret-manager logins v1"), name)
    }

    /// The code of the trail's end: how many records there are, and the newest one's code.
    pub fn head(&self, sequence: u64, newest: &[u8; 32]) -> [u8; 32] {
        sign(&self.heads, &[&sequence.to_be_bytes(), newest])
    }
}

impl fmt::Debug for AuditKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AuditKey(•••)")
    }
}

pub(crate) fn sign(key: &hmac::Key, parts: &[&[u8]]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(key);
    for part in parts {
        context.update(part);
    }
    let mut code = [0; 32];
    code.copy_from_slice(context.sign().as_ref());
    code
}
