//! The audit trail: what it says, that it keeps quiet about what it must, and that it is found out
//! when somebody changed it.

use std::net::IpAddr;

use rusqlite::Connection;
use secret_manager_manager::{
    Action, Actor, AuditEvent, AuditFilter, AuditHeadMark, AuditResult, Caller, Error, Manager,
    Names, NewUser, Password, Same, UserChange, UserId,
};
use secret_manager_model::Role;

use crate::{World, apply, delete, destroy, login, me, name, password, put, user};

fn anna() -> Caller {
    Caller {
        actor: Actor::User { id: UserId::new("u1"), name: "anna".into() },
        origin: Some(IpAddr::from([10, 0, 0, 7])),
        request: Some("00c0ffee00c0ffee".into()),
    }
}

async fn records(manager: &Manager) -> Vec<AuditEvent> {
    let mut events = manager.audit(AuditFilter::default(), 1000, Names::Show).await.unwrap();
    events.reverse();
    events
}

#[tokio::test]
async fn everything_that_changes_or_reveals_something_leaves_a_record() {
    let world = World::new();
    let manager = world.open().await;
    let space = manager.create_space("plant", &me()).await.unwrap().id;
    apply(&manager, &space, vec![put("A", "1")]).await.unwrap();
    apply(&manager, &space, vec![put("B", "1"), delete("A")]).await.unwrap();
    apply(&manager, &space, vec![delete("B")]).await.unwrap();
    let import = vec![put("C", "1"), put("D", "2")];
    manager.apply(&space, import.clone(), Same::Skip, &me()).await.unwrap();
    // Changes nothing, so there is nothing to tell.
    manager.apply(&space, import, Same::Skip, &me()).await.unwrap();
    manager.secret(&space, &name("C"), &anna()).await.unwrap();
    manager.snapshot(&space, &me()).await.unwrap();
    manager.export(&space, &me()).await.unwrap();
    let token = manager.create_token(&space, "line 1", None, &me()).await.unwrap().token;
    manager.revoke_token(&token.id, &me()).await.unwrap();
    let denied = (Action::MemberPut, AuditResult::Denied);
    manager.note(&anna(), denied.0, denied.1, Some(&space), Some("bert")).await.unwrap();

    let found = records(&manager).await;
    let told: Vec<_> = found
        .iter()
        .map(|event| (event.action.as_str(), event.names.join(" "), event.count, event.version))
        .collect();
    let expected = [
        ("space.create", "", 0, 0),
        ("secret.put", "A", 1, 1),
        ("secrets.change", "B A", 2, 2),
        ("secret.delete", "B", 1, 3),
        ("secrets.import", "C D", 2, 4),
        ("secret.reveal", "C", 1, 4),
        ("snapshot.read", "", 2, 4),
        ("secrets.export", "", 2, 4),
        ("token.create", "", 0, 4),
        ("token.revoke", "", 0, 4),
        ("member.put", "", 0, 4),
    ];
    let expected = expected
        .map(|(action, names, count, version)| (action, names.to_owned(), count, Some(version)));
    assert_eq!(told, expected);
    assert!(found.iter().all(|event| event.space.as_ref() == Some(&space)));
    let sequences: Vec<_> = found.iter().map(|event| event.sequence).collect();
    assert_eq!(sequences, (1..=11).collect::<Vec<_>>());
    assert_eq!(found[8].subject.as_deref(), Some(&*format!("{} line 1", token.id)));

    let last = &found[10];
    assert_eq!((last.actor_kind.as_str(), last.actor_id.as_deref()), ("user", Some("u1")));
    assert_eq!(last.actor_name.as_deref(), Some("anna"));
    assert_eq!((last.origin, last.request.as_deref()), (anna().origin, anna().request.as_deref()));
    assert_eq!((last.result.as_str(), last.subject.as_deref()), ("denied", Some("bert")));
    assert_eq!(last.at, world.clock.now());
    assert_eq!(found[1].actor_kind, "commandLine");

    manager.delete_space(&space, &me()).await.unwrap();
    let found = records(&manager).await;
    assert_eq!((found.len(), found[11].action.as_str()), (12, "space.delete"));
    assert_eq!(found[11].subject.as_deref(), Some("plant"));
    // The names went with the key of their space; that there was something is still known.
    assert_eq!((found[1].names.len(), found[1].count), (0, 1));
}

#[tokio::test]
async fn the_names_of_secrets_are_shown_to_those_only_who_ask_for_a_space() {
    let world = World::new();
    let manager = world.open().await;
    let space = manager.create_space("s", &me()).await.unwrap().id;
    apply(&manager, &space, vec![put("CANARY_NAME", "1")]).await.unwrap();
    manager.secret(&space, &name("CANARY_NAME"), &me()).await.unwrap();
    let hidden = manager.audit(AuditFilter::default(), 10, Names::Hide).await.unwrap();
    assert!(hidden.iter().all(|event| event.names.is_empty()));
    for entry in std::fs::read_dir(world.directory.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(6).any(|window| window == b"CANARY"));
    }
}

