//! What leads from one snapshot of a space to a later one.

use std::collections::HashMap;

use crate::{Refused, Secret, SecretName, Snapshot, SpaceRef, Timestamp};

/// The way from version [`Self::from`] of a space to version [`Self::version`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delta {
    pub space: SpaceRef,
    pub from: u64,
    pub version: u64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// When the service produced it.
    pub issued_at: Timestamp,
    /// Added or changed, as they are at the end of the way.
    pub changed: HashMap<SecretName, Secret>,
    /// Not there at the end of the way. Some may never have been there at its beginning.
    pub removed: Vec<SecretName>,
    /// What came with the delta and was left out.
    pub refused: Refused,
}

/// The delta starts somewhere else: it can't be applied, and a whole snapshot is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the delta leads from version {from}, not from {held}, or belongs to another space")]
pub struct Apart {
    pub from: u64,
    pub held: u64,
}

impl Delta {
    /// The snapshot at the end of the way, given the one at its beginning.
    pub fn apply(self, mut held: Snapshot) -> Result<Snapshot, Apart> {
        if held.space.id != self.space.id || held.version != self.from {
            return Err(Apart { from: self.from, held: held.version });
        }
        for name in &self.removed {
            held.secrets.remove(name);
        }
        held.secrets.extend(self.changed);
        Ok(Snapshot {
            space: self.space,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
            issued_at: self.issued_at,
            secrets: held.secrets,
            refused: self.refused,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SecretValue;

    fn name(name: &str) -> SecretName {
        SecretName::parse(name).unwrap()
    }

    fn secrets(values: &[(&str, &str)]) -> HashMap<SecretName, Secret> {
        let secret = |value| Secret {
            value: SecretValue::text(value).unwrap(),
            version: 1,
            updated_at: Timestamp::EPOCH,
        };
        values.iter().map(|(key, value)| (name(key), secret(value))).collect()
    }

    fn snapshot(version: u64, values: &[(&str, &str)]) -> Snapshot {
        Snapshot {
            space: SpaceRef { id: "s".into(), name: "n".into() },
            version,
            created_at: Timestamp::EPOCH,
            updated_at: Timestamp::EPOCH,
            issued_at: Timestamp::EPOCH,
            secrets: secrets(values),
            refused: Refused::default(),
        }
    }

    fn delta() -> Delta {
        Delta {
            space: SpaceRef { id: "s".into(), name: "renamed".into() },
            from: 4,
            version: 6,
            created_at: Timestamp::EPOCH,
            updated_at: Timestamp::EPOCH,
            issued_at: Timestamp::EPOCH,
            changed: secrets(&[("B", "new"), ("C", "added")]),
            removed: vec![name("A"), name("NEVER_HELD")],
            refused: Refused::default(),
        }
    }

    #[test]
    fn a_delta_leads_from_its_beginning_to_its_end() {
        let held = snapshot(4, &[("A", "a"), ("B", "b"), ("D", "d")]);
        let after = delta().apply(held).unwrap();
        let mut expected = snapshot(6, &[("B", "new"), ("C", "added"), ("D", "d")]);
        expected.space.name = "renamed".into();
        assert_eq!(after, expected);
    }

    #[test]
    fn a_delta_from_elsewhere_is_refused() {
        for version in [3, 5, 6] {
            let refused = delta().apply(snapshot(version, &[]));
            assert_eq!(refused, Err(Apart { from: 4, held: version }));
        }
        let mut other = snapshot(4, &[]);
        other.space.id = "another".into();
        assert!(delta().apply(other).is_err());
    }
}
