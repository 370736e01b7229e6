//! One connection: HTTP/1.1 with or without TLS, every step of it within a time limit.
//!
//! A client may be slow, but not for ever: it has limited times for the TLS handshake, for the head
//! of a request ([`Timeouts`]), for its body ([`Arriving`]) and for taking the answer ([`Sending`]).

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::future::RouteFuture;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::Watcher;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};
use tokio_rustls::TlsAcceptor;
use tower_service::Service as _;

use crate::request::Peer;
use crate::sending::Sending;

/// How long a client may take for each step.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    pub handshake: Duration,
    /// For the head of a request, also counted from the answer before it: it ends idle connections.
    pub header: Duration,
    /// For the whole body of a request.
    pub body: Duration,
    /// Without taking a single byte of what is being sent to it.
    pub sending: Duration,
    /// How long a shutdown waits for requests that are being answered.
    pub drain: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            header: Duration::from_secs(30),
            // The largest import, 24 MiB, over a slow line.
            body: Duration::from_secs(120),
            sending: Duration::from_secs(30),
            drain: Duration::from_secs(10),
        }
    }
}

pub(crate) struct Connection {
    pub(crate) router: Router,
    pub(crate) peer: Peer,
    pub(crate) timeouts: Timeouts,
    pub(crate) watcher: Watcher,
}

impl Connection {
    pub(crate) async fn run(self, stream: TcpStream, tls: Option<TlsAcceptor>) {
        // Answers are written whole; waiting for more to send would only delay them.
        let _ = stream.set_nodelay(true);
        let stream = Sending::new(stream, self.timeouts.sending);
        // In boxes, so that what TLS needs takes no room where there is none: a stream of events may
        // last for days, and there may be thousands.
        match tls {
            None => Box::pin(self.speak(stream)).await,
            Some(tls) => {
                let handshake = Box::pin(tls.accept(stream));
                match tokio::time::timeout(self.timeouts.handshake, handshake).await {
                    Ok(Ok(stream)) => Box::pin(self.speak(stream)).await,
                    Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
                    Err(_) => tracing::debug!("a TLS handshake took too long"),
                }
            }
        }
    }

    async fn speak(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let answering =
            Answering { router: self.router, peer: self.peer, body: self.timeouts.body };
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.timeouts.header)
            .serve_connection(TokioIo::new(stream), answering);
        if let Err(error) = self.watcher.watch(connection).await {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}

/// Hands each request to the router, with the address that it came from.
struct Answering {
    router: Router,
    peer: Peer,
    body: Duration,
}

impl Service<Request<Incoming>> for Answering {
    type Response = axum::response::Response;
    type Error = Infallible;
    type Future = RouteFuture<Infallible>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let (mut parts, incoming) = request.into_parts();
        parts.extensions.insert(self.peer);
        let body = if incoming.is_end_stream() {
            Body::empty()
        } else {
            let late = Late::default();
            parts.extensions.insert(late.clone());
            let deadline = tokio::time::sleep_until(Instant::now() + self.body);
            Body::new(Arriving { incoming, deadline: Box::pin(deadline), late })
        };
        self.router.clone().call(Request::from_parts(parts, body))
    }
}

/// Whether the body of a request took too long; told to whoever writes the answer, because the
/// handler can only see that it couldn't be read.
#[derive(Clone, Default)]
pub(crate) struct Late(Arc<AtomicBool>);

impl Late {
    pub(crate) fn happened(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The body of a request, which has to be there by the deadline.
struct Arriving {
    incoming: Incoming,
    deadline: Pin<Box<Sleep>>,
    late: Late,
}

impl HttpBody for Arriving {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(&mut this.incoming).poll_frame(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(axum::Error::new)));
        }
        if this.deadline.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        this.late.0.store(true, Ordering::Relaxed);
        let error = std::io::Error::from(std::io::ErrorKind::TimedOut);
        Poll::Ready(Some(Err(axum::Error::new(error))))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
