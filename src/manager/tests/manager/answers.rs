//! What engines get: put together from memory where that is as good as reading it again.

use std::time::Duration;

use rusqlite::Connection;
use secret_manager_manager::{Error, Manager, SnapshotAnswer, SpaceId};
use secret_manager_model::{Snapshot, Timestamp, wire};

use crate::{World, apply, delete, me, put};

/// A space with the secret `A`, and an access token of it.
async fn space(manager: &Manager, expires: Option<Timestamp>) -> (SpaceId, String) {
    let space = manager.create_space("s", &me()).await.unwrap().id;
    apply(manager, &space, vec![put("A", "first")]).await.unwrap();
    let token = manager.create_token(&space, "", expires, &me()).await.unwrap();
    (space, token.expose().to_owned())
}

async fn answer(manager: &Manager, token: &str) -> Result<SnapshotAnswer, Error> {
    let access = manager.authenticate(token).await?;
    let answer = manager.answer(&access, &me()).await?;
    assert_eq!(answer.tag, access.tag());
    Ok(answer)
}

fn read(answer: &SnapshotAnswer) -> Snapshot {
    wire::read_snapshot(&[answer.head.as_bytes(), &answer.rest].concat()).unwrap()
}

#[tokio::test]
async fn answers_share_what_they_hold_and_have_times_of_their_own() {
    let world = World::new();
    let manager = world.open().await;
    let (space, token) = space(&manager, None).await;
    let first = answer(&manager, &token).await.unwrap();
    assert_eq!(read(&first), manager.snapshot(&space, &me()).await.unwrap().snapshot);
    world.clock.advance(5);
    let second = answer(&manager, &token).await.unwrap();
    assert_eq!(second.rest.as_ptr(), first.rest.as_ptr());
    assert_eq!(read(&second).issued_at, world.clock.now());
    assert_eq!(read(&second).secrets, read(&first).secrets);
}

#[tokio::test]
async fn those_who_ask_at_once_share_as_well() {
    let world = World::new();
    let manager = world.open().await;
    let (_, token) = space(&manager, None).await;
    let access = manager.authenticate(&token).await.unwrap();
    let me = me();
    let (a, b) = tokio::join!(manager.answer(&access, &me), manager.answer(&access, &me));
    assert_eq!(a.unwrap().rest.as_ptr(), b.unwrap().rest.as_ptr());
}

#[tokio::test]
async fn every_change_is_in_the_next_answer_whoever_made_it() {
    let world = World::new();
    let managers = [world.open().await, world.open().await];
    let (space, token) = space(&managers[0], None).await;
    for round in 0..50 {
        let edit = put("B", &format!("in round {round}"));
        apply(&managers[round % 2], &space, vec![edit]).await.unwrap();
        let snapshot = read(&answer(&managers[0], &token).await.unwrap());
        let value = snapshot.secrets["B"].value.expose_text();
        assert_eq!(value.as_str(), format!("in round {round}"));
        // Twice, so that there is something in memory to be mistaken for the next one.
        answer(&managers[0], &token).await.unwrap();
    }
    apply(&managers[1], &space, vec![delete("B")]).await.unwrap();
    let snapshot = read(&answer(&managers[0], &token).await.unwrap());
    assert!(!snapshot.secrets.contains_key("B"));
}

#[tokio::test]
async fn who_lost_the_right_is_denied_at_once() {
    let world = World::new();
    let managers = [world.open().await, world.open().await];
    let expires = Timestamp::from_millis(world.clock.now().as_millis() + 1000);
    let (space, token) = space(&managers[0], expires).await;
    let other = managers[0].create_token(&space, "", None, &me()).await.unwrap();
    answer(&managers[0], other.expose()).await.unwrap();
    managers[1].revoke_token(&other.token.id, &me()).await.unwrap();
    assert_eq!(answer(&managers[0], other.expose()).await.unwrap_err(), Error::Denied);

    answer(&managers[0], &token).await.unwrap();
    world.clock.advance(1000);
    assert_eq!(answer(&managers[0], &token).await.unwrap_err(), Error::Denied);

    let last = managers[0].create_token(&space, "", None, &me()).await.unwrap();
    answer(&managers[0], last.expose()).await.unwrap();
    managers[1].delete_space(&space, &me()).await.unwrap();
    assert_eq!(answer(&managers[0], last.expose()).await.unwrap_err(), Error::Denied);
}

#[tokio::test]
async fn values_are_not_kept_when_nobody_asks() {
    let world = World::new();
    let manager = world.open().await;
    let (_, token) = space(&manager, None).await;
    // Held, so that no later one can have its place in memory.
    let first = answer(&manager, &token).await.unwrap();
    assert_eq!(answer(&manager, &token).await.unwrap().rest.as_ptr(), first.rest.as_ptr());
    // On a clock that jumps ahead while nothing else is to be done.
    tokio::time::pause();
    tokio::time::sleep(Duration::from_secs(60)).await;
    tokio::time::resume();
    assert_ne!(answer(&manager, &token).await.unwrap().rest.as_ptr(), first.rest.as_ptr());
}

#[tokio::test]
async fn what_somebody_tampered_with_is_not_answered_from_memory() {
    let world = World::new();
    let manager = world.open().await;
    let (space, token) = space(&manager, None).await;
    answer(&manager, &token).await.unwrap();
    let connection = Connection::open(world.database()).unwrap();
    connection.execute_batch("UPDATE secret_versions SET sealed_value = x'0102'").unwrap();
    let tampered = answer(&manager, &token).await;
    assert!(matches!(tampered, Err(Error::Corrupt(_))), "{tampered:?}");
    apply(&manager, &space, vec![put("A", "second")]).await.unwrap();
    let snapshot = read(&answer(&manager, &token).await.unwrap());
    assert_eq!(snapshot.secrets["A"].value.expose_text().as_str(), "second");
}
