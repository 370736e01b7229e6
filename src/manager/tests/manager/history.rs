//! Older versions of secrets: seen, brought back, destroyed.

use secret_manager_manager::{
    Change, Edit, Error, History, Manager, Outcome, Precondition, SpaceId, Thing, VersionState,
};
use secret_manager_model::{Kind, SecretValue};

use crate::{World, apply, delete, edit, me, name, put, text};

/// A space with A at version 3: two texts, then a JSON document.
async fn world() -> (World, Manager, SpaceId) {
    let world = World::new();
    let manager = world.open().await;
    let space = manager.create_space("s", &me()).await.unwrap().id;
    for value in ["first", "second"] {
        apply(&manager, &space, vec![put("A", value)]).await.unwrap();
        world.clock.advance(1000);
    }
    let json = Change::Put(SecretValue::json("{\"n\":1.10}").unwrap());
    apply(&manager, &space, vec![edit("A", json)]).await.unwrap();
    (world, manager, space)
}

async fn one(manager: &Manager, space: &SpaceId, change: Change) -> Result<Outcome, Error> {
    apply(manager, space, vec![edit("A", change)]).await.map(|applied| applied.outcomes[0])
}

async fn states(manager: &Manager, space: &SpaceId) -> Vec<(u64, VersionState)> {
    let history = manager.history(space, &name("A")).await.unwrap();
    history.versions.iter().map(|version| (version.version, version.state)).collect()
}

async fn value(manager: &Manager, space: &SpaceId, version: u64) -> Result<SecretValue, Error> {
    manager.secret_version(space, &name("A"), version, &me()).await.map(|secret| secret.value)
}

#[tokio::test]
async fn every_version_says_when_by_whom_and_of_which_kind() {
    let (world, manager, space) = world().await;
    let History { deleted, versions } = manager.history(&space, &name("A")).await.unwrap();
    assert_eq!(deleted, None);
    let told: Vec<_> = versions.iter().map(|version| (version.version, version.kind)).collect();
    assert_eq!(told, [(3, Kind::Json), (2, Kind::Text), (1, Kind::Text)]);
    assert_eq!(versions[0].created_at, world.clock.now());
    assert!(versions[0].created_at > versions[1].created_at);
    assert!(versions.iter().all(|version| version.created_by == "command line"));
    assert_eq!(versions[0].state, VersionState::Current);
    assert!(versions[1..].iter().all(|version| version.state == VersionState::Kept));

    assert_eq!(value(&manager, &space, 1).await, Ok(text("first")));
    let second = manager.secret_version(&space, &name("A"), 2, &me()).await.unwrap();
    assert_eq!((second.value, second.version), (text("second"), 2));
    assert_eq!(second.updated_at, versions[1].created_at);
    assert_eq!(value(&manager, &space, 4).await, Err(Error::NotFound(Thing::Version)));
    let unknown = manager.history(&space, &name("B")).await;
    assert_eq!(unknown, Err(Error::NotFound(Thing::Secret)));
}

#[tokio::test]
async fn a_rollback_is_a_new_version_with_the_old_content_and_kind() {
    let (_world, manager, space) = world().await;
    assert_eq!(one(&manager, &space, Change::Rollback(1)).await, Ok(Outcome::Changed(4)));
    let now = manager.secret(&space, &name("A"), &me()).await.unwrap();
    assert_eq!((now.value, now.version), (text("first"), 4));
    let versions = manager.history(&space, &name("A")).await.unwrap().versions;
    let from: Vec<_> = versions.iter().map(|version| version.rolled_back_from).collect();
    assert_eq!(from, [Some(1), None, None, None]);
    assert_eq!(one(&manager, &space, Change::Rollback(3)).await, Ok(Outcome::Changed(5)));
    let json = SecretValue::json("{\"n\":1.10}").unwrap();
    assert_eq!(manager.secret(&space, &name("A"), &me()).await.unwrap().value, json);

    let missing = one(&manager, &space, Change::Rollback(9)).await;
    assert_eq!(missing, Err(Error::NotFound(Thing::Version)));
    let stale = Edit { precondition: Precondition::Version(4), ..edit("A", Change::Rollback(9)) };
    let refused = apply(&manager, &space, vec![stale]).await;
    assert_eq!(refused, Err(Error::PreconditionFailed { current: Some(5) }));
    let unknown = apply(&manager, &space, vec![edit("B", Change::Rollback(1))]).await;
    assert_eq!(unknown, Err(Error::NotFound(Thing::Secret)));
    assert_eq!(manager.secrets(&space).await.unwrap().space.version, 5);
}

#[tokio::test]
async fn a_deleted_secret_is_listed_and_comes_back_as_it_was() {
    let (world, manager, space) = world().await;
    apply(&manager, &space, vec![put("B", "stays")]).await.unwrap();
    let early = one(&manager, &space, Change::Restore).await;
    assert_eq!(early, Err(Error::PreconditionFailed { current: Some(3) }));
    assert_eq!(manager.deleted_secrets(&space).await.unwrap().1, []);

    world.clock.advance(1000);
    apply(&manager, &space, vec![delete("A")]).await.unwrap();
    let (of, deleted) = manager.deleted_secrets(&space).await.unwrap();
    assert_eq!((of.version, deleted.len()), (5, 1));
    assert_eq!((&deleted[0].secret.name, deleted[0].secret.version), (&name("A"), 3));
    assert_eq!(deleted[0].deletion.at, world.clock.now());
    assert_eq!(deleted[0].deletion.by, "command line");
    // Its history is still told; its values are not.
    let history = manager.history(&space, &name("A")).await.unwrap();
    assert_eq!(history.deleted, Some(deleted[0].deletion.clone()));
    assert!(history.versions.iter().all(|version| version.state == VersionState::Kept));
    assert_eq!(value(&manager, &space, 3).await, Err(Error::NotFound(Thing::Secret)));
    let rollback = one(&manager, &space, Change::Rollback(1)).await;
    assert_eq!(rollback, Err(Error::NotFound(Thing::Secret)));

    assert_eq!(one(&manager, &space, Change::Restore).await, Ok(Outcome::Added(4)));
    let now = manager.secret(&space, &name("A"), &me()).await.unwrap();
    assert_eq!(now.value, SecretValue::json("{\"n\":1.10}").unwrap());
    let versions = manager.history(&space, &name("A")).await.unwrap().versions;
    assert_eq!((versions.len(), versions[0].rolled_back_from), (4, Some(3)));
    assert_eq!(manager.deleted_secrets(&space).await.unwrap().1, []);
    let unknown = apply(&manager, &space, vec![edit("C", Change::Restore)]).await;
    assert_eq!(unknown, Err(Error::NotFound(Thing::Secret)));
}

