//! Whoever can write to the database can destroy, but not make a reader get a wrong value.

use rusqlite::Connection;
use secret_manager_manager::{Error, SpaceId};

use crate::{World, apply, me, name, put};

/// Two secrets, the first one with an older version.
async fn world() -> (World, SpaceId) {
    let world = World::new();
    let manager = world.open().await;
    let space = manager.create_space("s", &me()).await.unwrap().id;
    apply(&manager, &space, vec![put("A", "old"), put("B", "other")]).await.unwrap();
    apply(&manager, &space, vec![put("A", "new")]).await.unwrap();
    (world, space)
}

#[tokio::test]
async fn rows_that_were_swapped_altered_or_turned_back_are_errors() {
    for (what, sql) in [
        (
            "the value of the other secret",
            "UPDATE secret_versions SET sealed_value = (SELECT sealed_value FROM secret_versions \
             WHERE secret_id = (SELECT id FROM secrets WHERE version = 1)) WHERE version = 2",
        ),
        (
            "the older value in the place of the newer one",
            "UPDATE secret_versions SET sealed_value = (SELECT sealed_value FROM secret_versions o \
             WHERE o.secret_id = secret_versions.secret_id AND o.version = 1) WHERE version = 2",
        ),
        ("the version turned back", "UPDATE secrets SET version = 1"),
        ("another kind", "UPDATE secret_versions SET kind = 'json'"),
        (
            "a value with a changed bit",
            "UPDATE secret_versions SET sealed_value = \
             CAST(substr(sealed_value, 1, length(sealed_value) - 1) || x'00' AS BLOB)",
        ),
        ("a value cut off", "UPDATE secret_versions SET sealed_value = x'01'"),
        (
            "names swapped",
            "UPDATE secrets SET sealed_name = (SELECT o.sealed_name FROM secrets o \
             WHERE o.id <> secrets.id)",
        ),
    ] {
        let (world, space) = world().await;
        Connection::open(world.database()).unwrap().execute_batch(sql).unwrap();
        let manager = world.open().await;
        let revealed = manager.secret(&space, &name("A"), &me()).await;
        assert!(matches!(revealed, Err(Error::Corrupt(_))), "{what}: {revealed:?}");
        let snapshot = manager.snapshot(&space, &me()).await;
        assert!(matches!(snapshot, Err(Error::Corrupt(_))), "{what}");
    }
}

#[tokio::test]
async fn a_hash_moved_to_another_secret_reveals_nothing() {
    let (world, space) = world().await;
    let sql = "UPDATE secrets SET name_hash = zeroblob(32) WHERE version = 2;
               UPDATE secrets SET name_hash = ?1 WHERE version = 1;";
    let connection = Connection::open(world.database()).unwrap();
    let hash: Vec<u8> = connection
        .query_row("SELECT name_hash FROM secrets WHERE version = 2", [], |row| row.get(0))
        .unwrap();
    let (first, second) = sql.split_once('\n').unwrap();
    connection.execute(first, []).unwrap();
    connection.execute(second.trim(), [hash]).unwrap();

    let manager = world.open().await;
    let revealed = manager.secret(&space, &name("A"), &me()).await;
    assert!(matches!(revealed, Err(Error::Corrupt(_))), "{revealed:?}");
    let written = apply(&manager, &space, vec![put("A", "x")]).await;
    assert!(matches!(written, Err(Error::Corrupt(_))), "{written:?}");
}

#[tokio::test]
async fn a_data_key_of_another_space_is_an_error() {
    let world = World::new();
    let manager = world.open().await;
    manager.create_space("one", &me()).await.unwrap();
    manager.create_space("two", &me()).await.unwrap();
    let sql = "UPDATE spaces SET wrapped_dek = (SELECT wrapped_dek FROM spaces WHERE name = 'two')";
    Connection::open(world.database()).unwrap().execute_batch(sql).unwrap();
    let manager = world.open().await;
    let (one, two) = (manager.space_named("one").await.unwrap(), manager.space_named("two").await);
    let listed = manager.secrets(&one.id).await;
    assert!(matches!(listed, Err(Error::Corrupt(_))), "{listed:?}");
    assert_eq!(manager.secrets(&two.unwrap().id).await.unwrap().secrets, []);
}
