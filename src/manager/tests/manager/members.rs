//! Who sees which space, and what they may do there.

use secret_manager_manager::{Error, Thing, UserId};
use secret_manager_model::Role;

use crate::{World, apply, me, put, user};

#[tokio::test]
async fn a_user_sees_the_spaces_of_which_they_are_a_member() {
    let manager = World::new().open().await;
    let anna = user(&manager, "anna", true).await;
    let first = manager.create_space("first", &me()).await.unwrap();
    let second = manager.create_space("second", &me()).await.unwrap();
    apply(&manager, &first.id, vec![put("A", "1")]).await.unwrap();
    assert_eq!(manager.spaces_of(&anna.id).await.unwrap(), []);

    manager.put_member(&second.id, "anna", Role::Reader, &me()).await.unwrap();
    manager.put_member(&first.id, anna.id.as_str(), Role::Owner, &me()).await.unwrap();
    let seen = manager.spaces_of(&anna.id).await.unwrap();
    let seen: Vec<_> = seen
        .iter()
        .map(|(space, usage, role)| (space.name.as_str(), usage.secrets, *role))
        .collect();
    assert_eq!(seen, [("first", 1, Role::Owner), ("second", 0, Role::Reader)]);
    for reference in ["second", second.id.as_str()] {
        let found = manager.space_of(&anna.id, reference).await.unwrap();
        assert_eq!(found, (second.clone(), Role::Reader));
    }

    manager.remove_member(&second.id, &anna.id, &me()).await.unwrap();
    for hidden in ["second", second.id.as_str(), "no such space"] {
        let found = manager.space_of(&anna.id, hidden).await;
        assert_eq!(found, Err(Error::NotFound(Thing::Space)), "{hidden}");
    }
}

#[tokio::test]
async fn a_space_called_like_the_id_of_another_hides_nothing() {
    let manager = World::new().open().await;
    let anna = user(&manager, "anna", false).await;
    let foreign = manager.create_space("foreign", &me()).await.unwrap();
    let mine = manager.create_space(foreign.id.as_str(), &me()).await.unwrap();
    manager.put_member(&mine.id, "anna", Role::Owner, &me()).await.unwrap();
    let (found, _) = manager.space_of(&anna.id, foreign.id.as_str()).await.unwrap();
    assert_eq!(found.id, mine.id);
}

#[tokio::test]
async fn the_last_owner_stays() {
    let world = World::new();
    let manager = world.open().await;
    let anna = user(&manager, "anna", false).await;
    let bert = user(&manager, "bert", false).await;
    let space = manager.create_space("s", &me()).await.unwrap().id;
    manager.put_member(&space, "bert", Role::Editor, &me()).await.unwrap();
    let (member, new) = manager.put_member(&space, "anna", Role::Owner, &me()).await.unwrap();
    assert_eq!((member.role, member.added_at, new), (Role::Owner, world.clock.now(), true));

    let refused = manager.put_member(&space, "anna", Role::Editor, &me()).await;
    assert_eq!(refused, Err(Error::LastOwner));
    assert_eq!(manager.remove_member(&space, &anna.id, &me()).await, Err(Error::LastOwner));
    assert_eq!(manager.delete_user(&anna.id, &me()).await, Err(Error::LastOwner));
    manager.put_member(&space, "anna", Role::Owner, &me()).await.unwrap();

    world.clock.advance(1);
    let (member, new) = manager.put_member(&space, "bert", Role::Owner, &me()).await.unwrap();
    assert_eq!((member.role, new), (Role::Owner, false));
    assert_ne!(member.added_at, world.clock.now());
    manager.delete_user(&anna.id, &me()).await.unwrap();
    let members = manager.members(&space).await.unwrap();
    assert_eq!(members, [member]);
    assert_eq!(manager.remove_member(&space, &bert.id, &me()).await, Err(Error::LastOwner));
    let stranger = manager.remove_member(&space, &UserId::new("nobody"), &me()).await;
    assert_eq!(stranger, Err(Error::NotFound(Thing::Member)));
}

#[tokio::test]
async fn members_go_with_their_space() {
    let manager = World::new().open().await;
    let anna = user(&manager, "anna", false).await;
    let space = manager.create_space("s", &me()).await.unwrap().id;
    manager.put_member(&space, "anna", Role::Owner, &me()).await.unwrap();
    manager.delete_space(&space, &me()).await.unwrap();
    assert_eq!(manager.spaces_of(&anna.id).await.unwrap(), []);
    let gone = manager.put_member(&space, "anna", Role::Owner, &me()).await;
    assert_eq!(gone, Err(Error::NotFound(Thing::Space)));
}
