//! The one place that encrypts and decrypts.

use ring::aead::{Aad, LessSafeKey, NONCE_LEN, Nonce};
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use crate::AssociatedData;

/// Stands first in every sealed text and names what follows: AES-256-GCM, nonce in front.
const FORMAT: u8 = 1;

pub(crate) const TAG_LENGTH: usize = 16;
const HEAD_LENGTH: usize = 1 + NONCE_LEN;

/// How many bytes a sealed text is longer than what it seals.
pub const SEAL_OVERHEAD: usize = HEAD_LENGTH + TAG_LENGTH;

/// The operating system gave no randomness or the text is too long for the cipher (64 GiB).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("could not encrypt: the operating system's random generator failed")]
pub struct SealError;

/// Why a sealed text doesn't open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    #[error("this is not a format that this version can decrypt")]
    Format,
    #[error("altered, moved from another place, or sealed with another key")]
    Authentication,
}

pub(crate) fn seal(
    key: &LessSafeKey,
    place: &AssociatedData,
    plaintext: &[u8],
) -> Result<Vec<u8>, SealError> {
    let mut nonce = [0; NONCE_LEN];
    SystemRandom::new().fill(&mut nonce).map_err(|_| SealError)?;

    // Reserved whole: a buffer that grew would leave plaintext behind in its old place.
    let mut sealed = Vec::with_capacity(plaintext.len() + SEAL_OVERHEAD);
    sealed.push(FORMAT);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(plaintext);
    let tag = key
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(place.as_bytes()),
            &mut sealed[HEAD_LENGTH..],
        )
        .map_err(|_| SealError)?;
    sealed.extend_from_slice(tag.as_ref());
    Ok(sealed)
}

pub(crate) fn open(
    key: &LessSafeKey,
    place: &AssociatedData,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let Some((&FORMAT, rest)) = sealed.split_first() else { return Err(OpenError::Format) };
    let Some((nonce, ciphertext)) = rest.split_first_chunk::<NONCE_LEN>() else {
        return Err(OpenError::Authentication);
    };
    let mut buffer = Zeroizing::new(ciphertext.to_vec());
    let length = key
        .open_in_place(
            Nonce::assume_unique_for_key(*nonce),
            Aad::from(place.as_bytes()),
            &mut buffer,
        )
        .map_err(|_| OpenError::Authentication)?
        .len();
    buffer.truncate(length);
    Ok(buffer)
}
