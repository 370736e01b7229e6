//! The last-good cache: what was published last, kept on disk for a start at which the source is
//! down.
//!
//! # What protects it
//!
//! A file is sealed by a data key of its own, made anew for each write, which is wrapped by a key that
//! stands beside the cache in `cache.key` (32 random bytes, readable by the owner only), mixed with a
//! secret that the host has elsewhere, if it has one: a copy of the directory alone is then worth
//! nothing. The access token is no part of it. It would bring no protection that the host's own copy of
//! the token doesn't lack, and a renewed token would orphan the cache at the very moment when it may be
//! needed.
//!
//! A file is bound to the source and to the context key; one that was altered, cut, moved from another
//! place or made by somebody else doesn't open. It is then as if it weren't there, and the next write
//! replaces it. What can't be noticed is an older file of the same place put back.
//!
//! # How it is written
//!
//! Under another name first, flushed to the disk, then renamed: a reader finds the old file or the new
//! one, whole, whenever the machine stops.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secret_manager_envelope::{AssociatedData, Dek, Kek, SEAL_OVERHEAD};
use secret_manager_model::limits::SNAPSHOT_BYTES;
use secret_manager_model::{Refused, Snapshot, Timestamp, wire};
use secret_manager_source::Validator;
use zeroize::Zeroizing;

use crate::shared::Secrets;
use crate::status::Facts;

/// Stands first in every file, so that another version of the format is told from damage.
const MAGIC: &[u8] = b"secret-manager cache 2\n";
const KEY_BYTES: usize = 32;
const WRAPPED_KEY_BYTES: usize = KEY_BYTES + SEAL_OVERHEAD;
/// When it was fetched and when it was confirmed, each eight bytes of milliseconds.
const TIMES_BYTES: usize = 16;
/// The spread in seconds (four bytes), and the length of the validator (two bytes) that follows it.
const SPREAD_BYTES: usize = 4;
const LENGTH_BYTES: usize = 2;
/// A longer one isn't kept.
const MOST_VALIDATOR_BYTES: usize = 256;
const MOST_BYTES: usize =
    MAGIC.len() + WRAPPED_KEY_BYTES + SEAL_OVERHEAD + MOST_HEAD_BYTES + SNAPSHOT_BYTES;
const MOST_HEAD_BYTES: usize = TIMES_BYTES + SPREAD_BYTES + LENGTH_BYTES + MOST_VALIDATOR_BYTES;
/// The context in which the data key is wrapped; what it seals is bound more closely.
const WRAPPED_FOR: &str = "last-good cache";

/// Where an engine keeps its last-good snapshot. Its methods block.
#[derive(Clone)]
pub struct Cache {
    directory: PathBuf,
    context_key: String,
    host_secret: Zeroizing<String>,
    /// While it is set, a mistake ends whatever is done with the file.
    #[cfg(test)]
    pub(crate) broken: Arc<std::sync::atomic::AtomicBool>,
}

/// What is published, as it is kept.
#[derive(Clone)]
pub(crate) struct Good {
    pub(crate) facts: Facts,
    pub(crate) checked_at: Timestamp,
    /// The source's mark of it, so that the source can say that nothing has changed since.
    pub(crate) validator: Option<Validator>,
    /// Over how long the source asks to spread the starts.
    pub(crate) spread: Duration,
    pub(crate) secrets: Arc<Secrets>,
}

/// Why the cache is of no use at the moment. Nothing of its content is told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CacheError {
    #[error("the last-good cache can't be used: {0}")]
    Unavailable(#[from] io::Error),
    #[error(
        "the last-good cache is not used: it is damaged, or was made for another source or with \
         another key; the next sync replaces it"
    )]
    Refused,
    #[error("the last-good cache is too large to be kept")]
    TooLarge,
}

impl Cache {
    /// A cache for what is published under `context_key`, in a directory that may hold others.
    /// `host_secret` is mixed into the key; it may be empty.
    pub fn new(directory: impl Into<PathBuf>, context_key: &str, host_secret: &str) -> Self {
        Self {
            directory: directory.into(),
            context_key: context_key.to_owned(),
            host_secret: Zeroizing::new(host_secret.to_owned()),
            #[cfg(test)]
            broken: Arc::default(),
        }
    }

    /// What was kept of this source; `None` when nothing was.
    pub(crate) fn load(&self, source: &str) -> Result<Option<Good>, CacheError> {
        let Some(file) = read(&self.file(), MOST_BYTES)? else { return Ok(None) };
        let key = read(&self.key_file(), KEY_BYTES)?.ok_or(CacheError::Refused)?;
        self.opened(&file, &key, source).map(Some)
    }

