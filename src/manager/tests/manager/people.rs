//! Users, and the codes by which they come in.

use std::sync::Arc;

use secret_manager_manager::{
    Error, Manager, NewUser, Password, Thing, UserChange, UserId, UserState,
};

use crate::{World, login, me, password, user};

const HOUR: i64 = 60 * 60 * 1000;

fn new(name: &str) -> NewUser {
    NewUser { name: login(name), display_name: None, administrator: false }
}

fn administrator(value: bool) -> UserChange {
    UserChange { administrator: Some(value), ..UserChange::default() }
}

fn disabled(value: bool) -> UserChange {
    UserChange { disabled: Some(value), ..UserChange::default() }
}

async fn state(manager: &Manager, name: &str) -> UserState {
    manager.user(name).await.unwrap().state
}

#[tokio::test]
async fn a_user_comes_in_by_invitation() {
    let world = World::new();
    let manager = world.open().await;
    let made = NewUser { display_name: Some(" Anna B. ".into()), ..new("Anna") };
    let (made, invitation) = manager.create_user(made, &me()).await.unwrap();
    assert_eq!((made.name.as_str(), made.display_name.as_str()), ("anna", "Anna B."));
    assert_eq!((made.state, made.last_sign_in_at), (UserState::Invited, None));
    assert_eq!(invitation.expires_at.as_millis(), world.clock.now().as_millis() + 72 * HOUR);
    assert!(!format!("{invitation:?}").contains(invitation.expose()));

    let weak = Password::new("too short");
    let refused = manager.accept_invitation(invitation.expose(), &weak, &me()).await;
    assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    let accepted = manager.accept_invitation(invitation.expose(), &password("anna"), &me()).await;
    let accepted = accepted.unwrap();
    assert_eq!(accepted.session.user.last_sign_in_at, Some(world.clock.now()));
    let session = manager.authenticate_session(accepted.expose()).await.unwrap();
    assert_eq!(session, accepted.session);
    assert_eq!(manager.users().await.unwrap(), [session.user]);

    let again = manager.accept_invitation(invitation.expose(), &password("anna"), &me()).await;
    assert_eq!(again.err(), Some(Error::InvitationInvalid));
    manager.sign_in("ANNA", &password("anna"), &me()).await.unwrap();
}

#[tokio::test]
async fn names_are_unique_whatever_the_spelling() {
    let manager = World::new().open().await;
    let (first, _) = manager.create_user(new("anna"), &me()).await.unwrap();
    let second = manager.create_user(new("ANNA"), &me()).await;
    assert_eq!(second.err(), Some(Error::NameTaken(Thing::User)));
    assert_eq!(manager.user("aNNa").await.unwrap(), first);
    assert_eq!(manager.user(first.id.as_str()).await.unwrap(), first);
    for unknown in ["bert", "", "a b", "☃"] {
        assert_eq!(manager.user(unknown).await, Err(Error::NotFound(Thing::User)));
    }
    for wrong in ["a\nb".to_owned(), "x".repeat(101)] {
        let refused =
            manager.create_user(NewUser { display_name: Some(wrong), ..new("bert") }, &me()).await;
        assert!(matches!(refused, Err(Error::Invalid(_))));
    }
}

#[tokio::test]
async fn an_invitation_expires_and_a_new_one_replaces_what_was() {
    let world = World::new();
    let manager = world.open().await;
    let (anna, late) = manager.create_user(new("anna"), &me()).await.unwrap();
    world.clock.advance(72 * HOUR);
    let expired = manager.accept_invitation(late.expose(), &password("anna"), &me()).await;
    assert_eq!(expired.err(), Some(Error::InvitationInvalid));

    let older = manager.invite_user(&anna.id, &me()).await.unwrap();
    let newer = manager.invite_user(&anna.id, &me()).await.unwrap();
    let replaced = manager.accept_invitation(older.expose(), &password("anna"), &me()).await;
    assert_eq!(replaced.err(), Some(Error::InvitationInvalid));
    let session = manager.accept_invitation(newer.expose(), &password("anna"), &me()).await;
    let session = session.unwrap();

    // For whoever forgot the password: the old one and the sessions end with the invitation.
    let reset = manager.invite_user(&anna.id, &me()).await.unwrap();
    assert_eq!(state(&manager, "anna").await, UserState::Invited);
    let old = manager.sign_in("anna", &password("anna"), &me()).await;
    assert_eq!(old.err(), Some(Error::CredentialsWrong));
    assert_eq!(manager.authenticate_session(session.expose()).await, Err(Error::SessionEnded));
    let other = Password::new("quite another password");
    manager.accept_invitation(reset.expose(), &other, &me()).await.unwrap();
    manager.sign_in("anna", &other, &me()).await.unwrap();
    let nobody = manager.invite_user(&UserId::new("nobody"), &me()).await;
    assert_eq!(nobody.err(), Some(Error::NotFound(Thing::User)));
}

