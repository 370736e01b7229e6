//! The server's side of TLS, from two PEM files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

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

/// TLS 1.2 and 1.3 with `ring`, the one crypto library of this program.
pub fn configuration(certificates: &Path, key: &Path) -> Result<Arc<ServerConfig>, TlsError> {
    let unreadable = |error| TlsError::Certificates { path: certificates.into(), error };
    let chain = CertificateDer::pem_file_iter(certificates)
        .map_err(unreadable)?
        .collect::<Result<Vec<_>, _>>()
        .map_err(unreadable)?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate(certificates.into()));
    }
    let key = PrivateKeyDer::from_pem_file(key)
        .map_err(|error| TlsError::Key { path: key.into(), error })?;

    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Pair)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(TlsError::Pair)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
