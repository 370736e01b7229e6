//! The HTTP client for the provider: verified TLS, bounded time and size, no redirects.

use std::error::Error as _;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::{Client, Url, redirect};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
const LARGEST_ANSWER: usize = 1024 * 1024;

pub(super) struct Http {
    client: Client,
}

/// Why there is no answer. Names neither the address nor what was sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum HttpError {
    #[error("the provider names an address that is not https")]
    Unprotected,
    #[error("the answer is larger than {LARGEST_ANSWER} bytes")]
    TooLarge,
    #[error("{0}")]
    Failed(String),
}

impl Http {
    /// `authorities` are trusted beside the built-in ones.
    pub(super) fn new(authorities: Option<&str>) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        if let Some(pem) = authorities {
            let certificates: Result<Vec<_>, _> =
                CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
            let certificates = certificates.ok().filter(|all| !all.is_empty());
            for certificate in certificates.ok_or("it holds no certificate in PEM form")? {
                roots.add(certificate).map_err(|_| "one of its certificates is malformed")?;
            }
        }
        let tls =
            ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .map_err(|error| error.to_string())?
                .with_root_certificates(roots)
                .with_no_client_auth();
        let client = Client::builder()
            .user_agent(concat!("secret-manager/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            // A redirect could lead the client's secret or the code to somebody else.
            .redirect(redirect::Policy::none())
            .tls_backend_preconfigured(tls)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { client })
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let request: reqwest::Request = request.try_into().map_err(|error| told(&error))?;
        if !is_protected(request.url()) {
            return Err(HttpError::Unprotected);
        }
        let mut response = self.client.execute(request).await.map_err(|error| told(&error))?;
        let mut answer = HttpResponse::new(Vec::new());
        *answer.status_mut() = response.status();
        *answer.headers_mut() = std::mem::take(response.headers_mut());
        while let Some(chunk) = response.chunk().await.map_err(|error| told(&error))? {
            if answer.body().len() + chunk.len() > LARGEST_ANSWER {
                return Err(HttpError::TooLarge);
            }
            answer.body_mut().extend_from_slice(&chunk);
        }
        Ok(answer)
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

/// Encrypted, or on this very machine.
pub(super) fn is_protected(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let local = host == "localhost"
        || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    url.scheme() == "https" || (url.scheme() == "http" && local)
}

/// The innermost cause says what happened; the outer ones repeat the address.
fn told(error: &reqwest::Error) -> HttpError {
    if error.is_timeout() {
        return HttpError::Failed("no answer in time".into());
    }
    let mut cause = error.source();
    while let Some(inner) = cause.and_then(|cause| cause.source()) {
        cause = Some(inner);
    }
    HttpError::Failed(cause.map_or_else(|| "the request failed".into(), ToString::to_string))
}
