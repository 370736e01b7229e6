//! The one HTTP client of all sources: verified TLS, bounded time, bounded size, and redirects that
//! never leave the origin. Errors come out in plain words.

use std::error::Error as _;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, Url, redirect};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{CertificateError, ClientConfig, RootCertStore};
use secret_manager_model::limits::SNAPSHOT_BYTES;
use zeroize::Zeroizing;

use crate::failure::{Failure, Remedy};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// A stream may be open for a day; whoever reads it notices sooner when it has gone silent.
const STREAM_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);
/// Long enough to serve a burst of syncs, short enough not to hold a connection between two of them.
const IDLE_CONNECTION: Duration = Duration::from_secs(20);
const MOST_REDIRECTS: usize = 5;

/// Certificates and keys in PEM form, in addition to or instead of what is built in.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// Trusted instead of the built-in authorities.
    pub authorities: Option<String>,
    /// Trusted beside the built-in authorities; without effect when `authorities` is given. What
    /// can't be read of them is left out: they come from the machine, not from this source's settings.
    pub extra_authorities: Option<String>,
    /// The client's own certificate chain and its key (PKCS#8, PKCS#1 or SEC1, not encrypted).
    pub identity: Option<(String, Zeroizing<String>)>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Tls")
            .field("authorities", &self.authorities.is_some())
            .field("extra_authorities", &self.extra_authorities.is_some())
            .field("identity", &self.identity.is_some())
            .finish()
    }
}

/// An answer, whatever its status.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

/// An answer of which the body comes piece by piece.
pub(crate) struct Stream(Response);

#[cfg(fuzzing)]
impl From<hyper::Response<Vec<u8>>> for Stream {
    fn from(answer: hyper::Response<Vec<u8>>) -> Self {
        Self(answer.into())
    }
}

impl Stream {
    pub(crate) fn status(&self) -> StatusCode {
        self.0.status()
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        self.0.headers()
    }

    /// The next piece; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        self.0.chunk().await.map_err(|error| failure(&error))
    }
}

pub(crate) struct Http {
    client: Client,
}

impl Http {
    /// A client for one origin.
    pub(crate) fn new(origin: &Url, tls: &Tls) -> Result<Self, Failure> {
        let mut builder = Client::builder()
            .user_agent(concat!("secret-manager/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .pool_idle_timeout(IDLE_CONNECTION)
            .redirect(within(origin))
            .tls_backend_preconfigured(tls_config(origin, tls)?);
        if is_loopback(origin) {
            // A proxy on the way to this very machine could only be a mistake or an eavesdropper.
            builder = builder.no_proxy();
        }
        let client = builder
            .build()
            .map_err(|error| Failure::new(Remedy::Reconfigure, plain_words(&error)))?;
        Ok(Self { client })
    }

    /// Sends one GET request whose answer may take as long as it likes.
    pub(crate) async fn open(&self, url: Url, headers: HeaderMap) -> Result<Stream, Failure> {
        let request = self.client.get(url).headers(headers).timeout(STREAM_TIMEOUT);
        request.send().await.map(Stream).map_err(|error| failure(&error))
    }

    /// Sends one GET request and reads the whole answer.
    pub(crate) async fn get(&self, url: Url, headers: HeaderMap) -> Result<Answer, Failure> {
        let mut response =
            self.client.get(url).headers(headers).send().await.map_err(|error| failure(&error))?;
        let announced = response.content_length().unwrap_or(0);
        if announced > SNAPSHOT_BYTES as u64 {
            return Err(too_large());
        }
        let mut body = Zeroizing::new(Vec::with_capacity(announced as usize));
        while let Some(chunk) = response.chunk().await.map_err(|error| failure(&error))? {
            if body.len() + chunk.len() > SNAPSHOT_BYTES {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            status: response.status(),
            headers: std::mem::take(response.headers_mut()),
            body,
        })
    }
}

/// Whether `url` names this machine by a name or address that can't lead elsewhere.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The pause that a source asks for, in seconds or as a date (RFC 9110, section 10.2.3).
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    httpdate::parse_http_date(text).ok()?.duration_since(now).ok()
}

/// Redirects are followed within the origin only, so that no credential reaches another one.
fn within(origin: &Url) -> redirect::Policy {
    let origin = origin.origin();
    redirect::Policy::custom(move |attempt| {
        if attempt.url().origin() != origin {
            attempt.error(Redirect::ToAnotherOrigin)
        } else if attempt.previous().len() > MOST_REDIRECTS {
            attempt.error(Redirect::TooMany)
        } else {
            attempt.follow()
        }
    })
}

#[derive(Debug, thiserror::Error)]
enum Redirect {
    #[error("the answer redirects to another server, which is not followed; check the URL")]
    ToAnotherOrigin,
    #[error("the answer redirects again and again; check the URL")]
    TooMany,
}

fn tls_config(origin: &Url, tls: &Tls) -> Result<ClientConfig, Failure> {
    let mut roots = RootCertStore::empty();
    // Without TLS the roots are never asked for, and filling the store takes time.
    if origin.scheme() == "https" {
        match &tls.authorities {
            Some(pem) => add_authorities(&mut roots, pem)?,
            None => {
                roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
                if let Some(pem) = &tls.extra_authorities {
                    let certificates = CertificateDer::pem_slice_iter(pem.as_bytes()).flatten();
                    roots.add_parsable_certificates(certificates);
                }
            }
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Failure::new(Remedy::Reconfigure, error.to_string()))?
        .with_root_certificates(roots);
    let Some((certificates, key)) = &tls.identity else {
        return Ok(builder.with_no_client_auth());
    };
    let chain = certificates_of(certificates, "client certificate")?;
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| {
        unusable("client key", "it is not a private key in PEM form, or it is encrypted")
    })?;
    builder
        .with_client_auth_cert(chain, key)
        .map_err(|_| unusable("client certificate", "it does not go with the client key"))
}

fn add_authorities(roots: &mut RootCertStore, pem: &str) -> Result<(), Failure> {
    for certificate in certificates_of(pem, "CA certificate")? {
        roots
            .add(certificate)
            .map_err(|_| unusable("CA certificate", "one of its certificates is malformed"))?;
    }
    Ok(())
}

fn certificates_of(pem: &str, what: &str) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(unusable(what, "it holds no certificate in PEM form")),
    }
}

