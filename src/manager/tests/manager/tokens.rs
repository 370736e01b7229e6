use rusqlite::Connection;
use secret_manager_manager::{Error, Manager, Thing, TokenId};
use secret_manager_model::Timestamp;

use crate::{World, me};

/// The last use is written beside the request, so it may take a moment to be there.
async fn last_use(manager: &Manager, expected: Timestamp) {
    for _ in 0..100_000 {
        let tokens = manager.tokens(None).await.unwrap();
        if tokens[0].last_used_at == Some(expected) {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("the last use was never written");
}

#[tokio::test]
async fn a_token_opens_its_space_until_it_is_revoked() {
    let world = World::new();
    let manager = world.open().await;
    let space = manager.create_space("s", &me()).await.unwrap().id;
    let other = manager.create_space("t", &me()).await.unwrap().id;
    let created = manager.create_token(&space, "line 1", None, &me()).await.unwrap();
    manager.create_token(&other, "line 2", None, &me()).await.unwrap();
    let token = created.expose().to_owned();
    assert!(token.starts_with("smt_") && token.len() == 47, "{token}");
    assert!(!format!("{created:?}").contains(&token[4..]));

    let access = manager.authenticate(&token).await.unwrap();
    assert_eq!((access.space(), access.token()), (&space, &created.token.id));
    let tokens = manager.tokens(Some(&space)).await.unwrap();
    assert_eq!((tokens.len(), tokens[0].name.as_str()), (1, "line 1"));

    let revoked = manager.revoke_token(&created.token.id, &me()).await.unwrap();
    assert_eq!(revoked.revoked_at, Some(world.clock.now()));
    assert_eq!(manager.authenticate(&token).await, Err(Error::Denied));
    let unknown = manager.revoke_token(&TokenId::new("nope"), &me()).await;
    assert_eq!(unknown, Err(Error::NotFound(Thing::Token)));
}

#[tokio::test]
async fn what_is_no_token_is_denied() {
    let manager = World::new().open().await;
    let space = manager.create_space("s", &me()).await.unwrap().id;
    let token = manager.create_token(&space, "", None, &me()).await.unwrap().expose().to_owned();
    for wrong in ["", "smt_", &token[4..], &token[..46], &format!("{token} "), "\0", "☃"] {
        assert_eq!(manager.authenticate(wrong).await, Err(Error::Denied), "{wrong:?}");
    }
}

#[tokio::test]
async fn a_token_expires() {
    let world = World::new();
    let manager = world.open().await;
    let space = manager.create_space("s", &me()).await.unwrap().id;
    let expires = Timestamp::from_millis(world.clock.now().as_millis() + 1000);
    let token = manager.create_token(&space, "", expires, &me()).await.unwrap();
    world.clock.advance(999);
    manager.authenticate(token.expose()).await.unwrap();
    world.clock.advance(1);
    assert_eq!(manager.authenticate(token.expose()).await, Err(Error::Denied));
    let late = manager.create_token(&space, "", expires, &me()).await;
    assert!(matches!(late, Err(Error::Invalid(_))));
    let unprintable = manager.create_token(&space, "a\nb", None, &me()).await;
    assert!(matches!(unprintable, Err(Error::Invalid(_))));
}

#[tokio::test]
async fn the_last_use_is_noted_at_most_once_a_minute() {
    let world = World::new();
    let manager = world.open().await;
    let space = manager.create_space("s", &me()).await.unwrap().id;
    let token = manager.create_token(&space, "", None, &me()).await.unwrap();
    let first = world.clock.now();
    manager.authenticate(token.expose()).await.unwrap();
    last_use(&manager, first).await;
    world.clock.advance(59_999);
    manager.authenticate(token.expose()).await.unwrap();
    world.clock.advance(1);
    manager.authenticate(token.expose()).await.unwrap();
    // Had the use in between been noted, this one would not be.
    last_use(&manager, world.clock.now()).await;
}

#[tokio::test]
async fn a_locked_database_keeps_no_token_out_but_hands_out_no_values_without_a_record() {
    let world = World::new();
    let manager = world.open().await;
    let space = manager.create_space("s", &me()).await.unwrap().id;
    let token = manager.create_token(&space, "", None, &me()).await.unwrap();
    let other = Connection::open(world.database()).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    manager.authenticate(token.expose()).await.unwrap();
    manager.tag(&space).await.unwrap();
    assert_eq!(manager.snapshot(&space, &me()).await.map(drop), Err(Error::Busy));
    other.execute_batch("COMMIT").unwrap();
    manager.snapshot(&space, &me()).await.unwrap();
}

#[tokio::test]
async fn no_token_stands_in_the_database() {
    let world = World::new();
    let manager = world.open().await;
    let space = manager.create_space("s", &me()).await.unwrap().id;
    let token = manager.create_token(&space, "", None, &me()).await.unwrap().expose().to_owned();
    let random = &token.as_bytes()[4..];
    for entry in std::fs::read_dir(world.directory.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(random.len()).any(|window| window == random));
    }
}
