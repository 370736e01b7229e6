//! Rows that are not the ones of a space's present state: altered, removed, brought in, or put back
//! as they once were.

use rusqlite::Connection;
use secret_manager_manager::{Error, Manager, SpaceId};

use crate::{World, apply, delete, me, name, put};

/// A space with a secret `A` that has an older version, a secret `B` and a deleted secret `C`; and a
/// second space.
async fn world() -> (World, SpaceId, SpaceId) {
    let world = World::new();
    let manager = world.open().await;
    let space = manager.create_space("s", &me()).await.unwrap().id;
    let other = manager.create_space("other", &me()).await.unwrap().id;
    apply(&manager, &space, vec![put("A", "old"), put("B", "b"), put("C", "c")]).await.unwrap();
    apply(&manager, &space, vec![put("A", "new")]).await.unwrap();
    apply(&manager, &space, vec![delete("C")]).await.unwrap();
    apply(&manager, &other, vec![put("A", "else")]).await.unwrap();
    (world, space, other)
}

fn run(world: &World, sql: &str) {
    let connection = Connection::open(world.database()).unwrap();
    // Whoever writes into the file isn't held up by references and checks.
    connection
        .execute_batch("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON")
        .unwrap();
    connection.execute_batch(sql).unwrap();
}

async fn reveal(manager: &Manager, space: &SpaceId, key: &str) -> Result<String, Error> {
    let secret = manager.secret(space, &name(key), &me()).await?;
    Ok(secret.value.expose_text().to_string())
}

fn is_refused<T: std::fmt::Debug>(result: Result<T, Error>, what: &str) {
    assert!(matches!(result, Err(Error::Corrupt(_))), "{what}: {result:?}");
}

/// Everything but reading other spaces is refused.
async fn is_lost(manager: &Manager, space: &SpaceId, what: &str) {
    for key in ["A", "B"] {
        is_refused(reveal(manager, space, key).await, what);
    }
    is_refused(manager.snapshot(space, &me()).await, what);
    is_refused(manager.export(space, &me()).await, what);
    is_refused(manager.secrets(space).await, what);
    is_refused(apply(manager, space, vec![put("B", "x")]).await, what);
}

#[tokio::test]
async fn one_altered_column_of_a_secret_takes_that_secret_and_no_other() {
    let secret = "WHERE version = 2 AND id IN (SELECT secret_id FROM secret_versions \
                  WHERE version = 2)";
    let version = "WHERE version = 2";
    for (table, which, column, value) in [
        ("secrets", secret, "id", "id || '0'"),
        ("secrets", secret, "name_hash", "randomblob(32)"),
        ("secrets", secret, "sealed_name", "randomblob(length(sealed_name))"),
        ("secrets", secret, "version", "version + 1"),
        ("secrets", secret, "version", "version - 1"),
        ("secrets", secret, "size", "size + 1"),
        ("secrets", secret, "created_at", "created_at + 1"),
        ("secrets", secret, "updated_at", "updated_at + 1"),
        ("secrets", secret, "deleted_at", "1"),
        ("secrets", secret, "deleted_by", "'somebody'"),
        ("secrets", secret, "space_version", "space_version - 1"),
        ("secret_versions", version, "secret_id", "secret_id || '0'"),
        ("secret_versions", version, "version", "3"),
        ("secret_versions", version, "kind", "'json'"),
        ("secret_versions", version, "created_by", "'somebody'"),
        ("secret_versions", version, "sealed_value", "randomblob(length(sealed_value))"),
        ("secret_versions", version, "sealed_value", "NULL"),
    ] {
        let what = format!("{table}.{column} = {value}");
        let (world, space, other) = world().await;
        // Read before, so that it isn't enough to have seen it sound.
        let before = world.open().await;
        before.snapshot(&space, &me()).await.unwrap();
        run(&world, &format!("UPDATE {table} SET {column} = {value} {which}"));
        for manager in [&before, &world.open().await] {
            is_refused(reveal(manager, &space, "A").await, &what);
            is_refused(manager.snapshot(&space, &me()).await, &what);
            assert_eq!(reveal(manager, &space, "B").await.as_deref(), Ok("b"), "{what}");
            assert_eq!(reveal(manager, &other, "A").await.as_deref(), Ok("else"), "{what}");
            // A row that is wrong isn't built upon; a value that is lost may be set anew.
            if column != "sealed_value" {
                is_refused(apply(manager, &space, vec![put("A", "x")]).await, &what);
            }
        }
    }
}

