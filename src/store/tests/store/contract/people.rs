use secret_manager_model::Role;
use secret_manager_store::{
    Attempts, Audit, Checked, Identity, InvitationRow, MemberRow, PasswordHash, SessionId,
    SessionRow, SpaceId, StoreError, UserChange, UserId, UserRow,
};

use super::{audit, backends, hash, space, time};

pub(super) fn user(id: &str) -> UserRow {
    UserRow {
        id: UserId::new(id),
        name: format!("name of {id}"),
        display_name: format!("Person {id}"),
        administrator: false,
        password_hash: None,
        linked: false,
        created_at: time(1),
        last_sign_in_at: None,
        disabled_at: None,
    }
}

fn invitation(user: &str, code: &str) -> InvitationRow {
    InvitationRow {
        user: UserId::new(user),
        code_hash: hash(code),
        created_at: time(1),
        expires_at: time(1000),
    }
}

fn session(id: &str, user: &str) -> SessionRow {
    SessionRow {
        id: SessionId::new(id),
        user: UserId::new(user),
        token_hash: hash(id),
        created_at: time(5),
        last_used_at: time(5),
        expires_at: time(500),
    }
}

fn two() -> [Audit; 2] {
    [audit(), audit()]
}

fn password(text: &str) -> PasswordHash {
    PasswordHash::new(text)
}

fn identity(subject: &str) -> Identity {
    Identity { issuer: "https://id.example".into(), subject: subject.into() }
}

