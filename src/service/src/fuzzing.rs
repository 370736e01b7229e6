//! What the fuzz targets (`fuzz/`) read beyond this crate's API. It is there with `--cfg fuzzing` only,
//! which fuzzers set, so the parsers stay private to everything else.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::{HeaderMap, Request, Response};
use futures_util::FutureExt;
use secret_manager_manager::Precondition;
use tower_service::Service as _;

use crate::api;
use crate::api::health::{Monitoring, Readers};
use crate::metrics::Metrics;
pub use crate::openid::fuzzing as openid;
use crate::request::Peer;
use crate::shared::{Parts, Shared};
use crate::watch::Hub;
use crate::{Config, Proxies};

/// A service without a connection: it is handed requests.
pub struct Service(Router);

impl Service {
    pub fn new(config: Config) -> Self {
        let Config { manager, proxies, rates, heartbeat, public_url, openid, .. } = config;
        let metrics = Arc::new(Metrics::new(false, 1));
        let monitoring = Monitoring::new(Arc::clone(&manager), Arc::clone(&metrics), None);
        let hub = Arc::new(Hub::new(Arc::clone(&manager), metrics, heartbeat));
        let readers = Readers::ThisMachine;
        let parts = Parts::new(manager, false, rates, proxies, monitoring, hub, readers);
        let (public_url, openid) = (public_url.map(Arc::from), openid.map(Arc::new));
        Self(api::router(Shared::from(Parts { public_url, openid, ..parts })))
    }

    pub async fn answer(&self, mut request: Request<Body>, peer: IpAddr) -> Response<Body> {
        request.extensions_mut().insert(Peer(peer));
        let Ok(response) = self.0.clone().call(request).await;
        response
    }
}

/// What has to hold for a change; `None` when the headers are refused.
pub fn precondition(headers: HeaderMap) -> Option<Precondition> {
    let mut request = Request::new(());
    *request.headers_mut() = headers;
    let (mut parts, ()) = request.into_parts();
    let condition = api::IfVersion::from_request_parts(&mut parts, &()).now_or_never();
    condition.expect("it waits for nothing").ok().map(|condition| condition.0)
}

/// Whether the client has the state with this tag already.
pub fn has_already(headers: &HeaderMap, tag: &str) -> bool {
    api::validator::has_already(headers, tag)
}

/// Who asks, given who is at the other end of the connection.
pub fn client(proxies: &Proxies, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    proxies.peer(Peer(peer), headers).0
}

/// The id that the request gets.
pub fn request_id(proxies: &Proxies, peer: IpAddr, headers: &HeaderMap) -> String {
    proxies.request_id(Some(Peer(peer)), headers).0
}
