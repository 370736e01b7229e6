//! The source that reads from a Secret Manager service: `GET /api/v1/snapshot`, and `GET /api/v1/watch`
//! to hear of changes as they are made.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use reqwest::header::{
    ACCEPT, AUTHORIZATION, ETAG, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH,
};
use reqwest::{StatusCode, Url};
use secret_manager_model::wire::{self, WireError};
use zeroize::Zeroizing;

use crate::failure::{Failure, Remedy};
use crate::http::{self, Answer, Http, Tls};
use crate::watch::Changes;
use crate::{Fetched, Fetching, Heard, Held, Opening, Source, Validator, Watch};

/// Above this size a body is parsed on a thread of its own, so that other engines aren't held up.
const PARSE_INLINE_BYTES: usize = 1024 * 1024;

/// Where a service is and how to be let in.
#[derive(Clone, PartialEq, Eq)]
pub struct ServiceConfig {
    /// The address under which the service's `/api/v1` is found.
    pub url: String,
    /// An access token of the space.
    pub token: Zeroizing<String>,
    /// Allows `http://` to hosts other than this machine.
    pub allow_http: bool,
    pub tls: Tls,
}

impl fmt::Debug for ServiceConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ServiceConfig")
            .field("url", &"•••")
            .field("token", &"•••")
            .field("allow_http", &self.allow_http)
            .field("tls", &self.tls)
            .finish()
    }
}

pub(crate) struct Service {
    /// Made by the first fetch: it takes a while, and a start is made on Node's event loop.
    http: OnceLock<Result<Http, Failure>>,
    tls: Tls,
    snapshot: Url,
    watch: Url,
    authorization: HeaderValue,
    description: String,
    /// In seconds, as the last answer said.
    spread: AtomicU64,
}

/// The snapshot that a delta leads on from, or a watch.
const DELTA_BASE: HeaderName = HeaderName::from_static("delta-base");
/// Over how many seconds engines are to spread what they would all do at once.
const SPREAD: HeaderName = HeaderName::from_static("secret-manager-spread");
/// More is taken for this.
const LONGEST_SPREAD: u64 = 5 * 60;

impl Service {
    pub(crate) fn new(config: ServiceConfig) -> Result<Self, Failure> {
        let base = base_url(&config.url, config.allow_http)?;
        let endpoint = |name: &str| {
            let mut url = base.clone();
            url.set_path(&format!("{}/api/v1/{name}", base.path().trim_end_matches('/')));
            url
        };
        Ok(Self {
            http: OnceLock::new(),
            tls: config.tls,
            snapshot: endpoint("snapshot"),
            watch: endpoint("watch"),
            authorization: bearer(&config.token)?,
            description: format!("service {}", base.as_str().trim_end_matches('/')),
            spread: AtomicU64::new(0),
        })
    }

    async fn ask(&self, held: Option<&Held>) -> Result<Fetched, Failure> {
        let mut headers = self.headers("application/json");
        let mut url = self.snapshot.clone();
        if let Some(held) = held
            && let Ok(validator) = HeaderValue::from_str(held.validator.as_str())
        {
            headers.insert(IF_NONE_MATCH, validator);
            url.set_query(held.since.map(|since| format!("since={since}")).as_deref());
        }
        let answer = self.http()?.get(url, headers).await?;
        self.note_spread(answer.status, &answer.headers);
        match (answer.status, held) {
            (StatusCode::NOT_MODIFIED, Some(_)) => Ok(Fetched::NotModified),
            (StatusCode::OK, Some(held)) if held.since.is_some() => match read(answer, held).await?
            {
                Some(fetched) => Ok(fetched),
                // It has no way to answer with a delta.
                None => Box::pin(self.ask(None)).await,
            },
            (StatusCode::OK, _) => read_whole(answer).await,
            (status, _) => Err(refusal(status, &answer.headers)),
        }
    }