    fn opened(&self, file: &[u8], key: &[u8], source: &str) -> Result<Good, CacheError> {
        let sealed = file.strip_prefix(MAGIC).ok_or(CacheError::Refused)?;
        let (wrapped, sealed) =
            sealed.split_at_checked(WRAPPED_KEY_BYTES).ok_or(CacheError::Refused)?;
        let dek = self.kek(key)?.unwrap(wrapped, WRAPPED_FOR).map_err(|_| CacheError::Refused)?;
        let place = AssociatedData::cache(source, &self.context_key);
        let content = dek.open(&place, sealed).map_err(|_| CacheError::Refused)?;
        good(&content, source).ok_or(CacheError::Refused)
    }

    pub(crate) fn save(&self, good: &Good) -> Result<(), CacheError> {
        let kek = self.kek(&self.key()?)?;
        let (wrapped, sealed) = self.sealed(&content(good), &good.facts.source, &kek)?;
        let pieces = [MAGIC, &wrapped, &sealed];
        if pieces.iter().map(|piece| piece.len()).sum::<usize>() > MOST_BYTES {
            self.wipe()?;
            return Err(CacheError::TooLarge);
        }
        replace(&self.file(), &pieces)?;
        Ok(())
    }

    /// The wrapped data key, and the content that is sealed with it.
    fn sealed(&self, content: &[u8], source: &str, kek: &Kek) -> io::Result<(Vec<u8>, Vec<u8>)> {
        let dek = Dek::generate().map_err(io::Error::other)?;
        let wrapped = kek.wrap(&dek, WRAPPED_FOR).map_err(io::Error::other)?;
        let place = AssociatedData::cache(source, &self.context_key);
        let sealed = dek.seal(&place, content).map_err(io::Error::other)?;
        Ok((wrapped, sealed))
    }

    /// Removes what was kept. The key stays: other caches in the directory use it.
    pub(crate) fn wipe(&self) -> Result<(), CacheError> {
        for file in [draft_of(&self.file()), self.file()] {
            absent_is_fine(fs::remove_file(file))?;
        }
        absent_is_fine(flush(&self.directory))?;
        Ok(())
    }

    fn kek(&self, key: &[u8]) -> Result<Kek, CacheError> {
        Kek::from_bytes_and_secret(key, self.host_secret.as_bytes())
            .map_err(|_| CacheError::Refused)
    }

    /// The key's bytes, made now when there are none, or none that a key can be made of.
    fn key(&self) -> io::Result<Zeroizing<Vec<u8>>> {
        /// Of two engines that start together, one makes the key and both use it.
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let file = self.key_file();
        if let Some(key) = read(&file, KEY_BYTES)?
            && key.len() == KEY_BYTES
        {
            return Ok(key);
        }
        self.prepare_directory()?;
        let key = Kek::new_bytes().map_err(io::Error::other)?;
        replace(&file, &[&*key])?;
        Ok(Zeroizing::new(key.to_vec()))
    }

    fn prepare_directory(&self) -> io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.directory)?;
        // Many keep their Node-RED in git: neither the cache nor its key belongs there.
        replace(&self.directory.join(".gitignore"), &[b"*\n"])
    }

    fn key_file(&self) -> PathBuf {
        self.directory.join("cache.key")
    }

    fn file(&self) -> PathBuf {
        #[cfg(test)]
        assert!(!self.broken.load(std::sync::atomic::Ordering::SeqCst), "a mistake of a test");
        self.directory.join(format!("{}.cache", file_name(&self.context_key)))
    }
}

/// The context key, or a form of it that every file system takes and that leads nowhere else.
fn file_name(context_key: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let escaped = context_key.bytes().map(|byte| {
        if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02x}") }
    });
    escaped.collect()
}

fn content(good: &Good) -> Zeroizing<Vec<u8>> {
    let facts = &good.facts;
    let snapshot = wire::write_snapshot(&Snapshot {
        space: facts.space.clone(),
        version: facts.version,
        created_at: facts.created_at,
        updated_at: facts.updated_at,
        issued_at: facts.issued_at,
        secrets: Secrets::clone(&good.secrets),
        refused: Refused::default(),
    });
    let mut content = Zeroizing::new(Vec::with_capacity(MOST_HEAD_BYTES + snapshot.len()));
    for time in [facts.synced_at, good.checked_at] {
        content.extend_from_slice(&time.as_millis().to_be_bytes());
    }
    let spread = u32::try_from(good.spread.as_secs()).unwrap_or(u32::MAX);
    content.extend_from_slice(&spread.to_be_bytes());
    let validator = good.validator.as_ref().map(Validator::as_str).unwrap_or_default();
    let (length, validator) = match u16::try_from(validator.len()) {
        Ok(length) if validator.len() <= MOST_VALIDATOR_BYTES => (length, validator),
        _ => (0, ""),
    };
    content.extend_from_slice(&length.to_be_bytes());
    content.extend_from_slice(validator.as_bytes());
    content.extend_from_slice(&snapshot);
    content
}

