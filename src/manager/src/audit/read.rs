//! Reading the trail.

use std::collections::HashMap;
use std::net::IpAddr;

use secret_manager_model::Timestamp;
use secret_manager_store::{AuditFilter, AuditRow, SpaceId};

use super::SEPARATOR;
use crate::vault::Vault;
use crate::{Error, Manager};

/// What a record tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEvent {
    pub sequence: u64,
    pub at: Timestamp,
    /// `commandLine`, `user`, `token`, `nodeRed`, `nobody` or `system`.
    pub actor_kind: String,
    pub actor_id: Option<String>,
    pub actor_name: Option<String>,
    pub action: String,
    pub result: String,
    pub origin: Option<IpAddr>,
    pub request: Option<String>,
    pub space: Option<SpaceId>,
    /// What it was done to, when that is no secret.
    pub subject: Option<String>,
    /// Names of secrets, fewer than `count` when there was no room for all. Empty when they were not
    /// asked for or their space is gone.
    pub names: Vec<String>,
    pub count: u64,
    /// The space's version after it, or the one that was read.
    pub version: Option<u64>,
}

/// Whether to show names of secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    Show,
    Hide,
}

impl Manager {
    /// At most `limit` records, the newest first. The next ones are before the last one's sequence.
    pub async fn audit(
        &self,
        filter: AuditFilter,
        limit: usize,
        names: Names,
    ) -> Result<Vec<AuditEvent>, Error> {
        let rows = self.store.audit(filter, limit).await?;
        let mut vaults = HashMap::new();
        if names == Names::Show {
            for space in rows.iter().filter_map(|row| row.record.space.as_ref()) {
                if !vaults.contains_key(space) {
                    vaults.insert(space.clone(), self.vault_if_any(space).await?);
                }
            }
        }
        let event = |row: AuditRow| {
            let vault = row.record.space.as_ref().and_then(|space| vaults.get(space)?.as_ref());
            AuditEvent::of(row, vault)
        };
        Ok(rows.into_iter().map(event).collect())
    }

    /// `None` for a space that is gone or damaged: its records are still told, without names.
    async fn vault_if_any(&self, space: &SpaceId) -> Result<Option<Vault>, Error> {
        match self.space_row(space).await.and_then(|row| self.vault(&row)) {
            Ok(vault) => Ok(Some(vault)),
            Err(Error::NotFound(_) | Error::Corrupt(_)) => Ok(None),
            Err(other) => Err(other),
        }
    }
}

impl AuditEvent {
    fn of(row: AuditRow, vault: Option<&Vault>) -> Self {
        let AuditRow { sequence, record, version, mac: _ } = row;
        let names = match (&record.sealed_names, vault) {
            (Some(sealed), Some(vault)) => {
                // What doesn't open was altered. Reading on is more use than an error here; that
                // the record doesn't hold is what the verification says.
                let names = vault.open_audit_names(&record.action, record.at, sealed);
                names
                    .map_or(Vec::new(), |names| names.split(SEPARATOR).map(str::to_owned).collect())
            }
            _ => Vec::new(),
        };
        Self {
            sequence,
            at: record.at,
            actor_kind: record.actor_kind,
            actor_id: record.actor_id,
            actor_name: record.actor_name,
            action: record.action,
            result: record.result,
            origin: record.origin,
            request: record.request,
            space: record.space,
            subject: record.subject,
            names,
            count: record.count,
            version: record.read_version.or(version),
        }
    }
}
