//! People who sign in elsewhere.

use secret_manager_manager::{
    Arrival, Error, Identity, Manager, NewUser, Refusal, UserChange, UserState,
};

use crate::{World, login, me, password, user};

const HOUR: i64 = 60 * 60 * 1000;

fn arrival(subject: &str, email: &str) -> Arrival {
    let identity = Identity { issuer: "https://id.example".into(), subject: subject.into() };
    let verified_email = Some(email.to_owned()).filter(|email| !email.is_empty());
    Arrival { identity, verified_email, display_name: Some("Anna B.".into()) }
}

async fn refusal(manager: &Manager, arrival: &Arrival, create_users: bool) -> Refusal {
    match manager.sign_in_elsewhere(arrival, create_users, &me()).await {
        Err(Error::NotWelcome(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

async fn invite(manager: &Manager, name: &str) {
    let new = NewUser { name: login(name), display_name: None, administrator: false };
    manager.create_user(new, &me()).await.unwrap();
}

#[tokio::test]
async fn an_invited_user_is_linked_by_a_verified_address_once() {
    let world = World::new();
    let manager = world.open().await;
    invite(&manager, "anna@example.org").await;
    assert_eq!(refusal(&manager, &arrival("1", ""), false).await, Refusal::NoEmail);
    let other = arrival("1", "bert@example.org");
    assert_eq!(refusal(&manager, &other, false).await, Refusal::NotInvited);

    let anna = arrival("1", "Anna@Example.org");
    let session = manager.sign_in_elsewhere(&anna, false, &me()).await.unwrap();
    assert_eq!(session.session.user.name, "anna@example.org");
    manager.authenticate_session(session.expose()).await.unwrap();
    let row = manager.user("anna@example.org").await.unwrap();
    assert_eq!((row.state, row.last_sign_in_at), (UserState::Active, Some(world.clock.now())));
    // From now on the address doesn't matter, and nobody else gets in by it.
    manager.sign_in_elsewhere(&arrival("1", ""), false, &me()).await.unwrap();
    let successor = arrival("2", "anna@example.org");
    assert_eq!(refusal(&manager, &successor, true).await, Refusal::OtherMeans);
    let no_password = manager.sign_in("anna@example.org", &password("x"), &me()).await;
    assert_eq!(no_password.err(), Some(Error::CredentialsWrong));

    // A new invitation lets go of the identity.
    manager.invite_user(&row.id, &me()).await.unwrap();
    assert!(manager.authenticate_session(session.expose()).await.is_err());
    manager.sign_in_elsewhere(&successor, false, &me()).await.unwrap();
    assert_eq!(refusal(&manager, &anna, false).await, Refusal::OtherMeans);
}

#[tokio::test]
async fn an_address_alone_opens_no_account_that_has_a_password() {
    let world = World::new();
    let manager = world.open().await;
    let anna = user(&manager, "anna@example.org", true).await;
    let known = arrival("1", "anna@example.org");
    assert_eq!(refusal(&manager, &known, true).await, Refusal::OtherMeans);

    // Signed in already, the user may link it, whatever the address.
    let other = arrival("1", "private@example.net");
    manager.link_identity(&anna.id, &other.identity, &me()).await.unwrap();
    manager.link_identity(&anna.id, &other.identity, &me()).await.unwrap();
    let session = manager.sign_in_elsewhere(&known, false, &me()).await.unwrap();
    assert_eq!(session.session.user.id, anna.id);
    manager.sign_in("anna@example.org", &password("anna@example.org"), &me()).await.unwrap();

    let bert = user(&manager, "bert", false).await;
    for (who, identity) in [(&bert, "1"), (&anna, "2")] {
        let taken = manager.link_identity(&who.id, &arrival(identity, "").identity, &me()).await;
        assert_eq!(taken, Err(Error::NotWelcome(Refusal::Taken)));
    }
}

#[tokio::test]
async fn an_expired_invitation_links_nobody() {
    let world = World::new();
    let manager = world.open().await;
    invite(&manager, "anna@example.org").await;
    world.clock.advance(72 * HOUR);
    let late = arrival("1", "anna@example.org");
    assert_eq!(refusal(&manager, &late, true).await, Refusal::NotInvited);
}

#[tokio::test]
async fn unknown_people_become_ordinary_users_where_that_is_allowed() {
    let manager = World::new().open().await;
    let anna = arrival("1", "anna@example.org");
    assert_eq!(refusal(&manager, &anna, true).await, Refusal::SetupNeeded);
    user(&manager, "root", true).await;
    assert_eq!(refusal(&manager, &anna, false).await, Refusal::NotInvited);
    for unusable in ["", "anna example", "ä@example.org"] {
        assert_eq!(refusal(&manager, &arrival("1", unusable), true).await, Refusal::NoEmail);
    }
    let made = manager.sign_in_elsewhere(&anna, true, &me()).await.unwrap().session.user;
    assert_eq!((made.display_name.as_str(), made.administrator), ("Anna B.", false));
    assert_eq!(manager.spaces_of(&made.id).await.unwrap(), []);
    let again = manager.sign_in_elsewhere(&anna, true, &me()).await.unwrap().session.user;
    assert_eq!(again.id, made.id);

    let odd = Arrival { display_name: Some("a\nb".into()), ..arrival("2", "bert@example.org") };
    let made = manager.sign_in_elsewhere(&odd, true, &me()).await.unwrap().session.user;
    assert_eq!(made.display_name, "bert@example.org");
}

#[tokio::test]
async fn a_disabled_user_is_kept_out() {
    let manager = World::new().open().await;
    invite(&manager, "anna@example.org").await;
    let anna = arrival("1", "anna@example.org");
    let id = manager.user("anna@example.org").await.unwrap().id;
    let change = |value| UserChange { disabled: Some(value), ..UserChange::default() };
    manager.update_user(&id, change(true), &me()).await.unwrap();
    assert_eq!(refusal(&manager, &anna, true).await, Refusal::Disabled);
    manager.update_user(&id, change(false), &me()).await.unwrap();
    manager.sign_in_elsewhere(&anna, false, &me()).await.unwrap();
    manager.update_user(&id, change(true), &me()).await.unwrap();
    assert_eq!(refusal(&manager, &anna, true).await, Refusal::Disabled);
}
