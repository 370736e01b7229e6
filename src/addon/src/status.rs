//! Status and news as JavaScript gets them.

use napi_derive::napi;
use secret_manager_model::{SecretName, Timestamp};
use secret_manager_sync as sync;

#[napi(object, object_from_js = false)]
pub struct Status {
    #[napi(
        ts_type = "'idle' | 'syncing' | 'waiting' | 'synced' | 'stale' | 'unreachable' | 'denied'"
    )]
    pub state: &'static str,
    /// Where the published secrets were read or, while there are none, what is asked; for people:
    /// "service https://host:8200".
    pub source: String,
    pub space_id: Option<String>,
    pub space_name: Option<String>,
    /// Of the space.
    pub version: Option<i64>,
    /// RFC 3339.
    pub created_at: Option<String>,
    pub updated_at: Option<String>,
    pub issued_at: Option<String>,
    /// When the published secrets were fetched, in ms since 1970.
    pub synced_at: Option<i64>,
    /// They come from the last-good cache, and the source has not confirmed them since the start.
    pub cached: bool,
    /// When the source last confirmed them, in ms since 1970.
    pub checked_at: Option<i64>,
    /// Changes are heard of as they are made.
    pub live: bool,
    /// When the next sync is due, in ms since 1970.
    pub next_at: Option<i64>,
    /// Why the last sync failed, if it did.
    pub error: Option<SyncError>,
    /// What is wrong with the last-good cache.
    pub cache_problem: Option<String>,
    /// How many names came from the source and were left out because they break the rules.
    pub refused_count: u32,
    /// The first few of them.
    pub refused: Vec<String>,
}

#[napi(object, object_from_js = false)]
pub struct SyncError {
    #[napi(
        ts_type = "'misconfigured' | 'denied' | 'throttled' | 'unavailable' | 'invalid' | 'stopped'"
    )]
    pub code: &'static str,
    pub message: String,
}

#[napi(object, object_from_js = false)]
pub struct News {
    /// The status looks other than at the last call.
    pub state_changed: bool,
    pub change: Option<Change>,
    pub finished: Vec<Finished>,
}

/// How the published secrets differ from those at the last call.
#[napi(object, object_from_js = false)]
pub struct Change {
    /// Of the space; absent when the values were withdrawn.
    pub version: Option<i64>,
    pub added: Vec<String>,
    pub changed: Vec<String>,
    pub removed: Vec<String>,
}

#[napi(object, object_from_js = false)]
pub struct Finished {
    pub ticket: u32,
    pub error: Option<SyncError>,
}

/// One published secret without its value.
#[napi(object, object_from_js = false)]
pub struct Entry {
    pub key: String,
    #[napi(js_name = "type", ts_type = "'text' | 'json'")]
    pub kind: &'static str,
    /// Of the secret.
    pub version: i64,
    /// RFC 3339.
    pub updated_at: String,
}

impl From<sync::Entry> for Entry {
    fn from(entry: sync::Entry) -> Self {
        Self {
            key: entry.name.as_str().to_owned(),
            kind: entry.kind.as_str(),
            version: number(entry.version),
            updated_at: entry.updated_at.to_string(),
        }
    }
}

impl From<sync::Status> for Status {
    fn from(status: sync::Status) -> Self {
        let error = status
            .failure
            .map(|failure| SyncError { code: failure.code(), message: failure.message });
        let mut converted = Self {
            state: status.state.as_str(),
            source: status.source,
            space_id: None,
            space_name: None,
            version: None,
            created_at: None,
            updated_at: None,
            issued_at: None,
            synced_at: None,
            cached: false,
            checked_at: status.checked_at.map(Timestamp::as_millis),
            live: status.live,
            next_at: status.next_at.map(Timestamp::as_millis),
            error,
            cache_problem: status.cache_problem,
            refused_count: 0,
            refused: Vec::new(),
        };
        if let Some(facts) = status.facts {
            converted.space_id = Some(facts.space.id);
            converted.space_name = Some(facts.space.name);
            converted.version = Some(number(facts.version));
            converted.created_at = Some(facts.created_at.to_string());
            converted.updated_at = Some(facts.updated_at.to_string());
            converted.issued_at = Some(facts.issued_at.to_string());
            converted.synced_at = Some(facts.synced_at.as_millis());
            converted.cached = facts.cached;
            converted.source = facts.source;
            converted.refused_count = u32::try_from(facts.refused.count).unwrap_or(u32::MAX);
            converted.refused = facts.refused.names;
        }
        converted
    }
}

impl News {
    pub(crate) fn new(news: &sync::News, change: Option<&sync::Change>, with_names: bool) -> Self {
        Self {
            state_changed: news.state_changed,
            change: change.map(|change| Change::new(change, with_names)),
            finished: news.finished.iter().map(Finished::new).collect(),
        }
    }
}

impl Change {
    fn new(change: &sync::Change, with_names: bool) -> Self {
        fn listed<'a>(names: impl Iterator<Item = &'a SecretName>) -> Vec<String> {
            names.map(|name| name.as_str().to_owned()).collect()
        }
        let version = change.version.map(number);
        if !with_names {
            return Self { version, added: Vec::new(), changed: Vec::new(), removed: Vec::new() };
        }
        Self {
            version,
            added: listed(change.added()),
            changed: listed(change.changed()),
            removed: listed(change.removed()),
        }
    }
}

impl Finished {
    fn new(finished: &sync::Finished) -> Self {
        let error =
            finished.error().map(|(code, message)| SyncError { code, message: message.to_owned() });
        Self { ticket: finished.ticket, error }
    }
}

/// JavaScript's numbers are exact up to 2^53; a space would need 285,000 years of a change each
/// millisecond to get there.
fn number(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}
