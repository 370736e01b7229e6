//! All secrets of a space at one version, and what changed between two of them.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::{SecretName, SecretValue, Timestamp};

/// How a space is known to those who read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpaceRef {
    pub id: String,
    pub name: String,
}

/// One secret as a reader of the space gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    pub value: SecretValue,
    /// Of the secret: +1 for each of its changes.
    pub version: u64,
    pub updated_at: Timestamp,
}

/// All secrets of a space at one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    pub space: SpaceRef,
    /// Of the space: +1 for each addition, edit or removal.
    pub version: u64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// When the service produced this snapshot.
    pub issued_at: Timestamp,
    pub secrets: HashMap<SecretName, Secret>,
    /// What came with the snapshot and was left out.
    pub refused: Refused,
}

/// Names that break the rules for names. Their number is the sender's choice, so only the first few
/// are kept to be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refused {
    pub names: Vec<String>,
    pub count: usize,
}

impl Refused {
    const MOST_NAMES: usize = 10;
    const MOST_CHARACTERS: usize = 100;

    pub(crate) fn add(&mut self, name: &str) {
        self.count += 1;
        if self.names.len() < Self::MOST_NAMES {
            self.names.push(name.chars().take(Self::MOST_CHARACTERS).collect());
        }
    }
}

/// Names that differ between two snapshots, each list sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    pub added: Vec<SecretName>,
    pub changed: Vec<SecretName>,
    pub removed: Vec<SecretName>,
}

impl Diff {
    /// What turns `before` into `after`. A secret counts as changed when its value or kind differs;
    /// a new version with the same content is none for a flow.
    pub fn between(
        before: &HashMap<SecretName, Secret>,
        after: &HashMap<SecretName, Secret>,
    ) -> Self {
        let mut diff = Self::default();
        for (name, secret) in after {
            match before.get(name) {
                None => diff.added.push(name.clone()),
                Some(old) if old.value != secret.value => diff.changed.push(name.clone()),
                Some(_) => {}
            }
        }
        // Equal sizes and nothing added leave no room for a removal.
        if before.len() + diff.added.len() != after.len() {
            diff.removed.extend(before.keys().filter(|name| !after.contains_key(*name)).cloned());
        }
        diff.added.sort_unstable();
        diff.changed.sort_unstable();
        diff.removed.sort_unstable();
        diff
    }

    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn secrets(values: &BTreeMap<u8, u8>) -> HashMap<SecretName, Secret> {
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

    proptest! {
        #[test]
        fn a_diff_turns_one_snapshot_into_the_other(
            before: BTreeMap<u8, u8>,
            after: BTreeMap<u8, u8>,
        ) {
            let (before, after) = (secrets(&before), secrets(&after));
            let diff = Diff::between(&before, &after);
            let mut rebuilt = before.clone();
            for name in &diff.removed {
                prop_assert!(rebuilt.remove(name).is_some());
            }
            for name in diff.added.iter().chain(&diff.changed) {
                rebuilt.insert(name.clone(), after[name].clone());
            }
            prop_assert!(diff.added.iter().all(|name| !before.contains_key(name)));
            prop_assert!(diff.changed.iter().all(|name| before.contains_key(name)));
            prop_assert_eq!(diff.is_empty(), before == after);
            prop_assert_eq!(rebuilt, after);
        }
    }
}