#[tokio::test]
async fn an_untouched_trail_verifies_and_its_head_can_be_noted() {
    let world = World::new();
    let manager = world.open().await;
    let empty = manager.verify_audit(None).await.unwrap();
    assert_eq!((empty.records, empty.problems.as_slice()), (0, [].as_slice()));
    let space = manager.create_space("s", &me()).await.unwrap().id;
    apply(&manager, &space, vec![put("A", "1")]).await.unwrap();
    let noted = manager.verify_audit(None).await.unwrap().head;
    assert_eq!((noted.sequence, AuditHeadMark::parse(&noted.to_string())), (2, Some(noted)));
    apply(&manager, &space, vec![put("A", "2")]).await.unwrap();

    // Another process sees the same.
    let report = world.open().await.verify_audit(Some(noted)).await.unwrap();
    assert_eq!((report.records, report.problems.as_slice()), (3, [].as_slice()));
    for text in ["", "2", "x-00", "2-00", &noted.to_string()[1..], &format!("{noted}0")] {
        assert_eq!(AuditHeadMark::parse(text), None, "{text:?}");
    }
}

/// Five records.
async fn trail() -> World {
    let world = World::new();
    let manager = world.open().await;
    let space = manager.create_space("s", &me()).await.unwrap().id;
    for value in ["1", "2", "3", "4"] {
        apply(&manager, &space, vec![put("A", value)]).await.unwrap();
    }
    world
}

#[tokio::test]
async fn whatever_was_done_to_the_trail_is_found_and_named() {
    let altered = "altered, inserted, or in another one's place";
    let swap = "UPDATE audit SET sequence = -2 WHERE sequence = 2;
                UPDATE audit SET sequence = 2 WHERE sequence = 3;
                UPDATE audit SET sequence = 3 WHERE sequence = -2;";
    for (what, sql, expected) in [
        ("nothing", "", vec![]),
        ("edited", "UPDATE audit SET actor_kind = 'user' WHERE sequence = 3", vec![(3, altered)]),
        ("the time", "UPDATE audit SET at = at + 1 WHERE sequence = 5", vec![(5, altered)]),
        (
            "a field moved to another",
            "UPDATE audit SET request = actor_kind WHERE sequence = 2",
            vec![(2, altered)],
        ),
        (
            "unreadable",
            "UPDATE audit SET origin = x'00' WHERE sequence = 2",
            vec![
                (2, "altered: it can't be read"),
                (3, "can't be checked, because the one before it is gone"),
            ],
        ),
        (
            "removed",
            "DELETE FROM audit WHERE sequence = 3",
            vec![(3, "removed"), (4, "can't be checked, because the one before it is gone")],
        ),
        (
            "removed and closed up",
            "DELETE FROM audit WHERE sequence = 3;
             UPDATE audit SET sequence = 3 WHERE sequence = 4;
             UPDATE audit SET sequence = 4 WHERE sequence = 5;
             UPDATE audit_head SET sequence = 4",
            vec![(3, altered), (4, altered), (5, "the head of the trail was altered")],
        ),
        ("reordered", swap, vec![(2, altered), (3, altered), (4, altered)]),
        (
            "inserted",
            "INSERT INTO audit SELECT 6, at, actor_kind, actor_id, actor_name, action, result, \
             origin, request, space_id, subject, sealed_names, count, read_version, version, mac \
             FROM audit WHERE sequence = 5",
            vec![(6, altered), (6, "behind the head: it was inserted")],
        ),
        (
            "cut off",
            "DELETE FROM audit WHERE sequence > 3",
            vec![(4, "removed"), (5, "removed")],
        ),
        (
            "cut off with a head that fits",
            "DELETE FROM audit WHERE sequence > 3;
             UPDATE audit_head SET sequence = 3, newest = (SELECT mac FROM audit WHERE sequence = 3)",
            vec![(4, "the head of the trail was altered")],
        ),
        ("emptied", "DELETE FROM audit", (1..=5).map(|at| (at, "removed")).collect()),
        ("beheaded", "DELETE FROM audit_head", vec![(6, "the head of the trail is missing")]),
    ] {
        let world = trail().await;
        Connection::open(world.database()).unwrap().execute_batch(sql).unwrap();
        let report = world.open().await.verify_audit(None).await.unwrap();
        let found: Vec<_> =
            report.problems.iter().map(|problem| (problem.sequence, problem.what)).collect();
        assert_eq!(found, expected, "{what}");
    }
}

