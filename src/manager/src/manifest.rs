//! What the rows of a space add up to.
//!
//! Each secret's row has a *seal*, a keyed hash of all that stands in it. Their sum, together with
//! the space's own, is the *manifest*. It is kept encrypted, bound to the space's version and tag, so
//! a row that was removed, brought in from elsewhere or put back to an older state leaves a sum that
//! is not the manifest's. A change takes the old seals out of the sum and adds the new ones; however
//! many secrets there are, it touches only those that change.
//!
//! This is the multiset hash MSet-Add-Hash of Clarke, Devadas, van Dijk, Gassend and Suh,
//! "Incremental Multiset Hash Functions and Their Application to Memory Integrity Checking"
//! (ASIACRYPT 2003): the sum modulo 2^256 of a keyed hash of each element. Their scheme hides the
//! sum by a nonce's hash; here encryption does, with a new nonce each time.

use std::collections::{HashMap, HashSet};

use secret_manager_store::{CheckedRow, Seal, SecretRow, SpaceChange, SpaceRow};

use crate::Error;
use crate::vault::Vault;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    /// Modulo 2^256, the least significant word first.
    words: [u64; 4],
    count: u64,
}

impl Sum {
    pub(crate) fn add(&mut self, seal: &Seal) {
        let mut carry = false;
        for (word, more) in self.words.iter_mut().zip(words(seal)) {
            (*word, carry) = word.carrying_add(more, carry);
        }
        self.count = self.count.wrapping_add(1);
    }

    pub(crate) fn subtract(&mut self, seal: &Seal) {
        let mut borrow = false;
        for (word, less) in self.words.iter_mut().zip(words(seal)) {
            (*word, borrow) = word.borrowing_sub(less, borrow);
        }
        self.count = self.count.wrapping_sub(1);
    }

    pub(crate) fn to_bytes(self) -> Vec<u8> {
        let words = self.words.iter().chain([&self.count]);
        words.flat_map(|word| word.to_le_bytes()).collect()
    }
}

fn words(seal: &Seal) -> [u64; 4] {
    let (chunks, _) = seal.as_chunks::<8>();
    std::array::from_fn(|index| u64::from_le_bytes(chunks[index]))
}

/// Of a secret's name.
type NameHash = [u8; 32];

/// The rows of a space in one state, found to be those that were written.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    /// Names the state.
    pub(crate) tag: String,
    pub(crate) sum: Sum,
    /// By the hash of the name, under which rows are looked for.
    rows: HashMap<NameHash, State>,
    /// Whether there are rows that were altered where they stand. They are not among `rows`.
    damaged: bool,
}

#[derive(Clone, Copy, Debug)]
struct State {
    seal: Seal,
    live: bool,
    space_version: u64,
}

impl State {
    fn of(row: &SecretRow, seal: Seal) -> Self {
        Self { seal, live: row.deleted_at.is_none(), space_version: row.space_version }
    }
}

impl Checked {
    /// Compares all rows of the space with its manifest.
    pub(crate) fn new(space: &SpaceRow, rows: &[CheckedRow], vault: &Vault) -> Result<Self, Error> {
        let manifest = space.sealed_manifest.as_deref().ok_or_else(|| exchanged("has none"))?;
        let manifest = vault.open_manifest(space, manifest)?;
        // What the rows are, and what they say that they are. When only the latter adds up, it tells
        // which rows were altered; the others are sound.
        let (mut found, mut stated) = (Sum::default(), Sum::default());
        let space_seal = vault.space_seal(space);
        found.add(&space_seal);
        stated.add(&space_seal);
        let mut sound = HashMap::with_capacity(rows.len());
        let mut damaged = HashSet::new();
        let mut unreadable = false;
        for row in rows {
            let seal = row.secret.as_ref().map(|secret| vault.seal_of(secret));
            seal.iter().for_each(|seal| found.add(seal));
            row.seal.iter().for_each(|seal| stated.add(seal));
            match (&row.secret, seal) {
                (Some(secret), Some(seal)) => {
                    if row.seal != Some(seal) {
                        damaged.insert(secret.name_hash);
                    }
                    sound.insert(secret.name_hash, State::of(secret, seal));
                }
                _ => unreadable = true,
            }
        }
        let bytes = manifest.as_slice();
        if found.to_bytes() == bytes {
            // A seal that was altered beside its row harms nothing.
            damaged.clear();
        } else if stated.to_bytes() == bytes {
            sound.retain(|name, _| !damaged.contains(name));
        } else {
            return Err(exchanged("is another one's"));
        }
        let damaged = unreadable || !damaged.is_empty();
        let sum = if damaged { stated } else { found };
        Ok(Self { tag: space.tag.clone(), sum, rows: sound, damaged })
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether what was found under a name, or that nothing was found, is what was written.
    pub(crate) fn confirm_found(
        &self,
        name: &NameHash,
        row: Option<&SecretRow>,
        vault: &Vault,
    ) -> Result<(), Error> {
        match row {
            Some(row) => self.confirm(row, vault),
            // It may be there, only not under its name any more.
            None if self.damaged || self.rows.contains_key(name) => Err(altered()),
            None => Ok(()),
        }
    }

    fn confirm(&self, row: &SecretRow, vault: &Vault) -> Result<(), Error> {
        match self.rows.get(&row.name_hash) {
            Some(state) if state.seal == vault.seal_of(row) => Ok(()),
            _ => Err(altered()),
        }
    }

    /// Whether these are all secrets, or all deleted ones, of which the last change came after
    /// version `since` of the space.
    pub(crate) fn confirm_all<'a>(
        &self,
        rows: impl ExactSizeIterator<Item = &'a SecretRow>,
        (live, since): (bool, Option<u64>),
        vault: &Vault,
    ) -> Result<(), Error> {
        let wanted = |state: &&State| {
            state.live == live && since.is_none_or(|since| state.space_version > since)
        };
        if self.damaged || rows.len() != self.rows.values().filter(wanted).count() {
            return Err(altered());
        }
        let mut seen = HashSet::with_capacity(rows.len());
        for row in rows {
            self.confirm(row, vault)?;
            if !seen.insert(&row.id) {
                return Err(altered());
            }
        }
        Ok(())
    }