#[tokio::test]
async fn one_altered_column_of_a_space_takes_that_space_and_no_other() {
    for (column, value) in [
        ("id", "id || '0'"),
        ("name", "'t'"),
        ("wrapped_dek", "randomblob(length(wrapped_dek))"),
        ("version", "version - 1"),
        ("tag", "'a tag'"),
        ("created_at", "created_at + 1"),
        ("updated_at", "updated_at + 1"),
        ("sealed_manifest", "randomblob(length(sealed_manifest))"),
        ("sealed_manifest", "NULL"),
        ("sealed_manifest", "(SELECT sealed_manifest FROM spaces WHERE name = 'other')"),
    ] {
        let (world, space, other) = world().await;
        run(&world, &format!("UPDATE spaces SET {column} = {value} WHERE name = 's'"));
        let manager = world.open().await;
        if column == "id" {
            let gone = reveal(&manager, &space, "A").await;
            assert!(matches!(gone, Err(Error::NotFound(_))), "{gone:?}");
        } else {
            is_lost(&manager, &space, &format!("{column} = {value}")).await;
        }
        assert_eq!(reveal(&manager, &other, "A").await.as_deref(), Ok("else"), "{column}");
    }
}

/// Copies the rows as they are, to be put back later.
fn copy(world: &World) {
    run(
        world,
        "CREATE TABLE old_spaces AS SELECT * FROM spaces;
         CREATE TABLE old_secrets AS SELECT * FROM secrets;
         CREATE TABLE old_versions AS SELECT * FROM secret_versions;",
    );
}

#[tokio::test]
async fn rows_as_they_once_were_are_not_taken_for_those_of_now() {
    for (what, sql) in [
        (
            "a secret with all that belongs to it",
            "REPLACE INTO secrets SELECT * FROM old_secrets WHERE version = 2;",
        ),
        ("all secrets", "DELETE FROM secrets; INSERT INTO secrets SELECT * FROM old_secrets;"),
        (
            "all secrets and the manifest",
            "DELETE FROM secrets; INSERT INTO secrets SELECT * FROM old_secrets;
             UPDATE spaces SET sealed_manifest = (SELECT o.sealed_manifest FROM old_spaces o
                 WHERE o.id = spaces.id);",
        ),
        (
            "the whole space",
            "DELETE FROM secrets; INSERT INTO secrets SELECT * FROM old_secrets;
             DELETE FROM secret_versions; INSERT INTO secret_versions SELECT * FROM old_versions;
             REPLACE INTO spaces SELECT * FROM old_spaces WHERE name = 's';",
        ),
        ("secrets that are gone", "DELETE FROM secrets WHERE version = 2"),
        (
            "a deleted secret",
            "DELETE FROM secrets WHERE deleted_at IS NOT NULL;
             REPLACE INTO secrets SELECT * FROM old_secrets WHERE deleted_at IS NOT NULL;",
        ),
    ] {
        let (world, space, other) = world().await;
        copy(&world);
        let before = world.open().await;
        let edits = vec![put("A", "newest"), put("B", "b2"), put("C", "c2")];
        apply(&before, &space, edits).await.unwrap();
        assert_eq!(reveal(&before, &space, "A").await.as_deref(), Ok("newest"));
        run(&world, sql);
        is_lost(&world.open().await, &space, what).await;
        // One that runs, and had everything checked, doesn't fall for it either.
        is_refused(before.snapshot(&space, &me()).await, what);
        assert_eq!(reveal(&before, &other, "A").await.as_deref(), Ok("else"), "{what}");
    }
}

