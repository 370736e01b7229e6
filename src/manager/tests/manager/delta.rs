//! Deltas lead from any snapshot that a reader may hold to the newest one, or aren't given at all.

use std::collections::HashMap;

use proptest::prelude::*;
use secret_manager_manager::{Change, Error, Manager, Outcome, SpaceId, Thing};
use secret_manager_model::{Snapshot, wire};

use crate::{World, apply, delete, edit, me, name, put, text};

const NAMES: [&str; 4] = ["A", "B", "C", "D"];

#[derive(Clone, Debug)]
enum Step {
    Put(u8),
    Delete,
    Rollback(u64),
    Restore,
    Destroy,
    DestroyVersion(u64),
}

impl Step {
    fn change(&self) -> Change {
        match self {
            Self::Put(value) => Change::Put(text(&value.to_string())),
            Self::Delete => Change::Delete,
            Self::Rollback(version) => Change::Rollback(*version),
            Self::Restore => Change::Restore,
            Self::Destroy => Change::Destroy,
            Self::DestroyVersion(version) => Change::DestroyVersions(vec![*version]),
        }
    }
}

/// What one change of the space does: some names, each once.
fn steps() -> impl Strategy<Value = HashMap<usize, Step>> {
    let step = prop_oneof![
        4 => any::<u8>().prop_map(Step::Put),
        2 => Just(Step::Delete),
        1 => (1..4_u64).prop_map(Step::Rollback),
        1 => Just(Step::Restore),
        1 => Just(Step::Destroy),
        1 => (1..3_u64).prop_map(Step::DestroyVersion),
    ];
    prop::collection::hash_map(0..NAMES.len(), step, 1..3)
}

/// When each deleted secret was deleted, and since when deltas can be made: told by a model that
/// knows the history and nothing of rows.
#[derive(Default)]
struct Model {
    deleted: HashMap<usize, u64>,
    known_from: u64,
}

impl Model {
    fn note(&mut self, index: usize, outcome: Outcome, step: &Step, version: u64) {
        match (outcome, step) {
            (Outcome::Removed, _) => {
                self.deleted.insert(index, version);
            }
            (Outcome::Destroyed, Step::Destroy) => {
                let missed = self.deleted.remove(&index).unwrap_or(version);
                self.known_from = self.known_from.max(missed);
            }
            (Outcome::Added(_), _) => {
                self.deleted.remove(&index);
            }
            _ => {}
        }
    }
}

async fn snapshot(manager: &Manager, space: &SpaceId) -> Snapshot {
    manager.snapshot(space, &me()).await.unwrap().snapshot
}

async fn check(history: Vec<HashMap<usize, Step>>) -> Result<(), TestCaseError> {
    let world = World::new();
    let manager = world.open().await;
    let space = manager.create_space("s", &me()).await.unwrap().id;
    let mut model = Model::default();
    let mut held = vec![snapshot(&manager, &space).await];
    for steps in history {
        world.clock.advance(1000);
        let steps: Vec<_> = steps.into_iter().collect();
        let edits = steps.iter().map(|(index, step)| edit(NAMES[*index], step.change()));
        // Many of them can't be made; the others are the history.
        let Ok(applied) = apply(&manager, &space, edits.collect()).await else { continue };
        if applied.version == held.last().unwrap().version {
            continue;
        }
        for ((index, step), outcome) in steps.iter().zip(applied.outcomes) {
            model.note(*index, outcome, step, applied.version);
        }
        held.push(snapshot(&manager, &space).await);
        let newest = held.last().unwrap();
        for old in &held {
            let delta = manager.delta(&space, old.version, &me()).await.unwrap();
            let changes = manager.changes(&space, old.version).await.unwrap();
            prop_assert_eq!(delta.is_some(), old.version >= model.known_from);
            prop_assert_eq!(changes.is_some(), delta.is_some());
            let (Some(tagged), Some(changes)) = (delta, changes) else { continue };
            prop_assert_eq!(&tagged.tag, &manager.tag(&space).await.unwrap());
            let mut names: Vec<_> = tagged.delta.changed.keys().cloned().collect();
            names.sort();
            prop_assert_eq!((names, changes.version), (changes.changed, newest.version));
            prop_assert_eq!(&tagged.delta.removed.len(), &changes.removed.len());
            // Over the wire, as an engine gets it.
            let delta = wire::read_delta(&wire::write_delta(&tagged.delta)).unwrap();
            prop_assert_eq!(&delta.apply(old.clone()).unwrap(), newest);
        }
    }
    Ok(())
}

proptest! {
    // Each case is a database of its own with many durable writes.
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_delta_leads_from_any_older_snapshot_to_the_newest(
        history in prop::collection::vec(steps(), 1..14),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(check(history))?;
    }
}

#[tokio::test]
async fn names_of_changes_come_with_who_made_the_last_one() {
    let world = World::new();
    let manager = world.open().await;
    let space = manager.create_space("s", &me()).await.unwrap().id;
    apply(&manager, &space, vec![put("B", "1"), put("A", "1"), put("C", "1")]).await.unwrap();
    apply(&manager, &space, vec![delete("C")]).await.unwrap();
    let changes = manager.changes(&space, 0).await.unwrap().unwrap();
    assert_eq!((changes.from, changes.version), (0, 2));
    assert_eq!((changes.changed, changes.removed), (vec![name("A"), name("B")], vec![name("C")]));
    assert_eq!(changes.by.as_deref(), Some("command line"));
    let none = manager.changes(&space, 2).await.unwrap().unwrap();
    assert_eq!((none.changed, none.removed), (vec![], vec![]));
}

#[tokio::test]
async fn a_delta_that_would_be_larger_than_the_snapshot_is_not_given() {
    let world = World::new();
    let manager = world.open().await;
    let space = manager.create_space("s", &me()).await.unwrap().id;
    let names: Vec<_> = (0..200).map(|index| format!("K{index}")).collect();
    apply(&manager, &space, names.iter().map(|name| put(name, "v")).collect()).await.unwrap();
    let since = async |version| manager.delta(&space, version, &me()).await.unwrap().is_some();
    assert!(since(0).await, "as large is fine");
    apply(&manager, &space, names[..190].iter().map(|name| delete(name)).collect()).await.unwrap();
    assert!(!since(0).await && !since(1).await && since(2).await);
    assert!(manager.changes(&space, 1).await.unwrap().is_some(), "names cost little");
}

#[tokio::test]
async fn versions_that_there_never_were_have_no_delta() {
    let world = World::new();
    let manager = world.open().await;
    let space = manager.create_space("s", &me()).await.unwrap().id;
    apply(&manager, &space, vec![put("A", "1")]).await.unwrap();
    for since in [2, u64::MAX >> 1] {
        assert!(manager.delta(&space, since, &me()).await.unwrap().is_none(), "{since}");
        assert!(manager.changes(&space, since).await.unwrap().is_none(), "{since}");
    }
    let gone = manager.delta(&SpaceId::new("nowhere"), 0, &me()).await.map(drop);
    assert_eq!(gone, Err(Error::NotFound(Thing::Space)));
}