#[tokio::test]
async fn a_trail_that_was_put_back_is_not_the_expected_one() {
    let world = trail().await;
    let noted = world.open().await.verify_audit(None).await.unwrap().head;
    // A trail of the same length with another key: as if somebody had begun anew.
    let other = trail().await.open().await.verify_audit(Some(noted)).await.unwrap();
    assert_eq!(other.problems.len(), 1);
    assert_eq!(
        (other.problems[0].sequence, other.problems[0].what),
        (5, "not the one that was expected")
    );
    let shorter = World::new().open().await.verify_audit(Some(noted)).await.unwrap();
    assert_eq!(
        (shorter.problems[0].sequence, shorter.problems[0].what),
        (5, "expected, and not there")
    );
}

#[tokio::test]
async fn an_altered_head_is_not_made_good_by_going_on() {
    let world = trail().await;
    let manager = world.open().await;
    let space = manager.space_named("s").await.unwrap().id;
    manager.secret(&space, &name("A"), &me()).await.unwrap();
    drop(manager);
    let connection = Connection::open(world.database()).unwrap();
    let sql = "DELETE FROM audit WHERE sequence > 5;
               UPDATE audit_head SET sequence = 5, newest = (SELECT mac FROM audit WHERE sequence = 5)";
    connection.execute_batch(sql).unwrap();
    let manager = world.open().await;
    let refused = apply(&manager, &space, vec![put("A", "5")]).await.unwrap_err();
    assert!(refused.to_string().contains("audit trail"), "{refused}");
    let refused = manager.secret(&space, &name("A"), &me()).await.unwrap_err();
    assert!(refused.to_string().contains("audit trail"), "{refused}");
}

