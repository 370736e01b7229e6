//! What the operating system tells the service.

use super::failure::Failure;

/// Ready when the process is asked to stop: SIGINT or SIGTERM, Ctrl-C on Windows.
#[cfg(unix)]
pub(super) fn shutdown() -> Result<impl Future<Output = ()>, Failure> {
    use tokio::signal::unix::SignalKind;
    let mut interrupt = unix(SignalKind::interrupt())?;
    let mut terminate = unix(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
pub(super) fn shutdown() -> Result<impl Future<Output = ()>, Failure> {
    Ok(async {
        // Without a way to listen for Ctrl-C the system ends the process by itself.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}

/// SIGHUP: read again what may have been renewed. Without a listener it would end the process.
pub(super) struct Hangup {
    #[cfg(unix)]
    signal: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Hangup {
    pub(super) fn listen() -> Result<Self, Failure> {
        Ok(Self { signal: unix(tokio::signal::unix::SignalKind::hangup())? })
    }

    pub(super) async fn next(&mut self) {
        if self.signal.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(not(unix))]
impl Hangup {
    pub(super) fn listen() -> Result<Self, Failure> {
        Ok(Self {})
    }

    pub(super) async fn next(&mut self) {
        std::future::pending::<()>().await;
    }
}

#[cfg(unix)]
fn unix(kind: tokio::signal::unix::SignalKind) -> Result<tokio::signal::unix::Signal, Failure> {
    tokio::signal::unix::signal(kind)
        .map_err(|error| Failure::new(format!("can't listen for signals: {error}")))
}