#[tokio::test]
async fn a_destroyed_secret_is_gone_for_good_and_begins_anew() {
    let (_world, manager, space) = world().await;
    assert_eq!(one(&manager, &space, Change::Destroy).await, Ok(Outcome::Destroyed));
    let gone = Error::NotFound(Thing::Secret);
    assert_eq!(manager.history(&space, &name("A")).await, Err(gone.clone()));
    assert_eq!(one(&manager, &space, Change::Restore).await, Err(gone.clone()));
    assert_eq!(one(&manager, &space, Change::Destroy).await, Err(gone));
    assert_eq!(one(&manager, &space, Change::Put(text("new"))).await, Ok(Outcome::Added(1)));
    // A deleted one can be destroyed as well.
    apply(&manager, &space, vec![delete("A")]).await.unwrap();
    assert_eq!(one(&manager, &space, Change::Destroy).await, Ok(Outcome::Destroyed));
    assert_eq!(manager.deleted_secrets(&space).await.unwrap().1, []);
    assert_eq!(manager.secrets(&space).await.unwrap().space.version, 7);
}

#[tokio::test]
async fn single_older_versions_are_destroyed_and_stay_in_the_list() {
    let (_world, manager, space) = world().await;
    let destroy = Change::DestroyVersions;
    for (versions, refused) in
        [(vec![1, 9], Error::NotFound(Thing::Version)), (vec![0], Error::NotFound(Thing::Version))]
    {
        assert_eq!(one(&manager, &space, destroy(versions)).await, Err(refused));
    }
    let latest = one(&manager, &space, destroy(vec![1, 3])).await.unwrap_err();
    assert!(matches!(&latest, Error::Invalid(text) if text.contains("latest")), "{latest}");

    let outcome = one(&manager, &space, destroy(vec![1, 1])).await;
    assert_eq!(outcome, Ok(Outcome::Destroyed));
    let expected =
        [(3, VersionState::Current), (2, VersionState::Kept), (1, VersionState::Destroyed)];
    assert_eq!(states(&manager, &space).await, expected);
    assert_eq!(value(&manager, &space, 1).await, Err(Error::ValueDestroyed { version: 1 }));
    let rollback = one(&manager, &space, Change::Rollback(1)).await;
    assert_eq!(rollback, Err(Error::ValueDestroyed { version: 1 }));
    // Again is no change.
    assert_eq!(one(&manager, &space, destroy(vec![1])).await, Ok(Outcome::Destroyed));
    assert_eq!(manager.secrets(&space).await.unwrap().space.version, 4);
    // The last version of a deleted secret is what could be restored.
    apply(&manager, &space, vec![delete("A")]).await.unwrap();
    assert!(matches!(one(&manager, &space, destroy(vec![3])).await, Err(Error::Invalid(_))));
    assert_eq!(one(&manager, &space, destroy(vec![2])).await, Ok(Outcome::Destroyed));
    assert_eq!(one(&manager, &space, Change::Restore).await, Ok(Outcome::Added(4)));
}

#[tokio::test]
async fn a_space_keeps_as_many_versions_as_it_is_told() {
    let (_world, manager, space) = world().await;
    for count in [0, 1001] {
        let refused = manager.keep_versions(&space, count, &me()).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    }
    let set = manager.keep_versions(&space, 2, &me()).await.unwrap();
    assert_eq!((set.kept_versions, set.version), (2, 3));
    assert_eq!(states(&manager, &space).await.len(), 3, "until its next change");
    assert_eq!(one(&manager, &space, Change::Rollback(1)).await, Ok(Outcome::Changed(4)));
    assert_eq!(states(&manager, &space).await.iter().map(|state| state.0).max(), Some(4));
    assert_eq!(states(&manager, &space).await.len(), 2);
    assert_eq!(value(&manager, &space, 2).await, Err(Error::NotFound(Thing::Version)));
    manager.keep_versions(&space, 1, &me()).await.unwrap();
    one(&manager, &space, Change::Put(text("last"))).await.unwrap();
    assert_eq!(states(&manager, &space).await, [(5, VersionState::Current)]);
}

#[tokio::test]
async fn a_change_for_another_version_of_the_space_is_refused() {
    let (_world, manager, space) = world().await;
    let apply = async |version| {
        let edits = vec![put("B", "new")];
        let same = secret_manager_manager::Same::Write;
        manager.apply_from(&space, Some(version), edits, same, &me()).await
    };
    for version in [2, 4] {
        let refused = apply(version).await;
        assert_eq!(refused, Err(Error::PreconditionFailed { current: Some(3) }));
    }
    assert_eq!(apply(3).await.unwrap().version, 4);
}