#[tokio::test]
async fn an_invitation_of_a_disabled_user_is_none() {
    let manager = World::new().open().await;
    let (anna, invitation) = manager.create_user(new("anna"), &me()).await.unwrap();
    manager.update_user(&anna.id, disabled(true), &me()).await.unwrap();
    let refused = manager.accept_invitation(invitation.expose(), &password("anna"), &me()).await;
    assert_eq!(refused.err(), Some(Error::InvitationInvalid));
    manager.update_user(&anna.id, disabled(false), &me()).await.unwrap();
    manager.accept_invitation(invitation.expose(), &password("anna"), &me()).await.unwrap();
}

#[tokio::test]
async fn the_set_up_code_makes_the_first_administrator_once() {
    let manager = World::new().open().await;
    assert!(manager.setup_needed().await.unwrap());
    let older = manager.setup_code().await.unwrap().unwrap();
    let code = manager.setup_code().await.unwrap().unwrap();
    assert!(!format!("{code:?}").contains(code.expose()));
    for wrong in ["", "x", older.expose()] {
        let refused = manager.set_up(wrong, "anna", None, &password("anna"), &me()).await;
        assert_eq!(refused.err(), Some(Error::SetupCodeInvalid));
    }
    // A mistake in the form doesn't use the code up.
    for (name, word) in [("a b", password("anna")), ("anna", Password::new("short"))] {
        let refused = manager.set_up(code.expose(), name, None, &word, &me()).await;
        assert!(matches!(refused, Err(Error::Invalid(_))));
    }
    let display_name = Some("Anna".into());
    let made = manager
        .set_up(code.expose(), "anna", display_name, &password("anna"), &me())
        .await
        .unwrap();
    assert!(made.session.user.administrator);
    manager.authenticate_session(made.expose()).await.unwrap();

    assert!(!manager.setup_needed().await.unwrap());
    assert!(manager.setup_code().await.unwrap().is_none());
    let again = manager.set_up(code.expose(), "bert", None, &password("bert"), &me()).await;
    assert_eq!(again.err(), Some(Error::SetupCodeInvalid));
}