#[tokio::test]
async fn a_user_is_found_by_id_name_and_invitation() {
    for fresh in backends().await {
        let store = fresh.store;
        assert!(!store.any_user().await.unwrap());
        store.insert_user(user("b"), invitation("b", "code b"), audit()).await.unwrap();
        store.insert_user(user("a"), invitation("a", "code a"), audit()).await.unwrap();
        assert!(store.any_user().await.unwrap());
        assert_eq!(store.user(&UserId::new("a")).await.unwrap(), Some(user("a")));
        assert_eq!(store.user_named("name of b").await.unwrap(), Some(user("b")));
        assert_eq!(store.user_named("b").await.unwrap(), None);
        assert_eq!(store.users().await.unwrap(), [user("a"), user("b")]);
        let found = store.invitation(hash("code b")).await.unwrap();
        assert_eq!(found, Some((invitation("b", "code b"), user("b"))));
        assert_eq!(store.invitation(hash("code c")).await.unwrap(), None);

        let taken = UserRow { name: "name of a".into(), ..user("c") };
        let taken = store.insert_user(taken, invitation("c", "code c"), audit()).await;
        assert_eq!(taken, Err(StoreError::NameTaken));
        assert_eq!(store.invitation(hash("code c")).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_change_of_a_user_leaves_the_rest_as_it_is() {
    for fresh in backends().await {
        let store = fresh.store;
        let id = UserId::new("a");
        store.insert_user(user("a"), invitation("a", "code"), audit()).await.unwrap();
        store
            .accept_invitation(hash("code"), password("p"), session("s", "a"), hash("n"), two())
            .await
            .unwrap();
        let disabled = UserChange { disabled: Some(true), ..UserChange::default() };
        let row = store.update_user(&id, disabled.clone(), time(7), audit()).await.unwrap();
        assert_eq!((row.disabled_at, row.last_sign_in_at), (Some(time(7)), Some(time(5))));
        // The first time counts.
        let row = store.update_user(&id, disabled, time(8), audit()).await.unwrap();
        assert_eq!(row.disabled_at, Some(time(7)));
        assert_eq!(store.session_by_hash(hash("s")).await.unwrap(), None);

        let change = UserChange {
            display_name: Some("Other".into()),
            administrator: Some(true),
            disabled: Some(false),
        };
        let row = store.update_user(&id, change, time(9), audit()).await.unwrap();
        let expected = UserRow {
            display_name: "Other".into(),
            administrator: true,
            password_hash: Some(password("p")),
            last_sign_in_at: Some(time(5)),
            ..user("a")
        };
        assert_eq!(row, expected);
        assert_eq!(
            store.update_user(&id, UserChange::default(), time(9), audit()).await,
            Ok(expected)
        );
        let unknown =
            store.update_user(&UserId::new("b"), UserChange::default(), time(9), audit()).await;
        assert_eq!(unknown, Err(StoreError::NotFound));
    }
}

#[tokio::test]
async fn an_invitation_is_used_up_with_all_that_it_does_or_not_at_all() {
    for fresh in backends().await {
        let store = fresh.store;
        store.insert_user(user("a"), invitation("a", "code"), audit()).await.unwrap();
        let accept = async |code: &str, id: &str| {
            store
                .accept_invitation(hash(code), password("p"), session(id, "a"), hash("n"), two())
                .await
        };
        assert_eq!(accept("other", "s1").await, Err(StoreError::NotFound));
        accept("code", "s1").await.unwrap();
        assert_eq!(accept("code", "s2").await, Err(StoreError::NotFound));
        let (row, owner) = store.session_by_hash(hash("s1")).await.unwrap().unwrap();
        assert_eq!(row, session("s1", "a"));
        assert_eq!(owner.password_hash, Some(password("p")));

        store
            .link_identity(&UserId::new("a"), identity("x"), time(6), false, audit())
            .await
            .unwrap();
        store.invite(invitation("a", "new"), audit()).await.unwrap();
        let row = store.user(&UserId::new("a")).await.unwrap().unwrap();
        assert_eq!((row.password_hash, row.linked), (None, false));
        assert_eq!(store.session_by_hash(hash("s1")).await.unwrap(), None);
        assert_eq!(store.invite(invitation("b", "x"), audit()).await, Err(StoreError::NotFound));
    }
}

#[tokio::test]
async fn the_set_up_code_is_for_a_store_without_users() {
    for fresh in backends().await {
        let store = fresh.store;
        store.insert_space(space("made before"), audit()).await.unwrap();
        assert!(store.put_setup_code(hash("1"), time(1)).await.unwrap());
        assert!(store.put_setup_code(hash("2"), time(2)).await.unwrap());
        assert_eq!(store.setup_code().await.unwrap(), Some(hash("2")));
        let old = store.set_up(hash("1"), user("a"), session("s", "a"), two()).await;
        assert_eq!(old, Err(StoreError::NotFound));
        store.set_up(hash("2"), user("a"), session("s", "a"), two()).await.unwrap();
        assert!(store.session_by_hash(hash("s")).await.unwrap().is_some());
        let role = store.role(&SpaceId::new("made before"), &UserId::new("a")).await;
        assert_eq!(role, Ok(Some(Role::Owner)), "nobody else could let people into it");
        assert_eq!(store.setup_code().await.unwrap(), None);
        assert!(!store.put_setup_code(hash("3"), time(3)).await.unwrap());
        assert_eq!(store.setup_code().await.unwrap(), None);
    }
}

#[tokio::test]
async fn attempts_are_counted_as_the_caller_says() {
    fn count(
        so_far: Option<Attempts>,
        at: secret_manager_model::Timestamp,
    ) -> Result<Attempts, Attempts> {
        let failures = so_far.map_or(1, |attempts| attempts.failures + 1);
        let locked_until = (failures == 2).then(|| time(at.as_millis() + 10));
        match so_far {
            Some(attempts) if attempts.failures == 2 => Err(attempts),
            _ => Ok(Attempts { failures, last_at: at, locked_until }),
        }
    }
    for fresh in backends().await {
        let store = fresh.store;
        let attempt = async |name: &str, at| {
            store.count_attempt(hash(name), time(at), time(50), count).await.unwrap()
        };
        let first = Attempts { failures: 1, last_at: time(100), locked_until: None };
        assert_eq!(attempt("a", 100).await, Ok(first));
        let second = Attempts { failures: 2, last_at: time(101), locked_until: Some(time(111)) };
        assert_eq!(attempt("a", 101).await, Ok(second));
        assert_eq!(attempt("a", 102).await, Err(second));
        assert_eq!(attempt("b", 49).await.map(|attempts| attempts.failures), Ok(1));
        assert_eq!(store.locked(time(110)).await.unwrap(), [hash("a")]);
        assert_eq!(store.locked(time(111)).await.unwrap(), [[0; 32]; 0]);
        // The one before the limit is forgotten by the next attempt, whoever makes it.
        attempt("c", 60).await.unwrap();
        assert_eq!(attempt("b", 61).await.map(|attempts| attempts.failures), Ok(1));
        store.forget_attempts(hash("a")).await.unwrap();
        assert_eq!(attempt("a", 103).await.map(|attempts| attempts.failures), Ok(1));
    }
}

#[tokio::test]
async fn a_sign_in_holds_only_against_what_was_checked() {
    for fresh in backends().await {
        let store = fresh.store;
        let id = UserId::new("a");
        store.insert_user(user("a"), invitation("a", "code"), audit()).await.unwrap();
        store
            .accept_invitation(hash("code"), password("p"), session("s0", "a"), hash("n"), two())
            .await
            .unwrap();
        let by = |text: &str| Checked::Password { hash: password(text), name_hash: hash("n") };
        store.sign_in(session("s1", "a"), by("p"), audit()).await.unwrap();
        assert_eq!(
            store.sign_in(session("s2", "a"), by("q"), audit()).await,
            Err(StoreError::Stale)
        );
        let foreign = Checked::Identity(identity("x"));
        assert_eq!(
            store.sign_in(session("s2", "a"), foreign.clone(), audit()).await,
            Err(StoreError::Stale)
        );
        store.link_identity(&id, identity("x"), time(6), false, audit()).await.unwrap();
        store.sign_in(session("s2", "a"), foreign.clone(), audit()).await.unwrap();

        let stale =
            store.replace_password(&id, password("q"), password("r"), None, Some(audit())).await;
        assert_eq!(stale, Err(StoreError::Stale));
        store
            .replace_password(&id, password("p"), password("q"), None, Some(audit()))
            .await
            .unwrap();
        assert!(store.session_by_hash(hash("s1")).await.unwrap().is_some());
        let kept = Some(SessionId::new("s1"));
        store
            .replace_password(&id, password("q"), password("r"), kept, Some(audit()))
            .await
            .unwrap();
        for (name, alive) in [("s0", false), ("s1", true), ("s2", false)] {
            assert_eq!(store.session_by_hash(hash(name)).await.unwrap().is_some(), alive, "{name}");
        }

        let disabled = UserChange { disabled: Some(true), ..UserChange::default() };
        store.update_user(&id, disabled, time(9), audit()).await.unwrap();
        for checked in [by("r"), foreign] {
            assert_eq!(
                store.sign_in(session("s3", "a"), checked, audit()).await,
                Err(StoreError::Stale)
            );
        }
    }
}

#[tokio::test]
async fn sessions_are_touched_ended_and_cleared_away() {
    for fresh in backends().await {
        let store = fresh.store;
        store.insert_user(user("a"), invitation("a", "code"), audit()).await.unwrap();
        store
            .accept_invitation(hash("code"), password("p"), session("s1", "a"), hash("n"), two())
            .await
            .unwrap();
        let checked = Checked::Password { hash: password("p"), name_hash: hash("n") };
        store.sign_in(session("s2", "a"), checked.clone(), audit()).await.unwrap();
        for (at, last) in [(9, 9), (7, 9)] {
            store.touch_session(&SessionId::new("s1"), time(at)).await.unwrap();
            let (row, _) = store.session_by_hash(hash("s1")).await.unwrap().unwrap();
            assert_eq!(row.last_used_at, time(last));
        }
        store.delete_session(&SessionId::new("s2"), audit()).await.unwrap();
        store.delete_session(&SessionId::new("s2"), audit()).await.unwrap();
        assert_eq!(store.session_by_hash(hash("s2")).await.unwrap(), None);
        // A new one takes those along that have ended.
        let late =
            SessionRow { created_at: time(500), expires_at: time(900), ..session("s3", "a") };
        store.sign_in(late, checked, audit()).await.unwrap();
        assert_eq!(store.session_by_hash(hash("s1")).await.unwrap(), None);
        assert_eq!(store.delete_sessions(&UserId::new("a"), audit()).await, Ok(1));
        assert_eq!(store.delete_sessions(&UserId::new("a"), audit()).await, Ok(0));
    }
}

#[tokio::test]
async fn an_identity_belongs_to_one_user_and_a_user_has_one_of_each_issuer() {
    for fresh in backends().await {
        let store = fresh.store;
        store.insert_user(user("a"), invitation("a", "code a"), audit()).await.unwrap();
        store.insert_user(user("b"), invitation("b", "code b"), audit()).await.unwrap();
        let (a, b) = (UserId::new("a"), UserId::new("b"));
        let late = store.link_identity(&a, identity("x"), time(1000), true, audit()).await;
        assert_eq!(late, Err(StoreError::NotFound));
        store.link_identity(&a, identity("x"), time(999), true, audit()).await.unwrap();
        let again = store.link_identity(&a, identity("x"), time(999), true, audit()).await;
        assert_eq!(again, Err(StoreError::NotFound));
        let found = store.user_of_identity(&identity("x")).await.unwrap().unwrap();
        assert_eq!((found.id, found.linked), (a.clone(), true));
        assert_eq!(store.invitation(hash("code a")).await.unwrap(), None);
        for (who, subject) in [(&b, "x"), (&a, "y")] {
            let refused =
                store.link_identity(who, identity(subject), time(3), false, audit()).await;
            assert_eq!(refused, Err(StoreError::NameTaken));
        }
        let elsewhere = Identity { issuer: "https://other.example".into(), ..identity("x") };
        assert_eq!(store.user_of_identity(&elsewhere).await.unwrap(), None);
        store.link_identity(&b, elsewhere, time(3), true, audit()).await.unwrap();
        store.insert_linked_user(user("c"), identity("z"), audit()).await.unwrap();
        let refused = store.insert_linked_user(user("d"), identity("z"), audit()).await;
        assert_eq!(refused, Err(StoreError::NameTaken));
        assert_eq!(store.user(&UserId::new("d")).await.unwrap(), None);
        store.delete_user(&a, audit()).await.unwrap();
        assert_eq!(store.user_of_identity(&identity("x")).await.unwrap(), None);
    }
}

#[tokio::test]
async fn members_are_put_listed_and_taken_out() {
    for fresh in backends().await {
        let store = fresh.store;
        store.insert_space(space("s1"), audit()).await.unwrap();
        for id in ["b", "a"] {
            store.insert_user(user(id), invitation(id, id), audit()).await.unwrap();
        }
        let member = |id: &str, role, at| MemberRow {
            space: SpaceId::new("s1"),
            user: UserId::new(id),
            role,
            added_at: time(at),
        };
        let owner = member("a", Role::Owner, 5);
        assert_eq!(store.put_member(owner.clone(), audit()).await, Ok((owner.clone(), true)));
        let reader = member("b", Role::Reader, 6);
        store.put_member(reader, audit()).await.unwrap();
        let editor = member("b", Role::Editor, 6);
        let again = store.put_member(member("b", Role::Editor, 7), audit()).await;
        assert_eq!(again, Ok((editor.clone(), false)));
        let id = SpaceId::new("s1");
        let all = [(owner, user("a")), (editor, user("b"))];
        assert_eq!(store.members(&id).await.unwrap(), all);
        assert_eq!(store.role(&id, &UserId::new("b")).await, Ok(Some(Role::Editor)));
        assert_eq!(store.role(&SpaceId::new("s2"), &UserId::new("b")).await, Ok(None));
        let spaces = store.spaces_of(&UserId::new("b")).await.unwrap();
        assert_eq!(spaces, [(space("s1"), Default::default(), Role::Editor)]);

        assert_eq!(
            store.put_member(member("a", Role::Viewer, 8), audit()).await,
            Err(StoreError::LastOwner)
        );
        assert_eq!(
            store.put_member(member("c", Role::Viewer, 8), audit()).await,
            Err(StoreError::NotFound)
        );
        assert_eq!(
            store.delete_member(&id, &UserId::new("a"), audit()).await,
            Err(StoreError::LastOwner)
        );
        assert_eq!(store.delete_user(&UserId::new("a"), audit()).await, Err(StoreError::LastOwner));
        store.delete_member(&id, &UserId::new("b"), audit()).await.unwrap();
        let gone = store.delete_member(&id, &UserId::new("b"), audit()).await;
        assert_eq!(gone, Err(StoreError::NotFound));
        store.delete_space(&id, audit()).await.unwrap();
        store.delete_user(&UserId::new("a"), audit()).await.unwrap();
        assert_eq!(store.delete_user(&UserId::new("a"), audit()).await, Err(StoreError::NotFound));
    }
}
