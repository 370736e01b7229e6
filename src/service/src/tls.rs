//! The server's side of TLS, from two PEM files that may be renewed while it runs.
//!
//! Each handshake takes the pair that is current then; connections that exist keep theirs. A renewed
//! pair that can't be used (half written, a key of another certificate) leaves the one before it in
//! place, and says so in the log.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use x509_cert::Certificate;
use x509_cert::der::Decode;

/// How often the files are looked at. Two looks at a directory entry cost next to nothing.
pub(crate) const CHECK_INTERVAL: Duration = Duration::from_secs(60);

/// Less validity than this is worth a warning: a renewal should have happened.
const EXPIRES_SOON: Duration = Duration::from_hours(14 * 24);

/// Why TLS can't be served. The texts name the file.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("can't read the certificates in {}: {error}", path.display())]
    Certificates { path: PathBuf, error: pem::Error },
    #[error("there is no certificate in {}; it has to be a PEM file with the whole chain", .0.display())]
    NoCertificate(PathBuf),
    #[error("can't read the private key in {}: {error}", path.display())]
    Key { path: PathBuf, error: pem::Error },
    #[error("the certificate and the private key can't be used together: {0}")]
    Pair(rustls::Error),
}

pub struct Tls {
    certificates: PathBuf,
    key: PathBuf,
    config: Arc<ServerConfig>,
    current: Arc<Current>,
    /// Of the files when they were last read, usable or not.
    seen: Mutex<Seen>,
}

/// Changes when a file is written, replaced, or reached through another link.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Seen([Option<(SystemTime, u64)>; 2]);

impl Tls {
    /// TLS 1.2 and 1.3 with `ring`, the one crypto library of this program.
    pub fn open(certificates: &Path, key: &Path) -> Result<Self, TlsError> {
        let seen = Seen::of(certificates, key);
        let pair = Pair::read(certificates, key)?;
        pair.report();
        let current = Arc::new(Current(ArcSwap::from_pointee(pair)));
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Pair)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&current) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            certificates: certificates.into(),
            key: key.into(),
            config: Arc::new(config),
            current,
            seen: Mutex::new(seen),
        })
    }

    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }

    /// When the current certificate ends; `None` when it doesn't say so in a form that can be read.
    pub(crate) fn expires_at(&self) -> Option<SystemTime> {
        self.current.0.load().expires_at
    }

    /// Reads the files again. What can't be used changes nothing and is reported.
    pub fn reload(&self) {
        // Looked at before they are read, so that a write in between is noticed the next time.
        let seen = Seen::of(&self.certificates, &self.key);
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = seen;
        match Pair::read(&self.certificates, &self.key) {
            Ok(pair) => {
                pair.report();
                self.current.0.store(Arc::new(pair));
            }
            Err(error) => {
                tracing::error!(%error, "the renewed certificate can't be used; the one before it stays");
            }
        }
    }

    /// Reads the files again when they have changed. Files that can't be used are tried once, not at
    /// every look.
    pub(crate) fn reload_if_changed(&self) {
        let seen = *self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen != Seen::of(&self.certificates, &self.key) {
            self.reload();
        }
    }

    pub(crate) fn warn_when_it_expires_soon(&self) {
        self.current.0.load().warn_when_it_expires_soon();
    }
}

impl Seen {
    fn of(certificates: &Path, key: &Path) -> Self {
        Self([certificates, key].map(|path| {
            let metadata = std::fs::metadata(path).ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        }))
    }
}

/// A certificate chain with its key.
#[derive(Debug)]
struct Pair {
    key: Arc<CertifiedKey>,
    expires_at: Option<SystemTime>,
}

impl Pair {
    fn read(certificates: &Path, key: &Path) -> Result<Self, TlsError> {
        let unreadable = |error| TlsError::Certificates { path: certificates.into(), error };
        let chain = CertificateDer::pem_file_iter(certificates)
            .map_err(unreadable)?
            .collect::<Result<Vec<_>, _>>()
            .map_err(unreadable)?;
        let Some(leaf) = chain.first() else {
            return Err(TlsError::NoCertificate(certificates.into()));
        };
        let expires_at = Certificate::from_der(leaf)
            .ok()
            .map(|leaf| leaf.tbs_certificate().validity().not_after.to_unix_duration())
            .map(|since| SystemTime::UNIX_EPOCH + since);
        let key = PrivateKeyDer::from_pem_file(key)
            .map_err(|error| TlsError::Key { path: key.into(), error })?;
        let key = CertifiedKey::from_der(chain, key, &provider()).map_err(TlsError::Pair)?;
        Ok(Self { key: Arc::new(key), expires_at })
    }

    fn report(&self) {
        tracing::info!(expires_at = self.expiry(), "certificate read");
        self.warn_when_it_expires_soon();
    }

    fn warn_when_it_expires_soon(&self) {
        let left = self.expires_at.map(|end| end.duration_since(SystemTime::now()));
        match left {
            Some(Err(_)) => {
                tracing::error!(expired_at = self.expiry(), "the certificate has expired");
            }
            Some(Ok(left)) if left < EXPIRES_SOON => {
                let days = left.as_secs() / (24 * 60 * 60);
                tracing::warn!(
                    expires_at = self.expiry(),
                    days,
                    "the certificate expires soon; renew it"
                );
            }
            _ => {}
        }
    }

    fn expiry(&self) -> String {
        let since =
            self.expires_at.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
        since
            .and_then(|since| i64::try_from(since.as_millis()).ok())
            .and_then(secret_manager_model::Timestamp::from_millis)
            .map_or_else(|| "unknown".into(), |time| time.to_string())
    }
}

/// The pair that the next handshake takes.
#[derive(Debug)]
struct Current(ArcSwap<Pair>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.load().key))
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