#[tokio::test]
async fn without_room_for_the_record_nothing_is_revealed() {
    let world = World::new();
    let space = world.open().await.create_space("s", &me()).await.unwrap().id;
    let manager = world.open_as(1, Some(120)).await.unwrap();
    apply(&manager, &space, vec![put("A", "1"), put("LARGE", &"x".repeat(100_000))]).await.unwrap();
    let refused = loop {
        match manager.secret(&space, &name("A"), &me()).await {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert_eq!(refused, Error::StorageFull);
    assert_eq!(manager.snapshot(&space, &me()).await.map(drop), Err(Error::StorageFull));
    assert_eq!(manager.export(&space, &me()).await.map(drop), Err(Error::StorageFull));
    let refused = apply(&manager, &space, vec![put("B", &"y".repeat(10_000))]).await;
    assert_eq!(refused.map(drop), Err(Error::StorageFull));
    // Lists are no values; the trail can still be read and holds.
    assert_eq!(manager.secrets(&space).await.unwrap().secrets.len(), 2);
    assert_eq!(manager.verify_audit(None).await.unwrap().problems, []);

    apply(&manager, &space, vec![destroy("LARGE")]).await.unwrap();
    assert!(manager.secret(&space, &name("A"), &me()).await.is_ok());
}

/// The most that a record can be asked to hold, again and again.
#[tokio::test]
async fn a_record_takes_at_most_400_bytes_whatever_it_tells() {
    let world = World::new();
    let manager = world.open().await;
    let somebody = user(&manager, &"m".repeat(64), false).await;
    let before = records(&manager).await.len();
    let caller = Caller {
        actor: Actor::User { id: somebody.id, name: somebody.name },
        origin: Some(IpAddr::from([0xffff; 8])),
        request: Some("e".repeat(64)),
    };
    let space = manager.create_space(&"ü".repeat(100), &me()).await.unwrap().id;
    let token = manager.create_token(&space, &"☃".repeat(100), None, &caller).await.unwrap();
    let bulk: Vec<_> =
        (0..10_000).map(|index| put(&format!("{}{index:06}", "N".repeat(250)), "1")).collect();
    apply(&manager, &space, bulk).await.unwrap();
    let long = format!("{}000001", "N".repeat(250));
    manager.secret(&space, &name(&long), &caller).await.unwrap();

    let connection = Connection::open(world.database()).unwrap();
    let (bytes, what): (usize, String) = connection
        .query_row(
            "SELECT max(length(CAST(actor_kind || coalesce(actor_id, '') || \
             coalesce(actor_name, '') || action || result || coalesce(request, '') || \
             coalesce(space_id, '') || coalesce(subject, '') AS BLOB)) + \
             coalesce(length(origin), 0) + coalesce(length(sealed_names), 0) + length(mac)), action \
             FROM audit",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    assert!(bytes <= 340, "{bytes} bytes in {what}");
    let records = records(&manager).await.split_off(before);
    assert_eq!((records[2].action.as_str(), records[2].count), ("secrets.change", 10_000));
    let shown = &records[3].names[0];
    assert!(shown.starts_with("NNNNNNNNNNNNNN") && shown.contains('…'), "{shown}");
    let subject = records[1].subject.as_ref().unwrap();
    assert!(subject.starts_with(token.token.id.as_str()) && subject.ends_with("☃…"), "{subject}");

    // With all that the database needs besides.
    let size = || -> u64 {
        let pages: u64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        pages * 4096
    };
    let before = size();
    for _ in 0..2_000 {
        manager.secret(&space, &name(&long), &caller).await.unwrap();
    }
    let each = (size() - before) / 2_000;
    assert!(each <= 400, "{each} bytes for each record");
}

#[tokio::test]
async fn what_concerns_people_is_told_too() {
    let world = World::new();
    let manager = world.open().await;
    let nobody = Caller { actor: Actor::Nobody, ..anna() };
    let code = manager.setup_code().await.unwrap().unwrap();
    let word = password("root");
    manager.set_up("wrong", "root", None, &word, &nobody).await.unwrap_err();
    let root = manager.set_up(code.expose(), "root", None, &word, &nobody).await.unwrap().session;
    let by_root = Caller {
        actor: Actor::User { id: root.user.id.clone(), name: root.user.name.clone() },
        ..anna()
    };
    let new = NewUser { name: login("bert"), display_name: None, administrator: false };
    let (bert, _) = manager.create_user(new, &by_root).await.unwrap();
    let invitation = manager.invite_user(&bert.id, &by_root).await.unwrap();
    manager.accept_invitation("wrong", &word, &nobody).await.unwrap_err();
    manager.accept_invitation(invitation.expose(), &password("bert"), &nobody).await.unwrap();
    let session = manager.sign_in("Bert", &password("bert"), &nobody).await.unwrap().session;
    manager.sign_in("bert", &word, &nobody).await.unwrap_err();
    manager.sign_in("canary-typed-as-a-name", &word, &nobody).await.unwrap_err();
    let by_bert =
        Caller { actor: Actor::User { id: bert.id.clone(), name: "bert".into() }, ..anna() };
    let to = Password::new("quite another password");
    manager.change_password(&session, &to, &to, &by_bert).await.unwrap_err();
    manager.change_password(&session, &password("bert"), &to, &by_bert).await.unwrap();
    let space = manager.create_space("plant", &by_root).await.unwrap().id;
    manager.put_member(&space, "bert", Role::Editor, &by_root).await.unwrap();
    manager.remove_member(&space, &bert.id, &by_root).await.unwrap();
    manager.end_session(&session, &by_bert).await.unwrap();
    manager.end_session(&session, &by_bert).await.unwrap();
    manager.end_sessions(&bert.id, &by_bert).await.unwrap();
    let change = UserChange { disabled: Some(true), ..UserChange::default() };
    manager.update_user(&bert.id, change, &by_root).await.unwrap();
    manager.delete_user(&bert.id, &by_root).await.unwrap();
    manager.delete_user(&root.user.id, &by_root).await.unwrap_err();

    let found = records(&manager).await;
    let told: Vec<_> = found
        .iter()
        .map(|event| {
            let subject = event.subject.as_deref().unwrap_or_default();
            let actor = event.actor_name.as_deref().unwrap_or(&event.actor_kind);
            format!("{actor} {} {subject} {}", event.action, event.result)
        })
        .collect();
    let expected = [
        "nobody user.setup  denied",
        "root user.setup root ok",
        "root session.create root ok",
        "root user.create bert ok",
        "root user.invite bert ok",
        "nobody user.password  denied",
        "bert user.password bert ok",
        "bert session.create bert ok",
        "bert session.create bert ok",
        "nobody session.create bert failed",
        "nobody session.create  failed",
        "bert user.password bert failed",
        "bert user.password bert ok",
        "root space.create plant ok",
        "root member.put editor: bert ok",
        "root member.delete bert ok",
        "bert session.delete bert ok",
        "bert session.delete_all bert ok",
        "root user.update disabled: bert ok",
        "root user.delete bert ok",
    ];
    assert_eq!(told, expected);
    assert!(found.iter().all(|event| event.origin == anna().origin));
    let (owned, _, role) = manager.spaces_of(&root.user.id).await.unwrap().remove(0);
    assert_eq!((owned.id, role), (space, Role::Owner));
}

#[tokio::test]
async fn a_locked_name_is_told_as_denied() {
    let manager = World::new().open().await;
    let nobody = Caller { actor: Actor::Nobody, ..anna() };
    user(&manager, "bert", false).await;
    for _ in 0..6 {
        manager.sign_in("bert", &password("x"), &nobody).await.unwrap_err();
    }
    let found = records(&manager).await;
    let results: Vec<_> =
        found.iter().rev().take(6).rev().map(|event| event.result.as_str()).collect();
    assert_eq!(results, ["failed", "failed", "failed", "failed", "failed", "denied"]);
}
