//! What the handlers share.

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRef;
use secret_manager_manager::Manager;

use crate::api::health::{Monitoring, Readers};
use crate::error::Code;
use crate::openid::OpenId;
use crate::origin::Proxies;
use crate::rate::{Limiter, Rates};
use crate::watch::Hub;

/// One pointer, because every request gets its own a few times.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Parts>);

#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) manager: Arc<Manager>,
    /// Whether the service does TLS itself.
    pub(crate) tls: bool,
    /// Where people reach the service, when the operator says so.
    pub(crate) public_url: Option<Arc<str>>,
    pub(crate) openid: Option<Arc<OpenId>>,
    pub(crate) limiters: Arc<Limiters>,
    pub(crate) proxies: Arc<Proxies>,
    pub(crate) monitoring: Arc<Monitoring>,
    pub(crate) hub: Arc<Hub>,
    /// Who may read the metrics where this is shared.
    pub(crate) metrics_readers: Readers,
}

pub(crate) struct Limiters {
    pub(crate) guesses: Option<Limiter>,
    pub(crate) people: Option<Limiter>,
}

impl Parts {
    pub(crate) fn new(
        manager: Arc<Manager>,
        tls: bool,
        rates: Rates,
        proxies: Proxies,
        monitoring: Monitoring,
        hub: Arc<Hub>,
        metrics_readers: Readers,
    ) -> Self {
        let limiters = Limiters {
            guesses: Limiter::new(rates.guesses, Code::TooManyAttempts),
            people: Limiter::new(rates.people, Code::TooManyRequests),
        };
        Self {
            manager,
            tls,
            public_url: None,
            openid: None,
            limiters: Arc::new(limiters),
            proxies: Arc::new(proxies),
            monitoring: Arc::new(monitoring),
            hub,
            metrics_readers,
        }
    }
}

impl From<Parts> for Shared {
    fn from(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Deref for Shared {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl FromRef<Shared> for Arc<Manager> {
    fn from_ref(shared: &Shared) -> Self {
        Arc::clone(&shared.manager)
    }
}