#[tokio::test]
async fn the_set_up_code_is_worthless_once_there_is_a_user() {
    let manager = World::new().open().await;
    let code = manager.setup_code().await.unwrap().unwrap();
    manager.create_user(new("anna"), &me()).await.unwrap();
    let late = manager.set_up(code.expose(), "bert", None, &password("bert"), &me()).await;
    assert_eq!(late.err(), Some(Error::SetupCodeInvalid));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_with_the_same_code_exactly_one_wins() {
    let world = World::new();
    let managers = [Arc::new(world.open().await), Arc::new(world.open().await)];
    let code = Arc::new(managers[0].setup_code().await.unwrap().unwrap());
    let tries: Vec<_> = (0..8)
        .map(|index| {
            let (manager, code) = (Arc::clone(&managers[index % 2]), Arc::clone(&code));
            tokio::spawn(async move {
                let name = format!("user{index}");
                manager.set_up(code.expose(), &name, None, &password(&name), &me()).await.err()
            })
        })
        .collect();
    let mut results = Vec::new();
    for result in tries {
        results.push(result.await.unwrap());
    }
    results.sort_by_key(Option::is_some);
    assert_eq!(results.iter().filter(|result| result.is_none()).count(), 1);
    assert!(results[1..].iter().all(|result| *result == Some(Error::SetupCodeInvalid)));
    assert_eq!(managers[0].users().await.unwrap().len(), 1);

    let (bert, _) = managers[0].create_user(new("bert"), &me()).await.unwrap();
    let invitation = Arc::new(managers[0].invite_user(&bert.id, &me()).await.unwrap());
    let tries: Vec<_> = (0..8)
        .map(|index| {
            let (manager, code) = (Arc::clone(&managers[index % 2]), Arc::clone(&invitation));
            tokio::spawn(async move {
                let word = password(&format!("user{index}"));
                manager.accept_invitation(code.expose(), &word, &me()).await.err()
            })
        })
        .collect();
    let mut won = 0;
    for result in tries {
        match result.await.unwrap() {
            None => won += 1,
            Some(error) => assert_eq!(error, Error::InvitationInvalid),
        }
    }
    assert_eq!(won, 1);
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let manager = World::new().open().await;
    let anna = user(&manager, "anna", true).await;
    let (bert, invitation) =
        manager.create_user(NewUser { administrator: true, ..new("bert") }, &me()).await.unwrap();
    let changes = [administrator(false), disabled(true)];
    // Bert was invited, but nobody knows whether he will come.
    for change in &changes {
        let refused = manager.update_user(&anna.id, change.clone(), &me()).await;
        assert_eq!(refused, Err(Error::LastAdministrator));
    }
    assert_eq!(manager.delete_user(&anna.id, &me()).await, Err(Error::LastAdministrator));
    assert_eq!(manager.user("anna").await.unwrap(), anna);
    let renamed = UserChange { display_name: Some("A.".into()), ..administrator(true) };
    let renamed = manager.update_user(&anna.id, renamed, &me()).await.unwrap();
    assert_eq!((renamed.display_name.as_str(), renamed.administrator), ("A.", true));

    manager.accept_invitation(invitation.expose(), &password("bert"), &me()).await.unwrap();
    manager.update_user(&anna.id, disabled(true), &me()).await.unwrap();
    assert_eq!(manager.delete_user(&bert.id, &me()).await, Err(Error::LastAdministrator));
    manager.update_user(&anna.id, disabled(false), &me()).await.unwrap();
    manager.update_user(&bert.id, administrator(false), &me()).await.unwrap();
    manager.delete_user(&bert.id, &me()).await.unwrap();
    assert_eq!(manager.user("bert").await, Err(Error::NotFound(Thing::User)));
    let gone = manager.update_user(&bert.id, disabled(true), &me()).await;
    assert_eq!(gone, Err(Error::NotFound(Thing::User)));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_administrators_can_not_take_each_other_away() {
    for _ in 0..4 {
        let world = World::new();
        let managers = [Arc::new(world.open().await), Arc::new(world.open().await)];
        let users =
            [user(&managers[0], "anna", true).await, user(&managers[0], "bert", true).await];
        let tries = [0, 1].map(|index| {
            let (manager, id) = (Arc::clone(&managers[index]), users[index].id.clone());
            tokio::spawn(async move { manager.update_user(&id, administrator(false), &me()).await })
        });
        let mut results = Vec::new();
        for result in tries {
            results.push(result.await.unwrap().err());
        }
        results.sort_by_key(Option::is_some);
        assert_eq!(results, [None, Some(Error::LastAdministrator)]);
    }
}

#[tokio::test]
async fn no_code_token_or_password_stands_in_the_database() {
    let world = World::new();
    let manager = world.open().await;
    let setup = manager.setup_code().await.unwrap().unwrap();
    let (_, invitation) = manager.create_user(new("anna"), &me()).await.unwrap();
    let (_, accepted) = manager.create_user(new("bert"), &me()).await.unwrap();
    let session =
        manager.accept_invitation(accepted.expose(), &password("bert"), &me()).await.unwrap();
    // As happens to people: a password where the name belongs.
    let slip = "a-password-where-the-name-belongs";
    manager.sign_in(slip, &password("bert"), &me()).await.unwrap_err();
    let word = "bert's long password";
    let needles =
        [setup.expose(), invitation.expose(), accepted.expose(), session.expose(), slip, word];
    for entry in std::fs::read_dir(world.directory.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        for needle in needles {
            assert!(!bytes.windows(needle.len()).any(|window| window == needle.as_bytes()));
        }
    }
}
