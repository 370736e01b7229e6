//! Settings as they come from JavaScript.

use std::time::Duration;

use napi_derive::napi;
use secret_manager_source::{Config, Failure, Remedy, ServiceConfig, Tls};
use secret_manager_sync as sync;
use zeroize::Zeroizing;

#[napi(object, object_to_js = false)]
pub struct Settings {
    /// The kind of source: "service".
    pub kind: String,
    pub url: String,
    pub token: String,
    /// Seconds between two syncs, from 1 to 31 days.
    pub autosync: f64,
    /// Whether to hear of changes as they are made, in between.
    pub live: Option<bool>,
    /// Allows plain HTTP to other machines.
    pub allow_http: Option<bool>,
    /// PEM: certificate authorities to trust instead of the built-in ones.
    pub ca: Option<String>,
    /// PEM: the client's certificate chain.
    pub cert: Option<String>,
    /// PEM: the key of `cert`, not encrypted.
    pub key: Option<String>,
    /// Where what is published is kept for the next start of the process; nowhere when absent.
    pub cache: Option<Cache>,
}

#[napi(object, object_to_js = false)]
pub struct Cache {
    /// Is made when it isn't there; may hold the caches of other engines as well.
    pub directory: String,
    /// Under which the secrets are published.
    pub context_key: String,
    /// Mixed into the key of the cache: something that is not in the directory.
    pub host_secret: Option<String>,
}

/// The settings after all checks.
pub(crate) struct Parsed {
    pub(crate) config: Config,
    pub(crate) interval: Duration,
    pub(crate) live: bool,
    pub(crate) cache: Option<sync::Cache>,
}

/// Long enough for every real use, short enough for every clock.
const LONGEST_INTERVAL: f64 = 31.0 * 24.0 * 60.0 * 60.0;

impl Settings {
    pub(crate) fn parse(self) -> Result<Parsed, Failure> {
        let wrong = |message: &str| Failure::new(Remedy::Reconfigure, message);
        if self.kind != "service" {
            let message = format!("the source kind \"{}\" is not known to this version", self.kind);
            return Err(Failure::new(Remedy::Reconfigure, message));
        }
        if !(1.0..=LONGEST_INTERVAL).contains(&self.autosync) {
            return Err(wrong("the Autosync interval must be from 1 second to 31 days"));
        }
        let identity = match (self.cert, self.key) {
            (Some(certificate), Some(key)) => Some((certificate, Zeroizing::new(key))),
            (None, None) => None,
            (Some(_), None) => return Err(wrong("the client certificate has no key")),
            (None, Some(_)) => return Err(wrong("the client key has no certificate")),
        };
        let extra_authorities =
            if self.url.trim_start().starts_with("https:") { extra_authorities() } else { None };
        let config = ServiceConfig {
            url: self.url,
            token: Zeroizing::new(self.token),
            allow_http: self.allow_http.unwrap_or(false),
            tls: Tls { authorities: self.ca, extra_authorities, identity },
        };
        Ok(Parsed {
            config: Config::Service(config),
            interval: Duration::from_secs(self.autosync as u64),
            live: self.live.unwrap_or(false),
            cache: self.cache.map(Cache::open),
        })
    }
}

impl Cache {
    fn open(self) -> sync::Cache {
        let host_secret = Zeroizing::new(self.host_secret.unwrap_or_default());
        sync::Cache::new(self.directory, &self.context_key, &host_secret)
    }
}

/// The file that Node.js adds to its own authorities. Node.js itself warns when it can't be read.
fn extra_authorities() -> Option<String> {
    let path = std::env::var_os("NODE_EXTRA_CA_CERTS")?;
    std::fs::read_to_string(path).ok()
}
