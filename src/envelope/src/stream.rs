//! A long text, sealed in chunks: a whole backup doesn't fit into memory.
//!
//! Each stream has a key of its own, derived from the key-encryption key and 256 random bits (the
//! *salt*) with HKDF-SHA256. So the nonces need no randomness and can't repeat: they count the
//! chunks. The last byte of the nonce marks the last chunk. Chunks that were dropped, reordered,
//! repeated or taken from another stream have another nonce or another key and don't open; a stream
//! that was cut off has no last chunk. This is the STREAM construction (Hoang, Reyhanitabar, Rogaway
//! and Vizár, "Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", 2015).
//!
//! A stream is its header (a mark, the format, the id of the key-encryption key, the salt), chunks of
//! [`STREAM_CHUNK`] bytes and a last one of as many or fewer, each with its tag. The header is
//! authenticated with every chunk.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use crate::seal::{OpenError, SealError, TAG_LENGTH};
use crate::{Kek, KekId};

/// How much of the text a chunk holds.
pub const STREAM_CHUNK: usize = 64 * 1024;

/// How long a chunk is once it is sealed; the last one may be shorter.
pub const SEALED_CHUNK: usize = STREAM_CHUNK + TAG_LENGTH;

/// Tells a stream from any other file. Its last byte is the format.
const MARK: &[u8; 9] = b"SMbackup\x01";
const ID_LENGTH: usize = 16;
const SALT_LENGTH: usize = 32;
const SALT_START: usize = MARK.len() + ID_LENGTH;

/// What stands before the chunks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamHeader([u8; Self::LENGTH]);

impl StreamHeader {
    pub const LENGTH: usize = SALT_START + SALT_LENGTH;

    /// Nothing is authentic yet: that shows with the first chunk.
    pub fn parse(bytes: [u8; Self::LENGTH]) -> Result<Self, OpenError> {
        let id = &bytes[MARK.len()..SALT_START];
        let well_formed = bytes.starts_with(MARK) && id.iter().all(u8::is_ascii_hexdigit);
        if well_formed { Ok(Self(bytes)) } else { Err(OpenError::Format) }
    }

    /// Which key the stream needs.
    pub fn kek_id(&self) -> KekId {
        KekId::from_stored(String::from_utf8_lossy(&self.0[MARK.len()..SALT_START]))
    }

    pub fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }

    fn salt(&self) -> &[u8] {
        &self.0[SALT_START..]
    }
}

/// Seals a text chunk by chunk.
pub struct StreamSealer(Stream);

impl StreamSealer {
    pub fn new(kek: &Kek) -> Result<Self, SealError> {
        let mut header = [0; StreamHeader::LENGTH];
        header[..MARK.len()].copy_from_slice(MARK);
        header[MARK.len()..SALT_START].copy_from_slice(kek.id().as_str().as_bytes());
        SystemRandom::new().fill(&mut header[SALT_START..]).map_err(|_| SealError)?;
        Ok(Self(Stream::new(kek, StreamHeader(header))))
    }

    pub fn header(&self) -> &StreamHeader {
        &self.0.header
    }

    /// A chunk that others follow.
    pub fn seal(&mut self, chunk: &[u8; STREAM_CHUNK]) -> Result<Vec<u8>, SealError> {
        self.0.seal(chunk, false)
    }

    /// The last chunk: at most [`STREAM_CHUNK`] bytes, perhaps none.
    pub fn finish(mut self, rest: &[u8]) -> Result<Vec<u8>, SealError> {
        if rest.len() > STREAM_CHUNK {
            return Err(SealError);
        }
        self.0.seal(rest, true)
    }
}

/// Opens what [`StreamSealer`] sealed. Text that was opened is authentic up to there; that it is whole
/// is known only once the last chunk has opened.
pub struct StreamOpener(Stream);

impl StreamOpener {
    pub fn new(kek: &Kek, header: StreamHeader) -> Result<Self, OpenError> {
        if header.kek_id() != *kek.id() {
            return Err(OpenError::Authentication);
        }
        Ok(Self(Stream::new(kek, header)))
    }

    /// A chunk that others follow.
    pub fn open(&mut self, sealed: Vec<u8>) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        self.0.open(sealed, false)
    }

    /// The last chunk.
    pub fn finish(mut self, sealed: Vec<u8>) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        self.0.open(sealed, true)
    }
}

struct Stream {
    key: LessSafeKey,
    header: StreamHeader,
    /// How many chunks there were; each number is used once under this key.
    count: u64,
}

impl Stream {
    fn new(kek: &Kek, header: StreamHeader) -> Self {
        let info = [&b"secret-manager backup v1"[..]];
        let derived = Salt::new(HKDF_SHA256, header.salt()).extract(kek.bytes());
        let okm = derived.expand(&info, &AES_256_GCM);
        let key = UnboundKey::from(okm.expect("32 bytes are within HKDF's limit"));
        Self { key: LessSafeKey::new(key), header, count: 0 }
    }

    fn seal(&mut self, chunk: &[u8], last: bool) -> Result<Vec<u8>, SealError> {
        let nonce = self.nonce(last).ok_or(SealError)?;
        // Reserved whole: a buffer that grew would leave plaintext behind in its old place.
        let mut sealed = Vec::with_capacity(chunk.len() + TAG_LENGTH);
        sealed.extend_from_slice(chunk);
        self.key
            .seal_in_place_append_tag(nonce, Aad::from(self.header.0), &mut sealed)
            .map_err(|_| SealError)?;
        Ok(sealed)
    }

    fn open(&mut self, sealed: Vec<u8>, last: bool) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let nonce = self.nonce(last).ok_or(OpenError::Authentication)?;
        let mut buffer = Zeroizing::new(sealed);
        let length = self
            .key
            .open_in_place(nonce, Aad::from(self.header.0), &mut buffer)
            .map_err(|_| OpenError::Authentication)?
            .len();
        buffer.truncate(length);
        Ok(buffer)
    }

    /// The chunk's number, three zeros, and whether it is the last one.
    fn nonce(&mut self, last: bool) -> Option<Nonce> {
        let mut nonce = [0; NONCE_LEN];
        nonce[..8].copy_from_slice(&self.count.to_be_bytes());
        nonce[NONCE_LEN - 1] = u8::from(last);
        self.count = self.count.checked_add(1)?;
        Some(Nonce::assume_unique_for_key(nonce))
    }
}
