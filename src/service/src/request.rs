//! What happens around every request: an id, one line in the log, the metrics, and the writing of
//! problems.

use std::net::IpAddr;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{ALLOW, CACHE_CONTROL, HeaderValue};
use axum::http::{Extensions, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use crate::connection::Late;
use crate::error::{Code, Problem};
use crate::origin::REQUEST_ID;
use crate::shared::Shared;

/// Beside the request, for those who write down what it did.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) String);

/// Who asks: the other end of the connection, or who a trusted proxy says it speaks for. Beside the
/// request as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Where the request comes from.
pub(crate) fn address(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get::<Peer>().map(|peer| peer.0)
}

pub(crate) async fn observe(
    State(shared): State<Shared>,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let (mut parts, body) = request.into_parts();
    let peer = parts.extensions.get::<Peer>().copied();
    let id = shared.proxies.request_id(peer, &parts.headers);
    parts.extensions.insert(id.clone());
    let id = id.0;
    let peer = peer.map(|peer| shared.proxies.peer(peer, &parts.headers));
    if let Some(peer) = peer {
        parts.extensions.insert(peer);
    }
    let method = parts.method.clone();
    // The pattern, not the path: later paths carry names of secrets.
    let path = parts.extensions.get::<MatchedPath>().cloned();
    let late = parts.extensions.get::<Late>().cloned();

    let mut response = next.run(Request::from_parts(parts, body)).await;
    let late = late.is_some_and(|late| late.happened());
    let mut problem = response.extensions_mut().remove::<Problem>();
    if late {
        problem = Some(Code::BodyTimeout.into());
    }
    if let Some(problem) = problem {
        problem.log(&id);
        let allow = response.headers_mut().remove(ALLOW);
        response = problem.render(&id);
        response.headers_mut().extend(allow.map(|allow| (ALLOW, allow)));
    }
    let headers = response.headers_mut();
    // Only files of the page say something else.
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, id);
    }
    let took = started.elapsed();
    shared.monitoring.metrics.answered(path.as_ref(), &method, response.status(), took);
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                request_id = id,
                client = peer.map(|peer| tracing::field::display(peer.0)),
                %method,
                path = path.as_ref().map_or("(unknown)", MatchedPath::as_str),
                status = response.status().as_u16(),
                milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                "request"
            )
        };
    }
    match response.status() {
        // All that most engines ever hear: a log full of it would hide the rest.
        StatusCode::NOT_MODIFIED => line!(debug),
        _ => line!(info),
    }
    response
}
