//! What is published, with what is known of it.

use std::sync::Arc;
use std::time::Duration;

use secret_manager_model::{Delta, Snapshot, Timestamp};
use secret_manager_source::{Held, Validator};

use crate::cache::Good;
use crate::shared::{Secrets, Shared};
use crate::status::Facts;

pub(crate) struct Publication {
    shared: Arc<Shared>,
    /// Of what is published, if that came from the present source.
    validator: Option<Validator>,
    facts: Option<Facts>,
    checked_at: Option<Timestamp>,
}

impl Publication {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, validator: None, facts: None, checked_at: None }
    }

    /// What is published is older than this: it was published before an interruption.
    pub(crate) fn resume(&mut self) {
        let status = self.shared.status();
        (self.facts, self.checked_at) = (status.facts, status.checked_at);
    }

    /// From now on another source is asked: a validator says nothing to another source, nor to the
    /// same with another token.
    pub(crate) fn change_source(&mut self) {
        self.validator = None;
    }

    pub(crate) fn validator(&self) -> Option<&Validator> {
        self.validator.as_ref()
    }

    /// What a source is told. Where something was left out, a delta could tell what became of that only
    /// to who had it.
    pub(crate) fn held(&self) -> Option<Held> {
        let (validator, facts) = (self.validator.clone()?, self.facts.as_ref()?);
        let since = (facts.refused.count == 0).then_some(facts.version);
        Some(Held { validator, since })
    }

    pub(crate) fn facts(&self) -> Option<&Facts> {
        self.facts.as_ref()
    }

    pub(crate) fn checked_at(&self) -> Option<Timestamp> {
        self.checked_at
    }

    /// What the cache would keep.
    pub(crate) fn good(&self, spread: Duration) -> Option<Good> {
        let facts = self.facts.clone().filter(|facts| !facts.cached)?;
        let secrets = Arc::clone(&self.shared.secrets());
        // What was left out isn't kept, so it has to come again.
        let validator = self.validator.clone().filter(|_| facts.refused.count == 0);
        Some(Good { facts, checked_at: self.checked_at?, validator, spread, secrets })
    }

    pub(crate) fn publish(
        &mut self,
        snapshot: Snapshot,
        validator: Option<Validator>,
        source: String,
        now: Timestamp,
    ) {
        let Snapshot { space, version, created_at, updated_at, issued_at, secrets, refused } =
            snapshot;
        self.validator = validator;
        self.facts = Some(Facts {
            source,
            space,
            version,
            created_at,
            updated_at,
            issued_at,
            synced_at: now,
            cached: false,
            refused,
        });
        self.shared.publish(Some(version), Arc::new(secrets));
    }

    /// What the delta leads to takes the place of what is published.
    pub(crate) fn amend(&mut self, delta: Delta, validator: Option<Validator>, now: Timestamp) {
        let Delta { space, version, created_at, updated_at, issued_at, changed, removed, .. } =
            delta;
        let Some(facts) = &mut self.facts else { return };
        (facts.space, facts.version) = (space, version);
        (facts.created_at, facts.updated_at) = (created_at, updated_at);
        (facts.issued_at, facts.synced_at) = (issued_at, now);
        self.validator = validator;
        self.shared.amend(version, changed, &removed);
    }

    pub(crate) fn restore(&mut self, good: Good) {
        let Good { facts, checked_at, validator, secrets, .. } = good;
        self.shared.publish(Some(facts.version), secrets);
        self.facts = Some(facts);
        self.validator = validator;
        self.checked_at = Some(checked_at);
    }

    pub(crate) fn confirm(&mut self, now: Timestamp) {
        if let Some(facts) = &mut self.facts {
            facts.cached = false;
        }
        self.checked_at = Some(now);
    }

    pub(crate) fn withdraw(&mut self) {
        self.validator = None;
        self.facts = None;
        self.checked_at = None;
        self.shared.publish(None, Arc::new(Secrets::new()));
    }
}
