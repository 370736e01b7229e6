//! `secret-manager serve`

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use clap::builder::FalseyValueParser;
use clap::{Args, ValueEnum};
use ipnet::IpNet;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;
use zeroize::Zeroizing;

use super::data::{DataOptions, WhenAbsent};
use super::failure::Failure;
use super::openid::OpenIdOptions;
use super::signals::Hangup;
use super::{output, signals};
use crate::link;
use crate::tls::Tls;
use crate::{CONNECTIONS, Config, Proxies, descriptors};

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
    /// Connections served at once; each engine with live updates holds one
    #[arg(
        long,
        value_name = "NUMBER",
        env = "SECRET_MANAGER_CONNECTIONS",
        default_value_t = NonZeroUsize::new(CONNECTIONS).unwrap_or(NonZeroUsize::MIN)
    )]
    connections: NonZeroUsize,
    /// Answer /metrics, /healthz and /readyz here, in plain HTTP and to everybody; without it,
    /// /metrics is answered at --listen, to this machine only
    #[arg(long, value_name = "ADDRESS", env = "SECRET_MANAGER_METRICS_LISTEN")]
    metrics_listen: Option<String>,
    /// Reverse proxy whose X-Forwarded-For and X-Request-Id are believed: an address or a network
    /// such as 10.0.0.0/8; several with commas
    #[arg(
        long,
        value_name = "NETWORK",
        env = "SECRET_MANAGER_TRUSTED_PROXY",
        value_delimiter = ',',
        value_parser = network
    )]
    trusted_proxy: Vec<IpNet>,
    /// Where people reach the service, for links and for OpenID Connect
    #[arg(long, value_name = "URL", env = "SECRET_MANAGER_PUBLIC_URL")]
    public_url: Option<String>,
    #[command(flatten)]
    openid: OpenIdOptions,
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
        // Noted first, so that a signal during the start is not lost.
        let shutdown = signals::shutdown()?;
        let hangup = Hangup::listen()?;
        let Self { listen, tls_cert, tls_key, allow_http, log, log_format, .. } = self;
        let log = log.parse().map_err(|_| {
            Failure::new("--log takes error, warn, info, debug or a filter of the tracing crate")
        })?;
        start_log(log, log_format);

        let tls = match tls_cert.zip(tls_key) {
            Some((certificates, key)) => {
                let tls = Tls::open(&certificates, &key);
                Some(Arc::new(tls.map_err(|error| Failure::new(error.to_string()))?))
            }
            None => None,
        };
        let openid = self.openid.open(self.public_url.as_deref())?;
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
        let (listener, local) = bind(&listen, &addresses).await?;
        let metrics = match &self.metrics_listen {
            Some(address) => Some(bind(address, &resolve(address).await?).await?),
            None => None,
        };

        let opened = data.open(WhenAbsent::Create).await?;
        if let Some(advice) = opened.key_advice() {
            // Not through the log, which may be set to leave it out.
            output::note(&advice);
        }
        let scheme = if tls.is_some() { "https" } else { "http" };
        let key_id = opened.manager.key_id().await?;
        tracing::info!(
            database = %opened.database.display(),
            key = key_id,
            version = env!("CARGO_PKG_VERSION"),
            "started"
        );
        let connections = descriptors::room_for(self.connections.get());
        if connections < self.connections.get() {
            tracing::warn!(
                connections,
                "the limit of open files leaves room for fewer connections than --connections says"
            );
        }
        if let Some((_, address)) = &metrics {
            tracing::info!(%address, "metrics are answered at an address of their own");
        }
        output::print(format!("Secret Manager listening on {scheme}://{local}").as_bytes())?;
        if let Some(code) = opened.manager.setup_code().await? {
            let own = base(scheme, local);
            let link = link::setup(self.public_url.as_deref().unwrap_or(&own), code.expose());
            // Standard output is not the log: whoever reads it started the service.
            let line =
                Zeroizing::new(format!("Set up the first administrator (works once): {}", &*link));
            output::print(line.as_bytes())?;
        }

        tokio::spawn(reload(tls.clone(), hangup));
        let config = Config {
            tls,
            connections,
            metrics: metrics.map(|(listener, _)| listener),
            proxies: Proxies::new(self.trusted_proxy),
            public_url: self.public_url,
            openid,
            ..Config::new(Arc::new(opened.manager))
        };
        crate::serve(listener, config, shutdown).await;
        tracing::info!("stopped");
        Ok(())
    }
}

fn network(text: &str) -> Result<IpNet, &'static str> {
    let address = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse()
        .or_else(|_| address())
        .map_err(|_| "give an address or a network, such as 10.0.0.0/8")
}

async fn bind(
    listen: &str,
    addresses: &[SocketAddr],
) -> Result<(TcpListener, SocketAddr), Failure> {
    let listener =
        TcpListener::bind(addresses).await.map_err(|error| bind_failure(listen, &error))?;
    let local = listener
        .local_addr()
        .map_err(|error| Failure::new(format!("can't listen on {listen}: {error}")))?;
    Ok((listener, local))
}

/// Where this very machine reaches the service.
fn base(scheme: &str, local: SocketAddr) -> String {
    let mut address = local;
    if local.ip().is_unspecified() {
        address.set_ip(match local {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    format!("{scheme}://{address}")
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

/// Reads the certificate again whenever told to.
async fn reload(tls: Option<Arc<Tls>>, mut hangup: Hangup) {
    loop {
        hangup.next().await;
        match tls.clone() {
            Some(tls) => _ = tokio::task::spawn_blocking(move || tls.reload()).await,
            None => tracing::info!("there is no certificate to read again"),
        }
    }
}
