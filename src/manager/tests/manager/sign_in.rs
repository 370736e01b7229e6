//! Signing in, locks, and the sessions that come of it.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use secret_manager_manager::{
    Error, Manager, NewUser, Password, PasswordCost, Rules, UserChange, UserState,
};

use crate::{World, login, me, password, user};

const MINUTE: i64 = 60 * 1000;
const HOUR: i64 = 60 * MINUTE;

async fn fails(manager: &Manager, name: &str) -> Error {
    let wrong = Password::new("not the right password");
    manager.sign_in(name, &wrong, &me()).await.map(drop).unwrap_err()
}

fn locked(seconds: u64) -> Error {
    Error::Locked { retry_after: Duration::from_secs(seconds) }
}

#[tokio::test]
async fn only_the_right_password_of_an_active_user_opens() {
    let manager = World::new().open().await;
    let anna = user(&manager, "anna", false).await;
    let session = manager.sign_in("anna", &password("anna"), &me()).await.unwrap();
    assert_eq!(session.session.user.id, anna.id);
    assert!(!format!("{session:?}").contains(session.expose()));
    assert_ne!(
        manager.sign_in("anna", &password("anna"), &me()).await.unwrap().expose(),
        session.expose()
    );

    for name in ["anna", "bert", "", "a b", &"x".repeat(1000)] {
        assert_eq!(fails(&manager, name).await, Error::CredentialsWrong, "{name}");
    }
    let change = UserChange { disabled: Some(true), ..UserChange::default() };
    manager.update_user(&anna.id, change, &me()).await.unwrap();
    let disabled = manager.sign_in("anna", &password("anna"), &me()).await;
    assert_eq!(disabled.err(), Some(Error::CredentialsWrong));
}