fn unusable(what: &str, why: &str) -> Failure {
    Failure::new(Remedy::Reconfigure, format!("the {what} can't be used: {why}"))
}

fn too_large() -> Failure {
    let limit = SNAPSHOT_BYTES / (1024 * 1024);
    Failure::new(Remedy::Repair, format!("the answer is larger than {limit} MiB"))
}

/// reqwest's own texts name the URL and its internal layers, so only the cause is told.
fn failure(error: &reqwest::Error) -> Failure {
    let remedy = match certificate_problem(error) {
        Some(_) => Remedy::Reconfigure,
        None if error.is_redirect() => Remedy::Reconfigure,
        None => Remedy::Retry,
    };
    Failure::new(remedy, plain_words(error))
}

fn plain_words(error: &reqwest::Error) -> String {
    if let Some(problem) = certificate_problem(error) {
        return problem;
    }
    if let Some(redirect) = cause::<Redirect>(error) {
        return redirect.to_string();
    }
    if let Some(tls) = cause::<rustls::Error>(error) {
        return match tls {
            rustls::Error::InvalidMessage(_) => {
                "no TLS at this address; is it an http:// service?".to_owned()
            }
            other => format!("the TLS connection failed: {other}"),
        };
    }
    if error.is_timeout() {
        return if error.is_connect() { "no connection in time" } else { "no answer in time" }
            .to_owned();
    }
    if error.is_dns() {
        return "the host name is not known".to_owned();
    }
    match cause::<io::Error>(error).map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => "the connection was refused".to_owned(),
        Some(io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => {
            "the connection was reset".to_owned()
        }
        Some(io::ErrorKind::UnexpectedEof) => "the connection ended too early".to_owned(),
        Some(io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable) => {
            "the network or host can't be reached".to_owned()
        }
        _ if ended_early(error) => "the connection ended too early".to_owned(),
        _ if error.is_connect() => "no connection could be made".to_owned(),
        _ => "the request failed: the answer was not understood as HTTP".to_owned(),
    }
}

fn ended_early(error: &reqwest::Error) -> bool {
    let incomplete = cause::<hyper::Error>(error).is_some_and(hyper::Error::is_incomplete_message);
    incomplete || error.is_body() || error.is_decode()
}

fn certificate_problem(error: &reqwest::Error) -> Option<String> {
    let rustls::Error::InvalidCertificate(problem) = cause::<rustls::Error>(error)? else {
        return None;
    };
    Some(match problem {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the server's certificate has expired".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the server's certificate is not valid yet; check this machine's clock".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the server's certificate is for another host name".to_owned()
        }
        CertificateError::UnknownIssuer => {
            "the server's certificate comes from an authority that is not trusted; \
             give its CA certificate in the TLS configuration"
                .to_owned()
        }
        _ => "the server's certificate is not valid".to_owned(),
    })
}

/// Looks for a cause of type `T`, also inside of the `io::Error`s that wrap one.
fn cause<T: std::error::Error + 'static>(error: &reqwest::Error) -> Option<&T> {
    let mut next = error.source();
    while let Some(current) = next {
        if let Some(found) = current.downcast_ref::<T>() {
            return Some(found);
        }
        next = match current.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => current.source(),
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_addresses_are_loopback() {
        for url in ["http://localhost:1", "http://127.0.0.1", "http://127.9.9.9", "http://[::1]:8"]
        {
            assert!(is_loopback(&Url::parse(url).unwrap()), "{url}");
        }
        for url in ["http://localhost.example.com", "http://10.0.0.1", "http://127.0.0.1.nip.io"] {
            assert!(!is_loopback(&Url::parse(url).unwrap()), "{url}");
        }
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let read = |text: &'static str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
            retry_after(&headers, now)
        };
        assert_eq!(read("120"), Some(Duration::from_secs(120)));
        assert_eq!(read("Sun, 06 Nov 1994 08:50:37 GMT"), Some(Duration::from_secs(60)));
        assert_eq!(read("Sun, 06 Nov 1994 08:00:00 GMT"), None);
        assert_eq!(read("soon"), None);
    }
}