/// Reads what [`content`] writes. Not trusted for having been sealed: an earlier version may have done it.
fn good(content: &[u8], source: &str) -> Option<Good> {
    let (synced_at, rest) = time(content)?;
    let (checked_at, rest) = time(rest)?;
    let (spread, rest) = rest.split_first_chunk()?;
    let spread = Duration::from_secs(u32::from_be_bytes(*spread).into());
    let (length, rest) = rest.split_first_chunk()?;
    let length = usize::from(u16::from_be_bytes(*length));
    let (validator, snapshot) = rest.split_at_checked(length)?;
    let validator = std::str::from_utf8(validator).ok()?;
    let validator = (length > 0).then(|| Validator::new(validator));
    let Snapshot { space, version, created_at, updated_at, issued_at, secrets, refused } =
        wire::read_snapshot(snapshot).ok()?;
    let facts = Facts {
        source: source.to_owned(),
        space,
        version,
        created_at,
        updated_at,
        issued_at,
        synced_at,
        cached: true,
        refused,
    };
    Some(Good { facts, checked_at, validator, spread, secrets: Arc::new(secrets) })
}

fn time(content: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (millis, rest) = content.split_first_chunk()?;
    Some((Timestamp::from_millis(i64::from_be_bytes(*millis))?, rest))
}

/// A whole file, or `None` when it isn't there. Of one that is too long a little too much is read,
/// which then doesn't open.
fn read(file: &Path, most: usize) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let file = match File::open(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("something that is no file stands in its place"));
    }
    let length = usize::try_from(metadata.len()).unwrap_or(most).min(most) + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(length));
    file.take(length as u64).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

fn replace(file: &Path, pieces: &[&[u8]]) -> io::Result<()> {
    let draft = draft_of(file);
    // Left by a process that was ended in the middle. Made anew and not overwritten, so that what is
    // written has the mode that it should have, and a link is not followed.
    absent_is_fine(fs::remove_file(&draft))?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&draft).and_then(|mut out| {
        for piece in pieces {
            out.write_all(piece)?;
        }
        out.sync_all()?;
        fs::rename(&draft, file)
    });
    if written.is_err() {
        absent_is_fine(fs::remove_file(&draft))?;
    }
    written?;
    file.parent().map_or(Ok(()), flush)
}

fn draft_of(file: &Path) -> PathBuf {
    file.with_added_extension("new")
}

/// Makes the names in a directory survive a power cut.
fn flush(directory: &Path) -> io::Result<()> {
    // Windows has no such call and keeps names in order by itself.
    if cfg!(unix) { File::open(directory)?.sync_all() } else { Ok(()) }
}