#[tokio::test]
async fn a_deleted_secret_or_space_does_not_come_back_by_itself() {
    let (world, space, _) = world().await;
    run(&world, "UPDATE secrets SET deleted_at = NULL, deleted_by = NULL");
    let manager = world.open().await;
    is_refused(manager.snapshot(&space, &me()).await, "undeleted");
    is_refused(reveal(&manager, &space, "C").await, "undeleted");
    assert_eq!(reveal(&manager, &space, "A").await.as_deref(), Ok("new"));

    let (world, space, _) = self::world().await;
    copy(&world);
    let manager = world.open().await;
    manager.delete_space(&space, &me()).await.unwrap();
    run(
        &world,
        "INSERT INTO spaces SELECT * FROM old_spaces WHERE name = 's';
         INSERT OR IGNORE INTO secrets SELECT * FROM old_secrets;
         INSERT OR IGNORE INTO secret_versions SELECT * FROM old_versions;",
    );
    is_refused(manager.snapshot(&space, &me()).await, "a space that came back");
}

#[tokio::test]
async fn a_value_of_another_version_or_secret_is_not_revealed_as_an_old_one() {
    let (world, space, _) = world().await;
    run(
        &world,
        "UPDATE secret_versions SET sealed_value = (SELECT o.sealed_value FROM secret_versions o
         WHERE o.secret_id = secret_versions.secret_id AND o.version = 2)
         WHERE version = 1 AND secret_id IN (SELECT secret_id FROM secret_versions WHERE version = 2)",
    );
    let manager = world.open().await;
    is_refused(manager.secret_version(&space, &name("A"), 1, &me()).await, "an old version");
    assert_eq!(reveal(&manager, &space, "A").await.as_deref(), Ok("new"));
}

#[tokio::test]
async fn data_from_before_there_were_manifests_get_theirs_once() {
    let (world, space, _) = world().await;
    // As an older version of the program left them: neither seals nor a trail.
    let older = "UPDATE secrets SET seal = NULL; UPDATE spaces SET sealed_manifest = NULL;
                 DELETE FROM audit; DELETE FROM audit_head; DELETE FROM audit_key;";
    run(&world, older);
    let manager = world.open().await;
    assert_eq!(manager.snapshot(&space, &me()).await.unwrap().snapshot.secrets.len(), 2);
    apply(&manager, &space, vec![put("A", "newer"), delete("B")]).await.unwrap();
    assert_eq!(reveal(&world.open().await, &space, "A").await.as_deref(), Ok("newer"));
    assert_eq!(manager.verify_audit(None).await.unwrap().problems, []);

    // A second time it is no older layout but somebody's work.
    run(
        &world,
        "UPDATE secrets SET size = 9, seal = NULL; UPDATE spaces SET sealed_manifest = NULL",
    );
    is_refused(world.open().await.snapshot(&space, &me()).await, "taken away");
}

#[tokio::test]
async fn every_kind_of_change_leaves_rows_that_hold() {
    let (world, space, _) = world().await;
    let manager = world.open().await;
    let other = world.open().await;
    let writers = [&manager, &other];
    for (round, edits) in [
        vec![put("A", "3"), put("D", "1")],
        vec![delete("A"), put("C", "2")],
        vec![crate::destroy("D")],
        vec![put("A", "4"), put("D", "1")],
        vec![crate::destroy("A"), delete("B")],
        vec![put("B", "9")],
    ]
    .into_iter()
    .enumerate()
    {
        apply(writers[round % 2], &space, edits).await.unwrap();
        manager.rename_space(&space, &format!("s{round}"), &me()).await.unwrap();
        for reader in [&manager, &other, &world.open().await] {
            reader.snapshot(&space, &me()).await.unwrap();
            reader.deleted_secrets(&space).await.unwrap();
            reader.changes(&space, 3).await.unwrap();
        }
    }
}
