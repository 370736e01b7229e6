//! Accepts connections and speaks HTTP/1.1 on them, with or without TLS, until told to stop.
//!
//! `axum::serve` sets no time limits, so the loop is our own: each connection gets a bounded time for
//! its TLS handshake and for the head of each request, their number is bounded, and so is the time
//! that a shutdown waits for answers under way. The handshake runs in the connection's own task;
//! a client that is slow at it holds up nobody else.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use secret_manager_manager::Manager;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::api;
use crate::rate::Rates;
use crate::request::Peer;
use crate::shared::Shared;

pub struct Config {
    pub manager: Arc<Manager>,
    /// Plain HTTP when absent. Whether that is allowed is decided where the address is chosen.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    pub timeouts: Timeouts,
    /// How many connections are served at once; more wait in the operating system's queue.
    pub connections: usize,
    pub rates: Rates,
}

impl Config {
    pub fn new(manager: Arc<Manager>) -> Self {
        Self {
            manager,
            tls: None,
            timeouts: Timeouts::default(),
            connections: 1024,
            rates: Rates::default(),
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    pub handshake: Duration,
    /// For the head of a request, also counted from the answer before it: it ends idle connections.
    pub header: Duration,
    /// How long a shutdown waits for requests that are being answered.
    pub drain: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            header: Duration::from_secs(30),
            drain: Duration::from_secs(10),
        }
    }
}

/// Serves until `shutdown` is ready, then lets requests under way finish within
/// [`Timeouts::drain`].
pub async fn serve(listener: TcpListener, config: Config, shutdown: impl Future<Output = ()>) {
    let router = api::router(Shared::new(config.manager, config.rates));
    let tls = config.tls.map(TlsAcceptor::from);
    let slots = Arc::new(Semaphore::new(config.connections));
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        let next = async {
            let slot = Arc::clone(&slots).acquire_owned().await;
            (accept(&listener).await, slot)
        };
        let ((stream, peer), slot) = tokio::select! {
            next = next => next,
            () = &mut shutdown => break,
            // Ended tasks are taken out of the set as they end.
            Some(_) = connections.join_next() => continue,
        };
        let connection = Connection {
            router: router.clone(),
            peer: Peer(peer.ip().to_canonical()),
            timeouts: config.timeouts,
            watcher: graceful.watcher(),
        };
        let tls = tls.clone();
        connections.spawn(async move {
            connection.run(stream, tls).await;
            drop(slot);
        });
    }
    drop(listener);
    if tokio::time::timeout(config.timeouts.drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were still under way when the time for them was over");
    }
}

/// The next connection. Errors concern one connection or pass by themselves (no free descriptors),
/// so none of them ends the service.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::error!(%error, "can't accept connections; trying again in a second");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}

struct Connection {
    router: Router,
    peer: Peer,
    timeouts: Timeouts,
    watcher: Watcher,
}

impl Connection {
    async fn run(self, stream: TcpStream, tls: Option<TlsAcceptor>) {
        // Answers are written whole; waiting for more to send would only delay them.
        let _ = stream.set_nodelay(true);
        let Some(tls) = tls else { return self.speak(stream).await };
        match tokio::time::timeout(self.timeouts.handshake, tls.accept(stream)).await {
            Ok(Ok(stream)) => self.speak(stream).await,
            Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
            Err(_) => tracing::debug!("a TLS handshake took too long"),
        }
    }

    async fn speak(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let (peer, router) = (self.peer, TowerToHyperService::new(self.router));
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            router.call(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.timeouts.header)
            .serve_connection(TokioIo::new(stream), service);
        if let Err(error) = self.watcher.watch(connection).await {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}