#[tokio::test]
async fn five_failures_lock_a_name_whether_or_not_somebody_has_it() {
    let world = World::new();
    let manager = world.open().await;
    user(&manager, "anna", false).await;
    for name in ["anna", "nobody", "a b"] {
        for _ in 0..5 {
            assert_eq!(fails(&manager, name).await, Error::CredentialsWrong);
        }
        assert_eq!(fails(&manager, name).await, locked(60), "{name}");
        assert_eq!(fails(&manager, &name.to_uppercase()).await, locked(60), "{name}");
    }
    // The right password doesn't help, and a restart doesn't either.
    let manager = world.open().await;
    world.clock.advance(MINUTE - 1000);
    let right = manager.sign_in("anna", &password("anna"), &me()).await;
    assert_eq!(right.err(), Some(locked(1)));
    assert_eq!(manager.user("anna").await.unwrap().state, UserState::Locked);

    world.clock.advance(1000);
    assert_eq!(manager.user("anna").await.unwrap().state, UserState::Active);
    for seconds in [120, 240, 480, 960, 1920, 3600, 3600] {
        for name in ["anna", "nobody"] {
            assert_eq!(fails(&manager, name).await, Error::CredentialsWrong);
            assert_eq!(fails(&manager, name).await, locked(seconds));
        }
        world.clock.advance(seconds as i64 * 1000);
    }
    // A success starts the count anew.
    manager.sign_in("anna", &password("anna"), &me()).await.unwrap();
    for _ in 0..5 {
        assert_eq!(fails(&manager, "anna").await, Error::CredentialsWrong);
    }
    assert_eq!(fails(&manager, "anna").await, locked(60));
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_at_once_are_counted_one_by_one() {
    let world = World::new();
    let managers = [Arc::new(world.open().await), Arc::new(world.open().await)];
    user(&managers[0], "anna", false).await;
    let attempts: Vec<_> = (0..40)
        .map(|index| {
            let manager = Arc::clone(&managers[index % 2]);
            tokio::spawn(async move { fails(&manager, "anna").await })
        })
        .collect();
    let mut wrong = 0;
    for attempt in attempts {
        match attempt.await.unwrap() {
            Error::CredentialsWrong => wrong += 1,
            other => assert_eq!(other, locked(60)),
        }
    }
    assert_eq!(wrong, 5);
}

#[tokio::test]
async fn a_session_ends_when_it_is_not_used() {
    let world = World::new();
    let manager = world.open().await;
    user(&manager, "anna", false).await;
    let session = manager.sign_in("anna", &password("anna"), &me()).await.unwrap();
    let begin = world.clock.now().as_millis();
    assert_eq!(session.session.expires_at.as_millis(), begin + 12 * HOUR);
    world.clock.advance(12 * HOUR - 1);
    let used = manager.authenticate_session(session.expose()).await.unwrap();
    assert_eq!(used.expires_at.as_millis(), begin + 24 * HOUR - 1);
    stored_use(&world, world.clock.now().as_millis()).await;
    world.clock.advance(12 * HOUR);
    assert_eq!(manager.authenticate_session(session.expose()).await, Err(Error::SessionEnded));
}

#[tokio::test]
async fn a_session_ends_after_a_week_of_use() {
    let world = World::new();
    let manager = world.open().await;
    user(&manager, "anna", false).await;
    let session = manager.sign_in("anna", &password("anna"), &me()).await.unwrap();
    let end = world.clock.now().as_millis() + 7 * 24 * HOUR;
    for _ in 0..14 {
        world.clock.advance(12 * HOUR - MINUTE);
        let used = manager.authenticate_session(session.expose()).await.unwrap();
        assert!(used.expires_at.as_millis() <= end);
        stored_use(&world, world.clock.now().as_millis()).await;
    }
    world.clock.advance(end - world.clock.now().as_millis() - 1);
    manager.authenticate_session(session.expose()).await.unwrap();
    world.clock.advance(1);
    assert_eq!(manager.authenticate_session(session.expose()).await, Err(Error::SessionEnded));
}

/// The use is noted beside the request, so it may take a moment to be there.
async fn stored_use(world: &World, at: i64) {
    let database = Connection::open(world.database()).unwrap();
    for _ in 0..100_000 {
        let sql = "SELECT max(last_used_at) FROM sessions";
        if database.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap() == at {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("the use was never noted");
}

#[tokio::test]
async fn sessions_end_one_by_one_or_all_at_once() {
    let manager = World::new().open().await;
    let anna = user(&manager, "anna", false).await;
    user(&manager, "bert", false).await;
    let mut sessions = Vec::new();
    for name in ["anna", "anna", "anna", "bert"] {
        sessions.push(manager.sign_in(name, &password(name), &me()).await.unwrap());
    }
    manager.end_session(&sessions[0].session, &me()).await.unwrap();
    manager.end_session(&sessions[0].session, &me()).await.unwrap();
    let alive = async || {
        let mut alive = Vec::new();
        for session in &sessions {
            alive.push(manager.authenticate_session(session.expose()).await.is_ok());
        }
        alive
    };
    assert_eq!(alive().await, [false, true, true, true]);
    // The two and the one in which Anna accepted her invitation.
    assert_eq!(manager.end_sessions(&anna.id, &me()).await, Ok(3));
    assert_eq!(alive().await, [false, false, false, true]);
    for wrong in ["", "x", &sessions[3].expose()[1..]] {
        assert_eq!(manager.authenticate_session(wrong).await, Err(Error::SessionEnded));
    }
}

#[tokio::test]
async fn disabling_or_deleting_a_user_ends_the_sessions() {
    let manager = World::new().open().await;
    let change = |value| UserChange { disabled: Some(value), ..UserChange::default() };
    for delete in [false, true] {
        let name = format!("user-{delete}");
        let who = user(&manager, &name, false).await;
        let session = manager.sign_in(&name, &password(&name), &me()).await.unwrap();
        match delete {
            true => manager.delete_user(&who.id, &me()).await.unwrap(),
            false => drop(manager.update_user(&who.id, change(true), &me()).await.unwrap()),
        }
        let ended = manager.authenticate_session(session.expose()).await;
        assert_eq!(ended, Err(Error::SessionEnded));
        if !delete {
            // They don't come back with the user.
            manager.update_user(&who.id, change(false), &me()).await.unwrap();
            let ended = manager.authenticate_session(session.expose()).await;
            assert_eq!(ended, Err(Error::SessionEnded));
        }
    }
}

#[tokio::test]
async fn a_changed_password_ends_the_other_sessions() {
    let manager = World::new().open().await;
    user(&manager, "anna", false).await;
    let mine = manager.sign_in("anna", &password("anna"), &me()).await.unwrap();
    let other = manager.sign_in("anna", &password("anna"), &me()).await.unwrap();
    let new = Password::new("a password of her own");
    let change = async |current: &Password, new: &Password| {
        manager.change_password(&mine.session, current, new, &me()).await
    };
    assert_eq!(change(&new, &new).await, Err(Error::CredentialsWrong));
    let weak = change(&password("anna"), &Password::new("weak")).await;
    assert!(matches!(weak, Err(Error::Invalid(_))));
    change(&password("anna"), &new).await.unwrap();
    manager.authenticate_session(mine.expose()).await.unwrap();
    assert_eq!(manager.authenticate_session(other.expose()).await, Err(Error::SessionEnded));
    assert_eq!(change(&password("anna"), &new).await, Err(Error::CredentialsWrong));
    manager.sign_in("anna", &new, &me()).await.unwrap();
    // A stolen session is no way to guess the password.
    for _ in 0..5 {
        assert_eq!(change(&password("anna"), &new).await, Err(Error::CredentialsWrong));
    }
    assert_eq!(change(&new, &password("anna")).await, Err(locked(60)));
}

#[tokio::test]
async fn a_password_is_hashed_again_when_its_cost_has_changed() {
    let world = World::new();
    let manager = world.open().await;
    user(&manager, "anna", false).await;
    let stored = || -> String {
        let database = Connection::open(world.database()).unwrap();
        database.query_row("SELECT password_hash FROM users", [], |row| row.get(0)).unwrap()
    };
    let before = stored();
    let session = manager.sign_in("anna", &password("anna"), &me()).await.unwrap();
    assert_eq!(stored(), before);

    let password_cost = PasswordCost { memory_kib: 128, passes: 2, lanes: 1 };
    let manager = manager.with_rules(Rules { password_cost, ..Rules::default() });
    fails(&manager, "anna").await;
    assert_eq!(stored(), before);
    manager.sign_in("anna", &password("anna"), &me()).await.unwrap();
    assert!(stored().starts_with("$argon2id$v=19$m=128,t=2,p=1$"), "{}", stored());
    manager.sign_in("anna", &password("anna"), &me()).await.unwrap();
    // Nobody is signed out for that.
    manager.authenticate_session(session.expose()).await.unwrap();
}

#[tokio::test]
async fn a_name_that_nobody_has_takes_as_long_as_a_wrong_password() {
    let manager = World::new().open().await;
    user(&manager, "anna", false).await;
    user(&manager, "disabled", false).await;
    let id = manager.user("disabled").await.unwrap().id;
    let change = UserChange { disabled: Some(true), ..UserChange::default() };
    manager.update_user(&id, change, &me()).await.unwrap();
    let new = NewUser { name: login("invited"), display_name: None, administrator: false };
    manager.create_user(new, &me()).await.unwrap();

    // What takes long is to hash what was typed, and that is done once, whoever asks.
    for name in ["anna", "nobody", "disabled", "invited"] {
        let before = manager.passwords_hashed();
        assert_eq!(fails(&manager, name).await, Error::CredentialsWrong);
        assert_eq!(manager.passwords_hashed() - before, 1, "{name}");
    }
}