    /// With what is `held`, the service is asked whether that is what it has, or had. Where nothing of it
    /// leads on, the stream says so by itself; a watch that is resumed isn't taken to have said it.
    async fn open_watch(
        &self,
        since: u64,
        held: Option<&Validator>,
        is_resumed: bool,
    ) -> Result<Box<dyn Watch>, Failure> {
        let mut headers = self.headers("text/event-stream");
        if let Some(held) = held {
            let held = HeaderValue::from_str(held.as_str());
            headers.extend(held.ok().map(|held| (IF_NONE_MATCH, held)));
        }
        headers.insert("last-event-id", HeaderValue::from(since));
        let mut url = self.watch.clone();
        url.set_query(Some(&format!("since={since}")));
        let stream = self.http()?.open(url, headers).await?;
        self.note_spread(stream.status(), stream.headers());
        match stream.status() {
            StatusCode::OK => {
                let names = |name, held| names(stream.headers().get(name), held);
                let first = match held.filter(|_| is_resumed) {
                    Some(held) if names(ETAG, held) => Heard::Alive,
                    Some(held) if names(DELTA_BASE, held) => Heard::Missed,
                    // A service that can't tell says nothing.
                    Some(_) => Heard::Behind,
                    None => Heard::Alive,
                };
                Ok(Box::new(Changes::new(stream, first)?))
            }
            StatusCode::NOT_IMPLEMENTED => {
                Err(Failure::new(Remedy::Reconfigure, "the service can't be watched (HTTP 501)"))
            }
            status => Err(refusal(status, stream.headers())),
        }
    }

    /// Errors say nothing of it: they may come from something on the way.
    fn note_spread(&self, status: StatusCode, headers: &HeaderMap) {
        if !matches!(status, StatusCode::OK | StatusCode::NOT_MODIFIED) {
            return;
        }
        let told = headers.get(SPREAD).and_then(|seconds| seconds.to_str().ok()?.parse().ok());
        self.spread.store(told.unwrap_or(0).min(LONGEST_SPREAD), Ordering::Relaxed);
    }

    fn http(&self) -> Result<&Http, Failure> {
        let http = self.http.get_or_init(|| Http::new(&self.snapshot, &self.tls));
        http.as_ref().map_err(Failure::clone)
    }

    fn headers(&self, accept: &'static str) -> HeaderMap {
        HeaderMap::from_iter([
            (ACCEPT, HeaderValue::from_static(accept)),
            (AUTHORIZATION, self.authorization.clone()),
        ])
    }
}

impl Source for Service {
    fn description(&self) -> &str {
        &self.description
    }

    fn fetch<'a>(&'a self, held: Option<&'a Held>) -> Fetching<'a> {
        Box::pin(self.ask(held))
    }

    fn watch<'a>(&'a self, since: u64, held: Option<&'a Validator>) -> Opening<'a> {
        Box::pin(self.open_watch(since, held, false))
    }

    fn resume<'a>(&'a self, since: u64, held: &'a Validator) -> Opening<'a> {
        Box::pin(self.open_watch(since, Some(held), true))
    }

    fn spread(&self) -> Duration {
        Duration::from_secs(self.spread.load(Ordering::Relaxed))
    }
}

fn base_url(text: &str, allow_http: bool) -> Result<Url, Failure> {
    let wrong = |why: &str| Failure::new(Remedy::Reconfigure, format!("the URL {why}"));
    let text = text.trim();
    if text.is_empty() {
        return Err(wrong("is missing"));
    }
    let url = Url::parse(text)
        .map_err(|_| wrong("can't be read; it looks like https://secrets.example.com:8200"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(wrong("must start with https:// or http://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("must not hold a user name or password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("must end before any ? or #"));
    }
    if url.scheme() == "http" && !allow_http && !http::is_loopback(&url) {
        return Err(wrong(
            "starts with http:// and leads to another machine, so the secrets would travel in \
             clear; use https://, or allow plain HTTP in the source",
        ));
    }
    Ok(url)
}

fn bearer(token: &str) -> Result<HeaderValue, Failure> {
    let wrong = |why: &str| Failure::new(Remedy::Reconfigure, format!("the access token {why}"));
    let token = token.trim();
    if token.is_empty() {
        return Err(wrong("is missing"));
    }
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(wrong("has characters that no token has; copy it once more"));
    }
    let text = Zeroizing::new(format!("Bearer {token}"));
    let mut value = HeaderValue::from_str(&text)
        .map_err(|_| wrong("has characters that no token has; copy it once more"))?;
    value.set_sensitive(true);
    Ok(value)
}

async fn read_whole(answer: Answer) -> Result<Fetched, Failure> {
    let validator = validator(&answer.headers);
    let snapshot = read_aside(answer.body, wire::read_snapshot).await?;
    let snapshot = snapshot.map_err(|error| not_a_snapshot(&error))?;
    Ok(Fetched::Snapshot { snapshot: Box::new(snapshot), validator })
}

/// The same where a delta is of use. Nothing for one that can't be relied upon: a service of an earlier
/// version believes the version alone, and what is left out can't be fetched by itself.
async fn read(answer: Answer, held: &Held) -> Result<Option<Fetched>, Failure> {
    let validator = validator(&answer.headers);
    let leads_on = names(answer.headers.get(DELTA_BASE), &held.validator);
    let body = read_aside(answer.body, wire::read_answer).await?;
    Ok(match body.map_err(|error| not_a_snapshot(&error))? {
        wire::Answer::Snapshot(snapshot) => {
            Some(Fetched::Snapshot { snapshot: Box::new(snapshot), validator })
        }
        wire::Answer::Delta(delta) => {
            let is_good = leads_on && held.since == Some(delta.from) && delta.refused.count == 0;
            is_good.then(|| Fetched::Delta { delta: Box::new(delta), validator })
        }
    })
}

fn validator(headers: &HeaderMap) -> Option<Validator> {
    headers.get(ETAG).and_then(|tag| tag.to_str().ok()).map(Validator::new)
}

/// Whether a header names what is held. Compared weakly (RFC 9110, section 8.8.3.2): what compresses answers
/// on the way makes weak tags of strong ones.
fn names(header: Option<&HeaderValue>, held: &Validator) -> bool {
    fn opaque(tag: &str) -> &str {
        tag.strip_prefix("W/").unwrap_or(tag)
    }
    let named = header.and_then(|header| header.to_str().ok());
    named.is_some_and(|named| opaque(named) == opaque(held.as_str()))
}

/// Reads a body, on a thread of its own when it is large.
pub(crate) async fn read_aside<T: Send + 'static>(
    body: Zeroizing<Vec<u8>>,
    read: fn(&[u8]) -> T,
) -> Result<T, Failure> {
    if body.len() <= PARSE_INLINE_BYTES {
        return Ok(read(&body));
    }
    tokio::task::spawn_blocking(move || read(&body))
        .await
        .map_err(|_| Failure::new(Remedy::Repair, "reading the answer failed"))
}