fn absent_is_fine(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// See `fuzzing.rs`.
#[cfg(fuzzing)]
pub(crate) mod fuzzing {
    use super::*;

    pub(crate) fn sealed(content: &[u8], key: &[u8], source: &str, cache: &Cache) -> Vec<u8> {
        let kek = cache.kek(key).expect("a key");
        let (wrapped, sealed) = cache.sealed(content, source, &kek).expect("randomness");
        [MAGIC, &wrapped, &sealed].concat()
    }

    /// The content, as it would be written again.
    pub(crate) fn opened(
        file: &[u8],
        key: &[u8],
        source: &str,
        cache: &Cache,
    ) -> Option<Zeroizing<Vec<u8>>> {
        cache.opened(file, key, source).ok().map(|good| content(&good))
    }
}

#[cfg(test)]
mod tests {
    use secret_manager_model::{Secret, SecretName, SecretValue, SpaceRef};

    use super::*;

    const SOURCE: &str = "service https://host";

    fn good(version: u64) -> Good {
        let at = |millis| Timestamp::from_millis(millis).unwrap();
        let secret = Secret {
            value: SecretValue::text("canary-value").unwrap(),
            version,
            updated_at: at(3),
        };
        let facts = Facts {
            source: SOURCE.to_owned(),
            space: SpaceRef { id: "s".into(), name: "space".into() },
            version,
            created_at: at(1),
            updated_at: at(2),
            issued_at: at(4),
            synced_at: at(5),
            cached: true,
            refused: Refused::default(),
        };
        let secrets = Secrets::from([(SecretName::parse("NAME").unwrap(), secret)]);
        let (validator, spread) = (Some(Validator::new("\"mark\"")), Duration::from_secs(80));
        Good { facts, checked_at: at(6), validator, spread, secrets: Arc::new(secrets) }
    }

    /// A cache in a directory of its own, with something in it.
    fn kept() -> (tempfile::TempDir, Cache) {
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache::new(directory.path(), "SECRETS", "");
        cache.save(&good(1)).unwrap();
        (directory, cache)
    }

    fn is_refused(cache: &Cache) -> bool {
        matches!(cache.load(SOURCE), Err(CacheError::Refused))
    }

    #[test]
    fn what_was_kept_comes_back() {
        let (_directory, cache) = kept();
        let Good { facts, checked_at, validator, spread, secrets } =
            cache.load(SOURCE).unwrap().unwrap();
        let expected = good(1);
        assert_eq!((facts, checked_at), (expected.facts, expected.checked_at));
        assert_eq!((validator, spread), (expected.validator, expected.spread));
        assert_eq!(secrets, expected.secrets);
        cache.wipe().unwrap();
        assert!(cache.load(SOURCE).unwrap().is_none());
        cache.wipe().unwrap();
    }

    #[test]
    fn no_altered_or_cut_file_is_used_in_part() {
        let (_directory, cache) = kept();
        for file in [cache.file(), cache.key_file()] {
            let whole = fs::read(&file).unwrap();
            for index in 0..whole.len() {
                let mut altered = whole.clone();
                altered[index] ^= 1 << (index % 8);
                fs::write(&file, &altered).unwrap();
                assert!(is_refused(&cache), "byte {index} altered");
                fs::write(&file, &whole[..index]).unwrap();
                assert!(is_refused(&cache), "cut after {index} bytes");
            }
            fs::write(&file, [&*whole, b"more"].concat()).unwrap();
            assert!(is_refused(&cache), "too long");
            fs::write(&file, &whole).unwrap();
        }
        fs::remove_file(cache.key_file()).unwrap();
        assert!(is_refused(&cache), "without its key");
        cache.save(&good(2)).unwrap();
        assert_eq!(cache.load(SOURCE).unwrap().unwrap().facts.version, 2);
    }

    #[test]
    fn what_belongs_elsewhere_is_refused() {
        let (directory, cache) = kept();
        assert!(matches!(cache.load("service https://other"), Err(CacheError::Refused)));
        assert!(is_refused(&Cache::new(directory.path(), "SECRETS", "host secret")));
        let other = Cache::new(directory.path(), "OTHER", "");
        fs::copy(cache.file(), other.file()).unwrap();
        assert!(is_refused(&other));
        let (_elsewhere, foreign) = kept();
        fs::copy(foreign.file(), cache.file()).unwrap();
        assert!(is_refused(&cache));
    }

    #[test]
    fn a_key_that_is_none_is_replaced() {
        let (_directory, cache) = kept();
        fs::write(cache.key_file(), "short").unwrap();
        cache.save(&good(2)).unwrap();
        assert_eq!(cache.load(SOURCE).unwrap().unwrap().facts.version, 2);
    }

    #[test]
    fn a_write_that_was_interrupted_is_in_nobodys_way() {
        let (_directory, cache) = kept();
        fs::write(draft_of(&cache.file()), "half").unwrap();
        cache.save(&good(2)).unwrap();
        assert_eq!(cache.load(SOURCE).unwrap().unwrap().facts.version, 2);
        fs::write(draft_of(&cache.file()), "half").unwrap();
        cache.wipe().unwrap();
        assert!(!draft_of(&cache.file()).exists());
    }

    #[test]
    fn a_context_key_is_a_file_name_and_no_path() {
        assert_eq!(file_name("SECRETS_2"), "SECRETS_2");
        assert_eq!(file_name("../$a"), "%2e%2e%2f%24a");
    }

    #[test]
    fn engines_that_start_together_share_one_key() {
        let directory = tempfile::tempdir().unwrap();
        let caches: Vec<_> =
            (0..8).map(|n| Cache::new(directory.path(), &format!("K{n}"), "")).collect();
        std::thread::scope(|scope| {
            for cache in &caches {
                scope.spawn(|| cache.save(&good(1)).unwrap());
            }
        });
        assert!(caches.iter().all(|cache| cache.load(SOURCE).unwrap().is_some()));
    }
}
