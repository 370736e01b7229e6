//! Accepts connections until told to stop.
//!
//! `axum::serve` sets no time limits, so the loop is our own: each step of a connection has a bounded
//! time ([`Timeouts`]), the number of connections is bounded, and so is the time that a shutdown
//! waits for answers under way. The handshake runs in the connection's own task; a client that is
//! slow at it holds up nobody else.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::server::graceful::GracefulShutdown;
use secret_manager_manager::Manager;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::api;
use crate::api::health::{Monitoring, Readers};
use crate::connection::Connection;
pub use crate::connection::Timeouts;
use crate::metrics::{Counted, Metrics};
use crate::openid::OpenId;
use crate::origin::Proxies;
use crate::rate::Rates;
use crate::request::Peer;
use crate::shared::{Parts, Shared};
use crate::tls::{self, Tls};
use crate::watch::Hub;

pub struct Config {
    pub manager: Arc<Manager>,
    /// Plain HTTP when absent. Whether that is allowed is decided where the address is chosen.
    pub tls: Option<Arc<Tls>>,
    /// How often the files of the certificate are looked at.
    pub certificate_check: Duration,
    pub timeouts: Timeouts,
    /// After so much silence something is sent on a stream of events.
    pub heartbeat: Duration,
    /// How many connections are served at once; more wait in the operating system's queue.
    pub connections: usize,
    /// Answers `/metrics` (and the two about health) to everybody who reaches it. Without one,
    /// `/metrics` is answered on the main address, to this machine only.
    pub metrics: Option<TcpListener>,
    pub proxies: Proxies,
    pub rates: Rates,
    /// Where people reach the service; what their requests say when it is left out.
    pub public_url: Option<String>,
    /// Where people may sign in besides.
    pub openid: Option<OpenId>,
}

impl Config {
    pub fn new(manager: Arc<Manager>) -> Self {
        Self {
            manager,
            tls: None,
            certificate_check: tls::CHECK_INTERVAL,
            timeouts: Timeouts::default(),
            heartbeat: Duration::from_secs(15),
            connections: CONNECTIONS,
            metrics: None,
            proxies: Proxies::default(),
            rates: Rates::default(),
            public_url: None,
            openid: None,
        }
    }
}

/// Each engine with live updates holds one.
pub const CONNECTIONS: usize = 16_384;

/// More than any monitoring needs; so few that they take nothing from the others.
const METRICS_CONNECTIONS: usize = 16;

/// Serves until `shutdown` is ready, then lets requests under way finish within
/// [`Timeouts::drain`].
pub async fn serve(listener: TcpListener, config: Config, shutdown: impl Future<Output = ()>) {
    let Config { manager, tls, certificate_check, timeouts, connections, .. } = config;
    let Config { metrics: own, proxies, rates, heartbeat, public_url, openid, .. } = config;
    let (stop, stopped) = watch::channel(());
    let metrics = Arc::new(Metrics::new(tls.is_some(), connections));
    let monitoring = Monitoring::new(Arc::clone(&manager), Arc::clone(&metrics), tls.clone());
    let readers = if own.is_some() { Readers::Nobody } else { Readers::ThisMachine };
    let hub = Arc::new(Hub::new(Arc::clone(&manager), Arc::clone(&metrics), heartbeat));
    let shared = Parts {
        public_url: public_url.map(Arc::from),
        openid: openid.map(Arc::new),
        ..Parts::new(manager, tls.is_some(), rates, proxies, monitoring, Arc::clone(&hub), readers)
    };
    let for_everybody =
        Shared::from(Parts { metrics_readers: Readers::Everybody, ..shared.clone() });
    let shared = Shared::from(shared);

    let main = Server {
        router: api::router(shared),
        tls: tls.as_ref().map(|tls| TlsAcceptor::from(tls.config())),
        timeouts,
        slots: Arc::new(Semaphore::new(connections)),
        metrics: Arc::clone(&metrics),
        stopped: stopped.clone(),
    };
    let beside = own.map(|listener| {
        let server = Server {
            router: api::monitoring(for_everybody),
            tls: None,
            timeouts,
            slots: Arc::new(Semaphore::new(METRICS_CONNECTIONS)),
            metrics: Arc::clone(&metrics),
            stopped: stopped.clone(),
        };
        server.run(listener)
    });
    tokio::join!(
        async {
            shutdown.await;
            drop(stop);
        },
        main.run(listener),
        async {
            if let Some(beside) = beside {
                beside.await;
            }
        },
        hub.run(stopped.clone()),
        renew(tls, certificate_check, stopped),
    );
}

/// Notices a renewed certificate, and once a day one that should have been.
async fn renew(tls: Option<Arc<Tls>>, interval: Duration, mut stopped: watch::Receiver<()>) {
    const DAY: Duration = Duration::from_hours(24);
    let Some(tls) = tls else { return };
    let mut warned = tokio::time::Instant::now();
    // An error says that the sender is gone, which is the signal.
    while tokio::time::timeout(interval, stopped.changed()).await.is_err() {
        let due = warned.elapsed() >= DAY;
        if due {
            warned = tokio::time::Instant::now();
        }
        let tls = Arc::clone(&tls);
        // Files may be on a disk that lets one wait.
        let look = tokio::task::spawn_blocking(move || {
            tls.reload_if_changed();
            if due {
                tls.warn_when_it_expires_soon();
            }
        });
        let _ = look.await;
    }
}

/// One listening socket and what is answered on it.
struct Server {
    router: Router,
    tls: Option<TlsAcceptor>,
    timeouts: Timeouts,
    slots: Arc<Semaphore>,
    metrics: Arc<Metrics>,
    /// Closed when it is time to stop.
    stopped: watch::Receiver<()>,
}

impl Server {
    async fn run(mut self, listener: TcpListener) {
        let graceful = GracefulShutdown::new();
        let mut connections = JoinSet::new();
        loop {
            let slots = Arc::clone(&self.slots);
            let next = async {
                let slot = slots.acquire_owned().await;
                (accept(&listener).await, slot)
            };
            let ((stream, peer), slot) = tokio::select! {
                next = next => next,
                _ = self.stopped.changed() => break,
                // Ended tasks are taken out of the set as they end.
                Some(_) = connections.join_next() => continue,
            };
            let connection = Connection {
                router: self.router.clone(),
                peer: Peer(peer.ip().to_canonical()),
                timeouts: self.timeouts,
                watcher: graceful.watcher(),
            };
            let tls = self.tls.clone();
            let counted = Counted::new(&self.metrics.connections);
            connections.spawn(async move {
                connection.run(stream, tls).await;
                drop((slot, counted));
            });
        }
        drop(listener);
        if tokio::time::timeout(self.timeouts.drain, graceful.shutdown()).await.is_err() {
            tracing::warn!("requests were still under way when the time for them was over");
        }
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