    /// Follows a change that was committed.
    pub(crate) fn follow(&mut self, change: &Followed) {
        self.tag.clone_from(&change.tag);
        self.sum = change.sum;
        for name in &change.destroyed {
            self.rows.remove(name);
        }
        for (name, seal, live) in &change.seals {
            let state = State { seal: *seal, live: *live, space_version: change.version };
            self.rows.insert(*name, state);
        }
    }
}

/// What a change does to the rows that were checked.
#[derive(Debug)]
pub(crate) struct Followed {
    pub(crate) from_tag: String,
    tag: String,
    version: u64,
    sum: Sum,
    destroyed: Vec<NameHash>,
    /// With whether the secret is there or was deleted.
    seals: Vec<(NameHash, Seal, bool)>,
}

/// Adds the new seals and the manifest to a change. `current` are the rows that it changes.
pub(crate) fn seal_change<'a>(
    space: &SpaceRow,
    current: impl Iterator<Item = &'a SecretRow>,
    mut sum: Sum,
    change: &mut SpaceChange,
    vault: &Vault,
) -> Result<Followed, Error> {
    let current: HashMap<_, _> = current.map(|row| (&row.id, row)).collect();
    let version = space.version + 1;
    let mut seals = Vec::with_capacity(change.puts.len() + change.deletions.len());
    for put in &change.puts {
        let before = current.get(&put.id);
        let kept = before.filter(|row| row.deleted_at.is_none());
        let row = SecretRow {
            id: put.id.clone(),
            name_hash: put.name_hash,
            sealed_name: put.sealed_name.clone(),
            version: put.version,
            kind: put.kind,
            size: put.size,
            // One that comes back after a deletion begins anew.
            created_at: kept.map_or(change.at, |row| row.created_at),
            updated_at: change.at,
            updated_by: change.by.clone(),
            space_version: version,
            deleted_at: None,
            deleted_by: None,
        };
        before.iter().for_each(|row| sum.subtract(&vault.seal_of(row)));
        let seal = vault.seal_of(&row);
        change.seals.push((put.id.clone(), seal));
        seals.push((put.name_hash, seal, true));
    }
    for id in &change.deletions {
        let Some(before) = current.get(id) else { continue };
        let row = SecretRow {
            updated_at: change.at,
            space_version: version,
            deleted_at: Some(change.at),
            deleted_by: Some(change.by.clone()),
            ..(*before).clone()
        };
        sum.subtract(&vault.seal_of(before));
        let seal = vault.seal_of(&row);
        change.seals.push((id.clone(), seal));
        seals.push((row.name_hash, seal, false));
    }
    let mut destroyed = Vec::with_capacity(change.destructions.len());
    for before in change.destructions.iter().filter_map(|id| current.get(id)) {
        sum.subtract(&vault.seal_of(before));
        destroyed.push(before.name_hash);
    }
    seals.iter().for_each(|(_, seal, _)| sum.add(seal));

    let after =
        SpaceRow { version, tag: change.tag.clone(), updated_at: change.at, ..space.clone() };
    sum.subtract(&vault.space_seal(space));
    sum.add(&vault.space_seal(&after));
    change.sealed_manifest = vault.seal_manifest(&after, &sum)?;
    Ok(Followed {
        from_tag: change.from_tag.clone(),
        tag: change.tag.clone(),
        version,
        sum,
        destroyed,
        seals,
    })
}

fn altered() -> Error {
    Error::Corrupt("the row of a secret is not what was written".into())
}

fn exchanged(what: &str) -> Error {
    Error::Corrupt(format!(
        "secrets of a space were removed, brought in or put back to an older state: its manifest \
         {what}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_does_not_depend_on_the_order_and_gives_back_what_it_was_given() {
        let seals: Vec<Seal> = (1..=9_u8).map(|byte| [byte.wrapping_mul(29); 32]).collect();
        let mut forwards = Sum::default();
        let mut backwards = Sum::default();
        seals.iter().for_each(|seal| forwards.add(seal));
        seals.iter().rev().for_each(|seal| backwards.add(seal));
        assert_eq!(forwards, backwards);
        // Twice the same is not nothing, as it would be with exclusive or.
        let mut doubled = forwards;
        doubled.add(&seals[0]);
        doubled.add(&seals[0]);
        assert_ne!(doubled.words, forwards.words);
        seals.iter().for_each(|seal| forwards.subtract(seal));
        assert_eq!(forwards, Sum::default());
        let mut below = Sum::default();
        below.subtract(&[255; 32]);
        below.add(&[255; 32]);
        assert_eq!(below, Sum::default());
    }
}
