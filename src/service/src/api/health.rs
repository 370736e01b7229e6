//! What supervisors and monitoring systems ask: `/healthz`, `/readyz` and `/metrics`.
//!
//! None of them needs a token. Health says nothing about what is kept here; metrics are for the
//! machine itself, unless they have an address of their own ([`Readers`]).

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::header::{CONTENT_TYPE, HeaderMap};
use axum::response::{IntoResponse, Response};
use secret_manager_manager::{Error, Manager};
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::Instant;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{Code, Problem};
use crate::metrics::{self, Metrics};
use crate::request::Peer;
use crate::shared::Shared;
use crate::tls::Tls;

/// Who gets an answer from `/metrics`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Whoever asks from this machine, and not through a proxy on it.
    ThisMachine,
    /// Whoever reaches the address: it is there for this.
    Everybody,
    /// Nobody: there is another address for it.
    Nobody,
}

pub(crate) struct Monitoring {
    pub(crate) metrics: Arc<Metrics>,
    readiness: Readiness,
    manager: Arc<Manager>,
    tls: Option<Arc<Tls>>,
}

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(alive)).routes(routes!(ready)).routes(routes!(metrics))
}

/// Whether the process is alive
///
/// It asks nobody else, so that a busy database doesn't make a supervisor restart the service.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "operations",
    responses((status = 200, description = "It is", body = Health))
)]
async fn alive() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Whether the service can answer and take changes
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "operations",
    responses(
        (status = 200, description = "It can", body = Health),
        (status = 503, description = "`database_unavailable` or `key_unfit`"),
    )
)]
async fn ready(State(shared): State<Shared>) -> Result<Json<Health>, Problem> {
    shared.monitoring.readiness.check().await?;
    Ok(Json(Health { status: "ok" }))
}

/// What a monitoring system collects, in Prometheus' text format
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "operations",
    responses(
        (status = 200, description = "All metrics", body = String, content_type = "text/plain"),
        (status = 403, description = "`metrics_elsewhere`"),
        (status = 503, description = "`database_unavailable`"),
    )
)]
async fn metrics(
    State(shared): State<Shared>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let peer = peer.map(|Extension(peer)| peer);
    if !shared.metrics_readers.include(peer, &headers) {
        return Err(Code::MetricsElsewhere.into());
    }
    let text = shared.monitoring.metrics().await?;
    Ok(([(CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response())
}

#[derive(Serialize, ToSchema)]
struct Health {
    #[schema(example = "ok")]
    status: &'static str,
}

impl Readers {
    fn include(self, peer: Option<Peer>, headers: &HeaderMap) -> bool {
        /// A proxy on this machine speaks for others, who would read the metrics through it.
        const FORWARDED: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];
        match self {
            Self::Everybody => true,
            Self::Nobody => false,
            Self::ThisMachine => {
                peer.is_some_and(|peer| peer.0.is_loopback())
                    && !FORWARDED.iter().any(|name| headers.contains_key(*name))
            }
        }
    }
}

impl Monitoring {
    pub(crate) fn new(manager: Arc<Manager>, metrics: Arc<Metrics>, tls: Option<Arc<Tls>>) -> Self {
        Self { metrics, readiness: Readiness::new(Arc::clone(&manager)), manager, tls }
    }

    async fn metrics(&self) -> Result<String, Problem> {
        let bytes = self.manager.database_bytes().await.map_err(not_ready)?;
        self.metrics.database_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
        let records = self.manager.audit_length().await.map_err(not_ready)?;
        self.metrics.audit_records.set(i64::try_from(records).unwrap_or(i64::MAX));
        self.metrics.set_passwords_hashed(self.manager.passwords_hashed());
        if let Some(expires_at) = self.tls.as_ref().and_then(|tls| tls.expires_at()) {
            self.metrics.certificate_expiry.set(metrics::seconds_since_1970(expires_at));
        }
        self.metrics.write().map_err(|_| Code::Internal.into())
    }
}

/// Whether the service can do its work.
struct Readiness {
    manager: Arc<Manager>,
    /// Anybody may ask, and each check writes: so its result holds for a while.
    last: Mutex<Option<(Instant, Result<(), Problem>)>>,
}

impl Readiness {
    const HOLDS: Duration = Duration::from_secs(5);

    fn new(manager: Arc<Manager>) -> Self {
        Self { manager, last: Mutex::default() }
    }

    async fn check(&self) -> Result<(), Problem> {
        // Held while checking: those who ask meanwhile share the result.
        let mut last = self.last.lock().await;
        if let Some((at, result)) = &*last
            && at.elapsed() < Self::HOLDS
        {
            return result.clone();
        }
        let result = self.manager.check_ready().await.map_err(not_ready);
        *last = Some((Instant::now(), result.clone()));
        result
    }
}

fn not_ready(error: Error) -> Problem {
    let code = match error {
        Error::WrongKey { .. } => Code::KeyUnfit,
        _ => Code::DatabaseUnavailable,
    };
    Problem::caused_by(code, &error)
}
