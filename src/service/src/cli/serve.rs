//! `secret-manager serve`

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::builder::FalseyValueParser;
use clap::{Args, ValueEnum};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use super::data::{DataOptions, WhenAbsent};
use super::failure::Failure;
use super::output;
use crate::{Config, tls};

/// Run the service until it is interrupted
///
/// Prints "Secret Manager listening on URL" when it is ready. The log goes to standard error.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Address and port; port 0 takes a free one
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "SECRET_MANAGER_LISTEN",
        default_value = "127.0.0.1:8200"
    )]
    listen: String,
    /// Certificate chain (PEM); serves HTTPS
    #[arg(long, value_name = "FILE", env = "SECRET_MANAGER_TLS_CERT", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Private key of the certificate (PEM)
    #[arg(long, value_name = "FILE", env = "SECRET_MANAGER_TLS_KEY", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Serve plain HTTP also to other machines: whoever listens on the way reads the secrets
    #[arg(long, env = "SECRET_MANAGER_ALLOW_HTTP", value_parser = FalseyValueParser::new())]
    allow_http: bool,
    /// What to log: error, warn, info, debug, or a filter of the tracing crate
    #[arg(long, value_name = "FILTER", env = "SECRET_MANAGER_LOG", default_value = "info")]
    log: String,
    #[arg(long, value_name = "FORMAT", env = "SECRET_MANAGER_LOG_FORMAT", default_value = "text")]
    log_format: LogFormat,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormat {
    /// Lines for people
    Text,
    /// One JSON document a line
    Json,
}

impl Serve {
    pub(super) async fn run(self, data: &DataOptions) -> Result<(), Failure> {
        let Self { listen, tls_cert, tls_key, allow_http, log, log_format } = self;
        // Noted first, so that a signal during the start is not lost.
        let shutdown = shutdown_signal()?;
        let log = log.parse().map_err(|_| {
            Failure::new("--log takes error, warn, info, debug or a filter of the tracing crate")
        })?;
        start_log(log, log_format);

        let tls = match tls_cert.zip(tls_key) {
            Some((certificates, key)) => Some(
                tls::configuration(&certificates, &key)
                    .map_err(|error| Failure::new(error.to_string()))?,
            ),
            None => None,
        };
        let addresses = resolve(&listen).await?;
        if tls.is_none()
            && !allow_http
            && !addresses.iter().all(|address| address.ip().is_loopback())
        {
            return Err(Failure::new(format!(
                "{listen} can be reached from other machines, and plain HTTP would show them the \
                 secrets; give --tls-cert and --tls-key, listen on 127.0.0.1, or insist with \
                 --allow-http"
            )));
        }
        // Before the data are opened: a second service on the same port shouldn't make a key.
        let listener =
            TcpListener::bind(&*addresses).await.map_err(|error| bind_failure(&listen, &error))?;
        let local = listener
            .local_addr()
            .map_err(|error| Failure::new(format!("can't listen on {listen}: {error}")))?;

        let opened = data.open(WhenAbsent::Create).await?;
        if let Some(advice) = opened.key_advice() {
            // Not through the log, which may be set to leave it out.
            output::note(&advice);
        }
        let scheme = if tls.is_some() { "https" } else { "http" };
        tracing::info!(
            database = %opened.database.display(),
            key = opened.manager.key_id(),
            version = env!("CARGO_PKG_VERSION"),
            "started"
        );
        output::print(format!("Secret Manager listening on {scheme}://{local}").as_bytes())?;

        let config = Config { tls, ..Config::new(Arc::new(opened.manager)) };
        crate::serve(listener, config, shutdown).await;
        tracing::info!("stopped");
        Ok(())
    }
}

async fn resolve(listen: &str) -> Result<Vec<SocketAddr>, Failure> {
    let problem = |reason: &str| {
        Failure::new(format!(
            "can't listen on {listen}: {reason}; give an address and a port, such as 127.0.0.1:8200"
        ))
    };
    let addresses: Vec<_> = tokio::net::lookup_host(listen)
        .await
        .map_err(|error| problem(&error.to_string()))?
        .collect();
    if addresses.is_empty() { Err(problem("no such address")) } else { Ok(addresses) }
}

fn bind_failure(listen: &str, error: &std::io::Error) -> Failure {
    let advice = match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            "another program uses this port (perhaps a Secret Manager that still runs); stop it or \
             choose another port with --listen"
        }
        std::io::ErrorKind::PermissionDenied => {
            "this port needs more rights; choose one above 1023 with --listen"
        }
        std::io::ErrorKind::AddrNotAvailable => {
            "this machine doesn't have this address; choose another one with --listen"
        }
        _ => return Failure::new(format!("can't listen on {listen}: {error}")),
    };
    Failure::new(format!("can't listen on {listen}: {advice}"))
}

fn start_log(filter: EnvFilter, format: LogFormat) {
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_target(false);
    match format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
}

/// Ready when the process is asked to stop: SIGINT or SIGTERM, Ctrl-C on Windows.
#[cfg(unix)]
fn shutdown_signal() -> Result<impl Future<Output = ()>, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| {
        signal(kind).map_err(|error| Failure::new(format!("can't listen for signals: {error}")))
    };
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn shutdown_signal() -> Result<impl Future<Output = ()>, Failure> {
    Ok(async {
        // Without a way to listen for Ctrl-C the system ends the process by itself.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
