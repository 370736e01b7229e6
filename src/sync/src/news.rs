//! What has happened since somebody last asked. It is merged as it comes, so that a reader who is
//! slow gets one summary and never a queue.

use std::collections::BTreeMap;

use secret_manager_model::{Diff, SecretName};
use secret_manager_source::Failure;

use crate::machine::{Ended, Ticket};

#[derive(Debug, Default)]
pub struct News {
    /// The status looks other than when it was last asked for.
    pub state_changed: bool,
    pub change: Option<Change>,
    pub finished: Vec<Finished>,
}

/// How the published secrets differ from those at the last time somebody asked.
#[derive(Debug, PartialEq, Eq)]
pub struct Change {
    /// Of the space, as it is now; `None` after a withdrawal.
    pub version: Option<u64>,
    names: BTreeMap<SecretName, Mark>,
}

/// A requested sync has ended.
#[derive(Debug, PartialEq)]
pub struct Finished {
    pub ticket: Ticket,
    pub outcome: Result<(), Ended>,
}

impl Finished {
    /// Code and message of what went wrong.
    pub fn error(&self) -> Option<(&'static str, &str)> {
        match &self.outcome {
            Ok(()) => None,
            Err(Ended::Failed(failure)) => Some(describe(failure)),
            Err(Ended::Stopped) => Some(("stopped", "the sync was stopped before it ended")),
        }
    }
}

fn describe(failure: &Failure) -> (&'static str, &str) {
    (failure.code(), &failure.message)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Added,
    Changed,
    Removed,
}

impl Change {
    fn new(version: Option<u64>) -> Self {
        Self { version, names: BTreeMap::new() }
    }

    pub fn added(&self) -> impl Iterator<Item = &SecretName> {
        self.marked(Mark::Added)
    }

    pub fn changed(&self) -> impl Iterator<Item = &SecretName> {
        self.marked(Mark::Changed)
    }

    pub fn removed(&self) -> impl Iterator<Item = &SecretName> {
        self.marked(Mark::Removed)
    }

    fn marked(&self, wanted: Mark) -> impl Iterator<Item = &SecretName> {
        self.names.iter().filter(move |(_, mark)| **mark == wanted).map(|(name, _)| name)
    }

    fn merge(&mut self, diff: Diff) {
        for name in diff.added {
            // Removed and added again may be another value.
            let mark = match self.names.get(&name) {
                Some(Mark::Removed) => Mark::Changed,
                _ => Mark::Added,
            };
            self.names.insert(name, mark);
        }
        for name in diff.changed {
            self.names.entry(name).or_insert(Mark::Changed);
        }
        for name in diff.removed {
            if self.names.get(&name) == Some(&Mark::Added) {
                self.names.remove(&name);
            } else {
                self.names.insert(name, Mark::Removed);
            }
        }
    }
}

impl News {
    pub(crate) fn is_empty(&self) -> bool {
        !self.state_changed && self.change.is_none() && self.finished.is_empty()
    }

    pub(crate) fn note_change(&mut self, version: Option<u64>, diff: Diff) {
        if diff.is_empty() && self.change.is_none() {
            return;
        }
        let change = self.change.get_or_insert_with(|| Change::new(version));
        change.version = version;
        change.merge(diff);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;
    use secret_manager_model::{Secret, SecretValue, Timestamp};

    use super::*;

    fn secrets(values: &BTreeMap<u8, bool>) -> HashMap<SecretName, Secret> {
        values
            .iter()
            .map(|(name, value)| {
                let secret = Secret {
                    value: SecretValue::text(&value.to_string()).unwrap(),
                    version: 1,
                    updated_at: Timestamp::from_millis(0).unwrap(),
                };
                (SecretName::parse(&format!("k{name}")).unwrap(), secret)
            })
            .collect()
    }

    fn states() -> impl Strategy<Value = Vec<BTreeMap<u8, bool>>> {
        prop::collection::vec(prop::collection::btree_map(0..6_u8, any::<bool>(), 0..6), 1..6)
    }

    proptest! {
        #[test]
        fn merged_changes_lead_from_the_first_state_to_the_last(states in states()) {
            let states: Vec<_> = states.iter().map(secrets).collect();
            let mut news = News::default();
            for pair in states.windows(2) {
                news.note_change(Some(1), Diff::between(&pair[0], &pair[1]));
            }
            let (first, last) = (&states[0], &states[states.len() - 1]);
            let change = news.change.unwrap_or_else(|| Change::new(None));
            for name in change.added() {
                prop_assert!(!first.contains_key(name) && last.contains_key(name));
            }
            for name in change.changed() {
                prop_assert!(first.contains_key(name) && last.contains_key(name));
            }
            for name in change.removed() {
                prop_assert!(first.contains_key(name) && !last.contains_key(name));
            }
            // Nothing is missing: what isn't named is as it was.
            for name in first.keys().chain(last.keys()) {
                let same = first.get(name).map(|s| &s.value) == last.get(name).map(|s| &s.value);
                prop_assert!(same || change.names.contains_key(name));
            }
        }
    }
}
