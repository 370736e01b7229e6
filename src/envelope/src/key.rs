//! The two kinds of keys that encrypt.

use std::fmt;

use ring::aead::{AES_256_GCM, LessSafeKey, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Prk, Salt};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use crate::audit::sign;
use crate::seal::{self, OpenError, SealError};
use crate::{AssociatedData, AuditKey};

pub(crate) const KEY_LENGTH: usize = 32;

/// Why bytes are no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key has exactly {KEY_LENGTH} bytes; this one has {length}")]
pub struct KeyError {
    pub length: usize,
}

/// A short fingerprint of a [`Kek`]: tells whether a key is the right one before anything is
/// decrypted with it, and says nothing about the key itself.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KekId(String);

impl KekId {
    /// As it was written to the store.
    pub fn from_stored(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KekId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for KekId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "KekId({})", self.0)
    }
}

/// The key-encryption key: wraps other keys and does nothing else.
pub struct Kek {
    bytes: Zeroizing<[u8; KEY_LENGTH]>,
    id: KekId,
}

impl Kek {
    /// 32 new bytes from the operating system's randomness, to be kept and made a key of.
    pub fn new_bytes() -> Result<Zeroizing<[u8; KEY_LENGTH]>, SealError> {
        let mut bytes = Zeroizing::new([0; KEY_LENGTH]);
        SystemRandom::new().fill(&mut *bytes).map_err(|_| SealError)?;
        Ok(bytes)
    }

    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let bytes = exactly(bytes)?;
        let key = derived_hmac(&bytes, "secret-manager kek id v1");
        let tag = hmac::sign(&key, b"id");
        let id = tag.as_ref()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { bytes, id: KekId(id) })
    }

    /// A key that takes both the bytes and `secret` to make. The bytes are what makes it strong:
    /// `secret` may be a password, and may be empty.
    pub fn from_bytes_and_secret(bytes: &[u8], secret: &[u8]) -> Result<Self, KeyError> {
        let bytes = exactly(bytes)?;
        let info = [b"secret-manager kek from two v1".as_slice()];
        let derived = Salt::new(HKDF_SHA256, secret).extract(&*bytes);
        let mut mixed = Zeroizing::new([0; KEY_LENGTH]);
        derived.expand(&info, HKDF_SHA256).and_then(|okm| okm.fill(&mut *mixed)).expect(FITS);
        Self::from_bytes(&*mixed)
    }

    pub fn id(&self) -> &KekId {
        &self.id
    }

    /// Encrypts a data key for the space that it belongs to.
    pub fn wrap(&self, dek: &Dek, space: &str) -> Result<Vec<u8>, SealError> {
        seal::seal(&self.aead(), &AssociatedData::data_key(space), &*dek.bytes)
    }

    pub fn unwrap(&self, wrapped: &[u8], space: &str) -> Result<Dek, OpenError> {
        let bytes = seal::open(&self.aead(), &AssociatedData::data_key(space), wrapped)?;
        Ok(Dek::from_key(exactly(&bytes).map_err(|_| OpenError::Format)?))
    }

    pub fn wrap_audit_key(&self, key: &AuditKey) -> Result<Vec<u8>, SealError> {
        seal::seal(&self.aead(), &AssociatedData::audit_key(), &*key.bytes)
    }

    pub fn unwrap_audit_key(&self, wrapped: &[u8]) -> Result<AuditKey, OpenError> {
        let bytes = seal::open(&self.aead(), &AssociatedData::audit_key(), wrapped)?;
        Ok(AuditKey::from_key(exactly(&bytes).map_err(|_| OpenError::Format)?))
    }

    /// For deriving further keys.
    pub(crate) fn bytes(&self) -> &[u8; KEY_LENGTH] {
        &self.bytes
    }

    fn aead(&self) -> LessSafeKey {
        derived_aead(&self.bytes, "secret-manager kek wrap v1")
    }
}

impl fmt::Debug for Kek {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Kek({}, •••)", self.id)
    }
}

/// A name's keyed hash: finds a secret without its name standing anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NameHash(pub [u8; 32]);

impl NameHash {
    pub(crate) fn of(key: &hmac::Key, name: &str) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(hmac::sign(key, name.as_bytes()).as_ref());
        Self(hash)
    }
}

/// The data key of one space.
pub struct Dek {
    bytes: Zeroizing<[u8; KEY_LENGTH]>,
    aead: LessSafeKey,
    names: hmac::Key,
    rows: hmac::Key,
}

impl Dek {
    /// A new key from the operating system's randomness.
    pub fn generate() -> Result<Self, SealError> {
        Kek::new_bytes().map(Self::from_key)
    }

    fn from_key(bytes: Zeroizing<[u8; KEY_LENGTH]>) -> Self {
        let aead = derived_aead(&bytes, "secret-manager dek seal v1");
        let names = derived_hmac(&bytes, "secret-manager dek names v1");
        let rows = derived_hmac(&bytes, "secret-manager dek rows v1");
        Self { bytes, aead, names, rows }
    }

    pub fn seal(&self, place: &AssociatedData, plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
        seal::seal(&self.aead, place, plaintext)
    }

    pub fn open(
        &self,
        place: &AssociatedData,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        seal::open(&self.aead, place, sealed)
    }

    pub fn name_hash(&self, name: &str) -> NameHash {
        NameHash::of(&self.names, name)
    }

    /// A keyed hash of what stands in a row. The bytes have to tell it from any other row.
    pub fn row_seal(&self, row: &[u8]) -> [u8; 32] {
        sign(&self.rows, &[row])
    }
}

impl fmt::Debug for Dek {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Dek(•••)")
    }
}

fn exactly(bytes: &[u8]) -> Result<Zeroizing<[u8; KEY_LENGTH]>, KeyError> {
    let mut key = Zeroizing::new([0; KEY_LENGTH]);
    if bytes.len() != KEY_LENGTH {
        return Err(KeyError { length: bytes.len() });
    }
    key.copy_from_slice(bytes);
    Ok(key)
}

fn derived_aead(key: &[u8; KEY_LENGTH], purpose: &str) -> LessSafeKey {
    let info = [purpose.as_bytes()];
    let derived = extract(key);
    let okm = derived.expand(&info, &AES_256_GCM);
    LessSafeKey::new(UnboundKey::from(okm.expect(FITS)))
}

pub(crate) fn derived_hmac(key: &[u8; KEY_LENGTH], purpose: &str) -> hmac::Key {
    let info = [purpose.as_bytes()];
    let derived = extract(key);
    let okm = derived.expand(&info, hmac::HMAC_SHA256);
    hmac::Key::from(okm.expect(FITS))
}

fn extract(key: &[u8; KEY_LENGTH]) -> Prk {
    Salt::new(HKDF_SHA256, &[]).extract(key)
}

/// `expand` refuses only outputs over 255 hashes; a key is one.
const FITS: &str = "32 bytes are within HKDF's limit";
