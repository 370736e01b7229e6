use std::collections::HashMap;

use secret_manager_manager::{
    Change, Edit, Error, Outcome, Precondition, Same, SecretSummary, Thing,
};
use secret_manager_model::{Kind, SecretValue};

use crate::{World, apply, delete, me, name, put, text};

#[tokio::test]
async fn a_secret_is_set_revealed_listed_and_deleted() {
    let world = World::new();
    let manager = world.open().await;
    let space = manager.create_space("s", &me()).await.unwrap().id;
    let made = world.clock.now();
    apply(&manager, &space, vec![put("B", "first")]).await.unwrap();
    world.clock.advance(1000);
    let json = SecretValue::json("{\"n\": 1.10}").unwrap();
    let change = Change::Put(json.clone());
    let edit = Edit { name: name("B"), change, precondition: Precondition::Any };
    let applied = apply(&manager, &space, vec![edit, put("A", "")]).await.unwrap();
    assert_eq!(applied.version, 2);
    assert_eq!(applied.outcomes, [Outcome::Changed(2), Outcome::Added(1)]);

    let secret = manager.secret(&space, &name("B"), &me()).await.unwrap();
    assert_eq!((secret.value, secret.version, secret.updated_at), (json, 2, world.clock.now()));
    let list = manager.secrets(&space).await.unwrap();
    let summary = |key: &str, kind, version, created_at| SecretSummary {
        name: name(key),
        kind,
        version,
        created_at,
        updated_at: world.clock.now(),
        updated_by: "command line".into(),
    };
    let expected =
        [summary("A", Kind::Text, 1, world.clock.now()), summary("B", Kind::Json, 2, made)];
    assert_eq!(list.secrets, expected);
    assert_eq!(list.space.version, 2);

    let applied = apply(&manager, &space, vec![delete("B")]).await.unwrap();
    assert_eq!((applied.version, applied.outcomes), (3, vec![Outcome::Removed]));
    let gone = Err(Error::NotFound(Thing::Secret));
    assert_eq!(manager.secret(&space, &name("B"), &me()).await.map(drop), gone);
    assert_eq!(apply(&manager, &space, vec![delete("B")]).await.map(drop), gone);
    // It goes on counting when it comes back.
    let applied = apply(&manager, &space, vec![put("B", "again")]).await.unwrap();
    assert_eq!((applied.version, applied.outcomes), (4, vec![Outcome::Added(3)]));
}

#[tokio::test]
async fn a_snapshot_has_everything_and_its_tag_changes_with_it() {
    let world = World::new();
    let manager = world.open().await;
    let space = manager.create_space("s", &me()).await.unwrap().id;
    let empty = manager.snapshot(&space, &me()).await.unwrap();
    assert_eq!((empty.snapshot.version, empty.snapshot.secrets.len()), (0, 0));

    apply(&manager, &space, vec![put("A", "1"), put("B", "2")]).await.unwrap();
    let full = manager.snapshot(&space, &me()).await.unwrap();
    let values: HashMap<_, _> =
        full.snapshot.secrets.iter().map(|(name, secret)| (name.as_str(), &secret.value)).collect();
    assert_eq!(values, HashMap::from([("A", &text("1")), ("B", &text("2"))]));
    assert_ne!(full.tag, empty.tag);
    assert_eq!(manager.tag(&space).await.unwrap(), full.tag);
    assert_eq!(
        manager.snapshot(&space, &me()).await.unwrap().tag,
        full.tag,
        "reading changes nothing"
    );
}

#[tokio::test]
async fn a_precondition_that_does_not_hold_changes_nothing() {
    let manager = World::new().open().await;
    let space = manager.create_space("s", &me()).await.unwrap().id;
    apply(&manager, &space, vec![put("A", "1")]).await.unwrap();
    let with = |key: &str, precondition| Edit { precondition, ..put(key, "new") };
    for (key, precondition, current) in [
        ("A", Precondition::Absent, Some(1)),
        ("A", Precondition::Version(2), Some(1)),
        ("B", Precondition::Version(1), None),
    ] {
        // Together with an edit that would be fine.
        let refused = apply(&manager, &space, vec![put("C", "1"), with(key, precondition)]).await;
        assert_eq!(refused, Err(Error::PreconditionFailed { current }), "{key} {precondition:?}");
    }
    assert_eq!(manager.secrets(&space).await.unwrap().space.version, 1);

    let fine = vec![with("A", Precondition::Version(1)), with("B", Precondition::Absent)];
    assert_eq!(apply(&manager, &space, fine).await.unwrap().version, 2);
    apply(&manager, &space, vec![delete("A")]).await.unwrap();
    apply(&manager, &space, vec![with("A", Precondition::Absent)]).await.unwrap();
}

#[tokio::test]
async fn a_repeated_import_changes_nothing() {
    let manager = World::new().open().await;
    let space = manager.create_space("s", &me()).await.unwrap().id;
    let import = async |edits| manager.apply(&space, edits, Same::Skip, &me()).await.unwrap();
    let first = import(vec![put("A", "1"), put("B", "2")]).await;
    assert_eq!((first.version, first.outcomes), (1, vec![Outcome::Added(1); 2]));
    let tag = manager.tag(&space).await.unwrap();
    let again = import(vec![put("A", "1"), put("B", "2")]).await;
    assert_eq!((again.version, again.outcomes), (1, vec![Outcome::Unchanged(1); 2]));
    assert_eq!(manager.tag(&space).await.unwrap(), tag);
    // Same length, other content; same document, other kind.
    let json = Edit { change: Change::Put(SecretValue::json("\"2\"").unwrap()), ..put("B", "") };
    let changed = import(vec![put("A", "9"), json]).await;
    assert_eq!((changed.version, changed.outcomes), (2, vec![Outcome::Changed(2); 2]));
    assert_eq!(import(Vec::new()).await.version, 2);
}

#[tokio::test]
async fn a_name_stands_once_in_a_change() {
    let manager = World::new().open().await;
    let space = manager.create_space("s", &me()).await.unwrap().id;
    let refused = apply(&manager, &space, vec![put("A", "1"), delete("A")]).await;
    assert!(matches!(refused, Err(Error::Invalid(_))));
}
