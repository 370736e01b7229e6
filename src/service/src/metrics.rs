//! What a monitoring system is told, in Prometheus' text format.
//!
//! No label carries what a person chose: no name of a space, a secret or a token, and of a path only
//! its pattern. Requests are counted as they happen; states of the database and of the certificate
//! are read when somebody asks.

use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use axum::extract::MatchedPath;
use axum::http::{Method, StatusCode};
use prometheus_client::encoding::prometheus_text;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::watch::Shows;

pub(crate) use prometheus_text::CONTENT_TYPE;

/// From a "not modified" to an import of ten thousand secrets.
const DURATIONS: [f64; 12] =
    [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0];

type Seconds = Gauge<f64, AtomicU64>;

/// All metrics of one service. Its own, not the process's, so that tests run many services.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    durations: Family<Asked, Histogram>,
    sign_in_failures: Counter,
    tokens_refused: Counter,
    passwords_hashed: Counter,
    pub(crate) connections: Gauge,
    watchers: Family<Watching, Gauge>,
    pub(crate) database_bytes: Gauge,
    pub(crate) audit_records: Gauge,
    pub(crate) certificate_expiry: Seconds,
}

impl Metrics {
    pub(crate) fn new(serves_tls: bool, most_connections: usize) -> Self {
        let durations = Family::new_with_constructor((|| Histogram::new(DURATIONS)) as fn() -> _);
        let mut metrics = Self {
            registry: Registry::default(),
            requests: Family::default(),
            durations,
            sign_in_failures: Counter::default(),
            tokens_refused: Counter::default(),
            passwords_hashed: Counter::default(),
            connections: Gauge::default(),
            watchers: Family::default(),
            database_bytes: Gauge::default(),
            audit_records: Gauge::default(),
            certificate_expiry: Seconds::default(),
        };
        metrics.register(serves_tls, most_connections);
        // There from the start, at 0.
        let _ = (metrics.watchers(Shows::Values), metrics.watchers(Shows::Names));
        metrics
    }

    fn register(&mut self, serves_tls: bool, most_connections: usize) {
        let started = Seconds::default();
        started.set(seconds_since_1970(SystemTime::now()));
        let most: Gauge = Gauge::default();
        most.set(i64::try_from(most_connections).unwrap_or(i64::MAX));
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))].to_vec());

        let process = self.registry.sub_registry_with_prefix("process");
        process.register_with_unit(
            "start_time",
            "When the process started, since 1970",
            Unit::Seconds,
            started,
        );
        let own = self.registry.sub_registry_with_prefix("secret_manager");
        own.register("build", "The version that runs", build);
        own.register(
            "http_requests",
            "Answered requests by pattern of the path, method and class of status",
            self.requests.clone(),
        );
        own.register_with_unit(
            "http_request_duration",
            "Time from the head of a request to the head of its answer",
            Unit::Seconds,
            self.durations.clone(),
        );
        own.register("connections", "Connections that are open", self.connections.clone());
        own.register("watchers", "Open streams of events", self.watchers.clone());
        own.register("connections_limit", "Connections served at once at most", most);
        own.register(
            "sign_in_failures",
            "Sign-ins with a wrong name or password",
            self.sign_in_failures.clone(),
        );
        own.register(
            "access_tokens_refused",
            "Requests with a missing, unknown, expired or revoked access token",
            self.tokens_refused.clone(),
        );
        own.register(
            "passwords_hashed",
            "Hashes made of passwords, right or wrong, old or new",
            self.passwords_hashed.clone(),
        );
        own.register_with_unit(
            "database_size",
            "The database with its write-ahead log",
            Unit::Bytes,
            self.database_bytes.clone(),
        );
        own.register("audit_records", "Records of the audit trail", self.audit_records.clone());
        if serves_tls {
            own.register_with_unit(
                "certificate_expiry_timestamp",
                "When the TLS certificate ends, since 1970",
                Unit::Seconds,
                self.certificate_expiry.clone(),
            );
        }
    }

    pub(crate) fn answered(
        &self,
        route: Option<&MatchedPath>,
        method: &Method,
        status: StatusCode,
        took: Duration,
    ) {
        let asked = Asked { route: Route(route.cloned()), method: known(method) };
        self.durations.get_or_create(&asked).observe(took.as_secs_f64());
        if status == StatusCode::UNAUTHORIZED {
            match (asked.route.as_str(), asked.method) {
                ("/api/v1/session", "POST") => _ = self.sign_in_failures.inc(),
                ("/api/v1/snapshot" | "/api/v1/watch", _) => _ = self.tokens_refused.inc(),
                _ => {}
            }
        }
        self.requests.get_or_create(&Answered { asked, status: class(status) }).inc();
    }

    /// What the manager has counted.
    pub(crate) fn set_passwords_hashed(&self, count: u64) {
        self.passwords_hashed.inner().store(count, Ordering::Relaxed);
    }

    pub(crate) fn watchers(&self, shows: Shows) -> Gauge {
        let kind = match shows {
            Shows::Values => "engine",
            Shows::Names => "person",
        };
        self.watchers.get_or_create(&Watching { kind }).clone()
    }

    pub(crate) fn write(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        prometheus_text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

pub(crate) fn seconds_since_1970(time: SystemTime) -> f64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

/// Counts something as long as it lives.
pub(crate) struct Counted(Gauge);

impl Counted {
    pub(crate) fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    route: Route,
    method: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    #[prometheus(flatten)]
    asked: Asked,
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Watching {
    kind: &'static str,
}

/// The pattern of a path, `None` for a path that fits none: those are the client's words.
#[derive(Clone, Debug)]
struct Route(Option<MatchedPath>);

impl Route {
    fn as_str(&self) -> &str {
        self.0.as_ref().map_or("unmatched", MatchedPath::as_str)
    }
}

impl PartialEq for Route {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Route {}

impl Hash for Route {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl EncodeLabelValue for Route {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> std::fmt::Result {
        self.as_str().encode(encoder)
    }
}

/// A client may invent methods; each would be a label for ever.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        100..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    }
}
