use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use secret_manager_service::tls::Tls;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::http::{Service, exchange};

/// A certificate for `localhost` in two files, as `--tls-cert` and `--tls-key` take them.
pub(crate) struct Certificate {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    der: CertificateDer<'static>,
}

impl Certificate {
    pub(crate) fn write(directory: &Path) -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = directory.join("cert.pem");
        let key = directory.join("key.pem");
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        Self { certificate, key, der: made.cert.der().clone() }
    }

    pub(crate) fn open(&self) -> Arc<Tls> {
        Arc::new(Tls::open(&self.certificate, &self.key).unwrap())
    }

    pub(crate) fn client(&self) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        TlsConnector::from(Arc::new(config))
    }
}

fn localhost() -> ServerName<'static> {
    ServerName::try_from("localhost").unwrap()
}

#[tokio::test]
async fn a_snapshot_is_served_over_tls() {
    let directory = tempfile::tempdir().unwrap();
    let files = Certificate::write(directory.path());
    let tls = files.open();
    let service = Service::start_with(|service| service.tls = Some(tls)).await;

    let stream = TcpStream::connect(service.address).await.unwrap();
    let stream = files.client().connect(localhost(), stream).await.unwrap();
    let authorization = format!("Authorization: Bearer {}", service.token);
    let reply = exchange(stream, "GET /api/v1/snapshot", &[&authorization]).await;
    assert_eq!(reply.status, 200);
    assert!(reply.body.contains("value of A"));
}

#[tokio::test]
async fn a_slow_handshake_holds_nobody_up_and_ends() {
    let directory = tempfile::tempdir().unwrap();
    let files = Certificate::write(directory.path());
    let tls = files.open();
    let service = Service::start_with(|service| {
        service.tls = Some(tls);
        service.timeouts.handshake = Duration::from_millis(500);
    })
    .await;
    let mut silent = TcpStream::connect(service.address).await.unwrap();
    let stream = TcpStream::connect(service.address).await.unwrap();
    let stream = files.client().connect(localhost(), stream).await.unwrap();
    assert_eq!(exchange(stream, "GET /healthz", &[]).await.status, 200);
    // The service hangs up on who says nothing, and on who speaks plain HTTP.
    assert_eq!(silent.read(&mut [0]).await.unwrap_or(0), 0);
    let plain = TcpStream::connect(service.address).await.unwrap();
    let mut reply = Vec::new();
    let (mut read, mut write) = plain.into_split();
    tokio::io::AsyncWriteExt::write_all(&mut write, b"GET /healthz HTTP/1.1\r\n\r\n")
        .await
        .unwrap();
    let _ = read.read_to_end(&mut reply).await;
    assert!(!reply.starts_with(b"HTTP/"), "{reply:?}");
}

/// The certificate that a new connection is shown.
async fn shown(address: impl tokio::net::ToSocketAddrs, expected: &Certificate) -> bool {
    let stream = TcpStream::connect(address).await.unwrap();
    expected.client().connect(localhost(), stream).await.is_ok()
}

#[tokio::test]
async fn a_renewed_certificate_is_taken_and_a_broken_one_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let first = Certificate::write(directory.path());
    let tls = first.open();
    let service = Service::start_with(|service| service.tls = Some(Arc::clone(&tls))).await;
    let held = TcpStream::connect(service.address).await.unwrap();
    let held = first.client().connect(localhost(), held).await.unwrap();

    let second = Certificate::write(directory.path());
    assert!(shown(service.address, &first).await, "nobody said that it was renewed");
    tls.reload();
    assert!(shown(service.address, &second).await && !shown(service.address, &first).await);
    // A connection from before goes on.
    assert_eq!(exchange(held, "GET /healthz", &[]).await.status, 200);

    let other = tempfile::tempdir().unwrap();
    let other = Certificate::write(other.path());
    for broken in [&b"nonsense"[..], &std::fs::read(&other.key).unwrap()] {
        std::fs::write(&second.key, broken).unwrap();
        tls.reload();
        assert!(shown(service.address, &second).await);
    }
}

#[tokio::test]
async fn changed_files_are_noticed() {
    let directory = tempfile::tempdir().unwrap();
    let first = Certificate::write(directory.path());
    let service = Service::start_with(|service| {
        service.tls = Some(first.open());
        service.certificate_check = Duration::from_millis(10);
    })
    .await;
    assert!(shown(service.address, &first).await);
    let second = Certificate::write(directory.path());
    let noticed = async { while !shown(service.address, &second).await {} };
    tokio::time::timeout(Duration::from_secs(10), noticed).await.expect("it is noticed");
}

#[test]
fn files_that_do_not_serve_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let files = Certificate::write(directory.path());
    let other = tempfile::tempdir().unwrap();
    let other = Certificate::write(other.path());
    let empty = directory.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    for (certificate, key, says) in [
        (Path::new("/nowhere.pem"), &*files.key, "/nowhere.pem"),
        (&*empty, &*files.key, "empty.pem"),
        (&*files.certificate, &*empty, "empty.pem"),
        (&*files.certificate, &*other.key, "together"),
    ] {
        let error = Tls::open(certificate, key).err().unwrap().to_string();
        assert!(error.contains(says), "{error}");
    }
}
