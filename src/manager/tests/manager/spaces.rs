use secret_manager_manager::{Error, Thing};

use crate::{World, apply, me, put};

#[tokio::test]
async fn a_space_is_made_listed_and_deleted() {
    let world = World::new();
    let manager = world.open().await;
    let space = manager.create_space("Plant 7 ☃", &me()).await.unwrap();
    assert_eq!((space.version, space.created_at), (0, world.clock.now()));
    assert_eq!(manager.space_named("Plant 7 ☃").await.unwrap(), space);
    let taken = manager.create_space("Plant 7 ☃", &me()).await;
    assert_eq!(taken, Err(Error::NameTaken(Thing::Space)));

    apply(&manager, &space.id, vec![put("A", "1")]).await.unwrap();
    let listed = manager.spaces().await.unwrap();
    assert_eq!((listed.len(), listed[0].1.secrets), (1, 1));

    manager.delete_space(&space.id, &me()).await.unwrap();
    let gone = Err(Error::NotFound(Thing::Space));
    assert_eq!(manager.delete_space(&space.id, &me()).await, gone);
    assert_eq!(manager.space_named("Plant 7 ☃").await.map(drop), gone);
    assert_eq!(manager.tag(&space.id).await.map(drop), gone);
    assert_eq!(apply(&manager, &space.id, vec![put("A", "1")]).await.map(drop), gone);
}

#[tokio::test]
async fn names_that_people_would_stumble_over_are_refused() {
    let manager = World::new().open().await;
    for name in ["", " a", "a ", "a\nb", "a\u{1b}[0m", &"a".repeat(101)] {
        let refused = manager.create_space(name, &me()).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{name:?}");
    }
    manager.create_space(&"ü".repeat(100), &me()).await.unwrap();
}

#[tokio::test]
async fn another_key_does_not_open_the_data() {
    let world = World::new();
    world.open().await.create_space("s", &me()).await.unwrap();
    let refused = world.open_with(2).await.err().unwrap();
    assert!(matches!(refused, Error::WrongKey { .. }), "{refused}");
    assert!(refused.to_string().contains("start with the right key file"), "{refused}");
    world.open().await.space_named("s").await.unwrap();
}