fn not_a_snapshot(error: &WireError) -> Failure {
    let message = match error {
        WireError::NotJson { line: 1, column: 1 } => {
            "the answer is not JSON but perhaps a web page; check the URL".to_owned()
        }
        other => format!("the answer is not understood: {other}"),
    };
    Failure::new(Remedy::Repair, message)
}

fn refusal(status: StatusCode, headers: &HeaderMap) -> Failure {
    let status = status.as_u16();
    let pause = http::retry_after(headers, SystemTime::now());
    match status {
        401 => Failure::new(
            Remedy::Authorise,
            "the access token is not accepted (HTTP 401); it may be wrong, expired or revoked",
        ),
        403 => {
            Failure::new(Remedy::Authorise, "the access token may not read this space (HTTP 403)")
        }
        404 | 405 | 410 => Failure::new(
            Remedy::Reconfigure,
            format!("no Secret Manager service at this address (HTTP {status}); check the URL"),
        ),
        429 => Failure::new(Remedy::Wait(pause), "the service asks for a pause (HTTP 429)"),
        503 => Failure::new(
            Remedy::Wait(pause),
            "the service is not available at the moment (HTTP 503)",
        ),
        500..=599 => Failure::new(Remedy::Retry, format!("the service failed (HTTP {status})")),
        _ => Failure::new(Remedy::Repair, format!("unexpected answer (HTTP {status})")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(url: &str, token: &str) -> ServiceConfig {
        ServiceConfig {
            url: url.to_owned(),
            token: Zeroizing::new(token.to_owned()),
            allow_http: false,
            tls: Tls::default(),
        }
    }

    fn refused(url: &str, token: &str) -> String {
        let failure = Service::new(config(url, token)).err().unwrap();
        assert_eq!(failure.remedy, Remedy::Reconfigure);
        failure.message
    }

    #[test]
    fn settings_that_can_not_work_are_refused_in_plain_words() {
        for (url, word) in [
            ("", "missing"),
            ("not a url", "can't be read"),
            ("ftp://host", "https://"),
            ("https://user:canary@host", "user name or password"),
            ("https://host/?x=1", "?"),
            ("http://10.0.0.1:8200", "in clear"),
        ] {
            let message = refused(url, "token");
            assert!(message.contains(word) && !message.contains("canary"), "{url}: {message}");
        }
        assert!(refused("https://host", " ").contains("missing"));
        assert!(refused("https://host", "canary\u{e9}").contains("characters"));
        assert!(!refused("https://host", "canary\u{e9}").contains("canary"));
    }

    #[test]
    fn a_path_before_the_api_is_kept() {
        let service = Service::new(config("https://host/secrets/", "t")).unwrap();
        assert_eq!(service.snapshot.as_str(), "https://host/secrets/api/v1/snapshot");
        assert_eq!(service.description(), "service https://host/secrets");
    }

    #[test]
    fn no_format_shows_the_token() {
        let config = config("https://host", "canary");
        assert!(!format!("{config:?} {config:#?}").contains("canary"));
    }
}
