//! Envelope encryption: bytes in, bytes out.
//!
//! Two kinds of keys encrypt. A *data key* ([`Dek`]) seals what a space holds; each space has one of its
//! own. The *key-encryption key* ([`Kek`]) seals nothing but keys: it *wraps* them. The store keeps
//! wrapped data keys beside what they seal; the key-encryption key lives elsewhere, so that a
//! copy of the database alone is worth nothing, and rotating it rewraps a few small keys and
//! touches no value.
//!
//! What is sealed is bound to its place by [`AssociatedData`]: a row that was moved to another
//! secret, or an old row put back in the place of a newer one, doesn't open.
//!
//! A third one, the [`AuditKey`], encrypts nothing: it chains the records of the audit trail.
//!
//! # How
//!
//! AES-256-GCM with a random 96-bit nonce, drawn afresh from the operating system for each seal.
//! NIST SP 800-38D (section 8.3) allows at most 2^32 seals under one key with random nonces. A space
//! would need a change every second for more than thirty years to get there, at four seals a change.
//! A sealed text is one format byte, the nonce, the ciphertext and the 128-bit tag.
//!
//! What is too long for one message, a backup, is sealed in chunks under a key of its own
//! ([`StreamSealer`]).
//!
//! A key is never used for two purposes: from each 32 bytes HKDF-SHA256 (RFC 5869) derives one key
//! that encrypts and another one for the keyed hash.
//!
//! # What it doesn't do
//!
//! The 32 bytes of a key are wiped on drop. The key schedule inside `ring` is not: it lives for the
//! duration of a call (a [`Kek`]'s) or as long as the [`Dek`], on the heap of this process.

mod audit;
mod context;
mod key;
mod seal;
mod stream;

pub use audit::AuditKey;
pub use context::AssociatedData;
pub use key::{Dek, Kek, KekId, KeyError, NameHash};
pub use seal::{OpenError, SEAL_OVERHEAD, SealError};
pub use stream::{SEALED_CHUNK, STREAM_CHUNK, StreamHeader, StreamOpener, StreamSealer};
