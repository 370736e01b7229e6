//! Imports: many secrets at once, of which some may be there already.

use secret_manager_model::{SecretName, SecretValue, Timestamp};
use secret_manager_store::SpaceId;

use crate::edit::{Edit, Outcome, Same};
use crate::{Caller, Error, Manager};

/// What an import did, or would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Of the space, now.
    pub version: u64,
    pub at: Timestamp,
    pub added: Vec<SecretName>,
    pub changed: Vec<SecretName>,
    /// They hold the same value already.
    pub unchanged: Vec<SecretName>,
}

impl Manager {
    /// Sets all of these as one change of the space, or none of them. Secrets that aren't among them stay,
    /// and those that hold the same value already are left alone. A dry run only tells what would be done.
    pub async fn import(
        &self,
        space: &SpaceId,
        secrets: Vec<(SecretName, SecretValue)>,
        dry_run: bool,
        caller: &Caller,
    ) -> Result<Imported, Error> {
        let names: Vec<_> = secrets.iter().map(|(name, _)| name.clone()).collect();
        let edits = secrets.into_iter().map(|(name, value)| Edit::put(name, value)).collect();
        let applied = match dry_run {
            true => self.preview(space, edits, Same::Skip, caller).await?,
            false => self.apply(space, edits, Same::Skip, caller).await?,
        };
        let mut imported = Imported {
            version: applied.version,
            at: applied.at,
            added: Vec::new(),
            changed: Vec::new(),
            unchanged: Vec::new(),
        };
        for (name, outcome) in names.into_iter().zip(applied.outcomes) {
            match outcome {
                Outcome::Added(_) => imported.added.push(name),
                Outcome::Changed(_) => imported.changed.push(name),
                Outcome::Unchanged(_) => imported.unchanged.push(name),
                // Nothing but puts was asked for.
                Outcome::Removed | Outcome::Destroyed => {}
            }
        }
        Ok(imported)
    }
}
