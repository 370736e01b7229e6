//! Settings as they come from JavaScript.

use std::path::PathBuf;
use std::time::Duration;

use napi_derive::napi;
use secret_manager_source::{Config, Failure, KeyPlace, Place, Remedy, ServiceConfig, Tls};
use secret_manager_sync as sync;
use zeroize::Zeroizing;

#[napi(object, object_to_js = false)]
pub struct Settings {
    /// The kind of source: "service" or "builtin".
    pub kind: String,
    /// Of a service.
    pub url: Option<String>,
    pub token: Option<String>,
    /// Where the built-in vault is.
    pub vault: Option<VaultPlace>,
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
    /// Where what is published is kept for the next start of the process; nowhere when absent. Of no use
    /// to the built-in vault, which is on the same disk.
    pub cache: Option<Cache>,
}

#[napi(object, object_to_js = false)]
pub struct VaultPlace {
    /// Is made when it isn't there.
    pub directory: String,
    /// 32 bytes in base64; comes before a file.
    pub key: Option<String>,
    /// A file of 32 bytes, made when there is no vault yet; `key` in the directory when absent.
    pub key_file: Option<String>,
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
        if !(1.0..=LONGEST_INTERVAL).contains(&self.autosync) {
            return Err(wrong("the Autosync interval must be from 1 second to 31 days"));
        }
        let interval = Duration::from_secs(self.autosync as u64);
        let live = self.live.unwrap_or(false);
        match self.kind.as_str() {
            "service" => {}
            "builtin" => {
                let place = self.vault.ok_or_else(|| wrong("the vault's directory is missing"))?;
                let config = Config::Builtin(place.parse());
                return Ok(Parsed { config, interval, live, cache: None });
            }
            kind => {
                return Err(wrong(&format!(
                    "the source kind \"{kind}\" is not known to this version"
                )));
            }
        }
        let url = self.url.unwrap_or_default();
        let identity = match (self.cert, self.key) {
            (Some(certificate), Some(key)) => Some((certificate, Zeroizing::new(key))),
            (None, None) => None,
            (Some(_), None) => return Err(wrong("the client certificate has no key")),
            (None, Some(_)) => return Err(wrong("the client key has no certificate")),
        };
        let extra_authorities =
            if url.trim_start().starts_with("https:") { extra_authorities() } else { None };
        let config = ServiceConfig {
            url,
            token: Zeroizing::new(self.token.unwrap_or_default()),
            allow_http: self.allow_http.unwrap_or(false),
            tls: Tls { authorities: self.ca, extra_authorities, identity },
        };
        Ok(Parsed {
            config: Config::Service(config),
            interval,
            live,
            cache: self.cache.map(Cache::open),
        })
    }
}

impl VaultPlace {
    pub(crate) fn parse(self) -> Place {
        let key = match self.key.filter(|key| !key.is_empty()) {
            Some(key) => KeyPlace::Text(Zeroizing::new(key)),
            None => KeyPlace::File(self.key_file.map(PathBuf::from)),
        };
        Place { directory: self.directory.into(), key }
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
