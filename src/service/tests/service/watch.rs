//! Push: streams of events.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use secret_manager_manager::{AuditFilter, Caller, Change, Edit, Names, Precondition, Same};
use secret_manager_model::{Role, SecretName, Snapshot, wire};
use serde_json::json;
use tokio::io::AsyncReadExt;

use crate::copies::Copies;
use crate::events::Events;
use crate::http::Service;
use crate::person::Person;
use crate::program::Program;

async fn delete(service: &Service, name: &str) {
    let edit = Edit {
        name: SecretName::parse(name).unwrap(),
        change: Change::Delete,
        precondition: Precondition::Any,
    };
    let by = Caller::command_line();
    service.manager.apply(&service.space.id, vec![edit], Same::Write, &by).await.unwrap();
}

async fn join(service: &Service, user: &str, role: Role) {
    let by = Caller::command_line();
    service.manager.put_member(&service.space.id, user, role, &by).await.unwrap();
}

async fn snapshot(service: &Service) -> Snapshot {
    wire::read_snapshot(service.snapshot(&[]).await.body.as_bytes()).unwrap()
}

#[tokio::test]
async fn a_change_arrives_as_a_delta() {
    let service = Service::start().await;
    let mut events = Events::open(&service, "?since=1", &[]).await;
    service.put("B", "line\nbreak").await;
    let change = events.change().await;
    assert_eq!((change["from"].as_u64(), change["version"].as_u64()), (Some(1), Some(2)));
    assert_eq!(change["changed"]["B"]["value"], "line\nbreak");
    assert_eq!(change["removed"], serde_json::json!([]));
    delete(&service, "A").await;
    let change = events.change().await;
    assert_eq!(change["removed"], serde_json::json!(["A"]));
    assert!(service.metrics().await.contains("secret_manager_watchers{kind=\"engine\"} 1\n"));
}

#[tokio::test]
async fn what_a_command_beside_the_service_changes_arrives_too() {
    let program = Program::with_space();
    let running = program.serve(&[]);
    let token = program.json(&["token", "create", "--space", "plant"]);
    let token = token["token"].as_str().unwrap();
    let mut events = Events::open_at(running.address(), token, "?since=0", &[]).await;
    // Again and again: a hint of the operating system that comes too early must not lose a change.
    for round in 0..10 {
        let value = format!("round {round}");
        program.set("A", &value);
        assert_eq!(events.change().await["changed"]["A"]["value"], value);
    }
    let id = program.json(&["token", "list"])["tokens"][0]["id"].as_str().unwrap().to_owned();
    let revoked = Instant::now();
    program.ok(&["token", "revoke", &id]);
    events.expect_end().await;
    assert!(revoked.elapsed() < Duration::from_secs(1), "{:?}", revoked.elapsed());
}

#[tokio::test]
async fn a_stream_says_whether_what_the_reader_has_is_the_current_snapshot() {
    let service = Service::start().await;
    let held = service.snapshot(&[]).await.header("etag").unwrap().to_owned();
    let condition = format!("If-None-Match: {held}");
    let mut current = Events::open(&service, "?since=1", &[&condition]).await;
    assert!(current.head.contains(&format!("etag: {held}\r\n")), "{}", current.head);
    service.put("B", "new").await;
    assert_eq!(current.change().await["from"], 1);

    // It was one before, and goes on from there.
    for (query, header) in [("?since=1", None), ("?since=0", Some("Last-Event-ID: 1"))] {
        let headers: Vec<_> = header.into_iter().chain([&*condition]).collect();
        let mut outdated = Events::open(&service, query, &headers).await;
        assert!(!outdated.head.contains("etag:"), "{}", outdated.head);
        assert!(outdated.head.contains(&format!("delta-base: {held}\r\n")), "{}", outdated.head);
        let change = outdated.change().await;
        assert_eq!((change["from"].as_u64(), change["version"].as_u64()), (Some(1), Some(2)));
    }
    // Without a condition nothing is said.
    let without = Events::open(&service, "?since=3", &[]).await;
    assert!(!without.head.contains("etag:") && !without.head.contains("delta-base:"));
}

#[tokio::test]
async fn what_was_never_a_snapshot_of_the_space_is_not_gone_on_from() {
    let service = Service::start().await;
    let held = service.snapshot(&[]).await.header("etag").unwrap().to_owned();
    service.put("B", "new").await;
    for (query, condition) in [
        ("?since=0", &*held),
        ("?since=2", &*held),
        ("", &*held),
        ("?since=1", "\"other\""),
        ("?since=1", &*format!("{held}, \"other\"")),
    ] {
        let condition = format!("If-None-Match: {condition}");
        let mut events = Events::open(&service, query, &[&condition]).await;
        assert!(!events.head.contains("etag:"), "{query} {condition}: {}", events.head);
        assert!(!events.head.contains("delta-base:"), "{query} {condition}: {}", events.head);
        events.expect_reset(2).await;
    }
}

#[tokio::test]
async fn a_stream_begins_anew_with_another_name_of_the_space() {
    let service = Service::start().await;
    let held = service.snapshot(&[]).await.header("etag").unwrap().to_owned();
    let by = Caller::command_line();
    service.manager.rename_space(&service.space.id, "works", &by).await.unwrap();
    let condition = format!("If-None-Match: {held}");
    let mut events = Events::open(&service, "?since=1", &[&condition]).await;
    events.expect_reset(1).await;
}

#[tokio::test]
async fn engines_are_told_to_spread_what_they_do_at_once_when_they_are_many() {
    const SPREAD: &str = "secret-manager-spread";
    let service = Service::start().await;
    let first = service.snapshot(&[]).await;
    assert_eq!(first.header(SPREAD), None);
    let condition = format!("If-None-Match: {}", first.header("etag").unwrap());
    let mut streams = Vec::new();
    for _ in 0..24 {
        streams.push(Events::open(&service, "?since=1", &[]).await);
    }
    assert!(!streams[0].head.contains(SPREAD));
    assert!(streams[23].head.contains("secret-manager-spread: 3\r\n"), "{}", streams[23].head);
    let unchanged = service.snapshot(&[&condition]).await;
    assert_eq!((unchanged.status, unchanged.header(SPREAD)), (304, Some("3")));
    assert_eq!(service.snapshot(&[]).await.header(SPREAD), Some("3"));
}

#[tokio::test]
async fn a_stream_resumes_from_every_version() {
    let service = Service::start().await;
    let mut states = vec![snapshot(&service).await];
    for round in 0..6 {
        match round % 3 {
            0 => service.put(&format!("K{round}"), "new").await,
            1 => service.put("A", &format!("changed {round}")).await,
            _ => delete(&service, &format!("K{}", round - 2)).await,
        }
        states.push(snapshot(&service).await);
    }
    let last = states.last().unwrap().clone();
    for state in states {
        let version = state.version;
        // The header is newer than the address that a client began with.
        let header = format!("Last-Event-ID: {version}");
        for (query, headers) in
            [(format!("?since={version}"), vec![]), ("?since=0".into(), vec![header.as_str()])]
        {
            let mut events = Events::open(&service, &query, &headers).await;
            if version < last.version {
                let event = events.next().await.unwrap();
                assert_eq!((event.kind.as_str(), event.id), ("change", Some(last.version)));
                let delta = wire::read_delta(event.data.as_bytes()).unwrap();
                let reached = delta.apply(state.clone()).unwrap();
                assert_eq!(reached.secrets, last.secrets);
            }
        }
        // The same by asking once.
        let authorization = format!("Authorization: Bearer {}", service.token);
        let line = format!("GET /api/v1/snapshot?since={version}");
        let reply = service.request(&line, &[&authorization]).await;
        let delta = wire::read_delta(reply.body.as_bytes()).unwrap();
        assert_eq!(delta.apply(state).unwrap().secrets, last.secrets);
        assert_eq!(reply.header("etag"), service.snapshot(&[]).await.header("etag"));
    }
}

#[tokio::test]
async fn who_can_not_be_told_the_way_is_told_to_begin_anew() {
    let service = Service::start().await;
    let mut unknowing = Events::open(&service, "", &[]).await;
    let mut ahead = Events::open(&service, "?since=99", &[]).await;
    let mut strange = Events::open(&service, "?since=1", &["Last-Event-ID: x"]).await;
    for events in [&mut unknowing, &mut ahead, &mut strange] {
        events.expect_reset(1).await;
    }
    service.put("B", "2").await;
    for events in [&mut unknowing, &mut ahead, &mut strange] {
        assert_eq!(events.change().await["from"], 1);
    }
    // And who asks once gets all of it.
    let authorization = format!("Authorization: Bearer {}", service.token);
    let reply = service.request("GET /api/v1/snapshot?since=99", &[&authorization]).await;
    assert_eq!(wire::read_snapshot(reply.body.as_bytes()).unwrap().version, 2);
    let reply = service.request("GET /api/v1/watch?since=x", &[&authorization]).await;
    reply.expect_problem(400, "query_invalid");
}

#[tokio::test]
async fn a_space_that_was_put_back_tells_nothing_any_more() {
    let service = Service::start().await;
    service.put("A", "2").await;
    let mut events = Events::open(&service, "?since=2", &[]).await;
    events.block().await;
    // Restoring a backup goes on with versions that nobody has seen; this is somebody's work.
    let other = rusqlite::Connection::open(service.database()).unwrap();
    other.execute("UPDATE spaces SET version = 1, tag = 'other'", []).unwrap();
    events.expect_end().await;
}

#[tokio::test]
async fn after_a_database_was_put_back_watchers_begin_anew() {
    let service = Service::start().await;
    let copies = Copies::of(&service);
    let first = copies.copy("first");
    let mut events = Events::open(&service, "?since=1", &[]).await;
    service.put("A", "second").await;
    assert_eq!(events.change().await["version"], 2);
    let second = copies.copy("second");
    copies.put_back(&first);
    events.expect_reset(1).await;
    service.put("A", "another second").await;
    assert_eq!(events.change().await["version"], 2);
    // The same version, come to by another way.
    let another = service.snapshot(&[]).await.header("etag").unwrap().to_owned();
    copies.put_back(&second);
    events.expect_reset(2).await;
    // And who comes again with the other one isn't led on from it.
    service.put("A", "third").await;
    let condition = format!("If-None-Match: {another}");
    Events::open(&service, "?since=2", &[&condition]).await.expect_reset(3).await;
}

#[tokio::test]
async fn streams_end_with_the_right_to_them() {
    let service = Service::start().await;
    let manager = &service.manager;
    let by = Caller::command_line();
    let mut revoked = Events::open(&service, "?since=1", &[]).await;
    let soon = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis() + 500;
    let soon = secret_manager_model::Timestamp::from_millis(i64::try_from(soon).unwrap());
    let expiring = manager.create_token(&service.space.id, "", soon, &by).await.unwrap();
    let other = manager.create_token(&service.space.id, "", None, &by).await.unwrap();
    let address = service.address.to_string();
    let mut expiring = Events::open_at(&address, expiring.expose(), "?since=1", &[]).await;
    let mut deleted = Events::open_at(&address, other.expose(), "?since=1", &[]).await;

    expiring.expect_end().await;
    let id = manager.tokens(None).await.unwrap()[0].id.clone();
    let at = Instant::now();
    manager.revoke_token(&id, &by).await.unwrap();
    revoked.expect_end().await;
    assert!(at.elapsed() < Duration::from_secs(1), "{:?}", at.elapsed());

    service.put("B", "still told to those with a right").await;
    assert_eq!(deleted.change().await["version"], 2);
    let at = Instant::now();
    manager.delete_space(&service.space.id, &by).await.unwrap();
    deleted.expect_end().await;
    assert!(at.elapsed() < Duration::from_secs(1), "{:?}", at.elapsed());
}

#[tokio::test]
async fn people_see_names_and_who_changed_them() {
    let service = Service::start().await;
    let anna = service.set_up().await;
    let viewer = service.invite(&anna, "vera").await;
    join(&service, "vera", Role::Viewer).await;
    let mut events = Events::of(&service, &viewer, "").await;
    let put = anna.ask(&service, "PUT /spaces/plant/secrets/B");
    put.json(json!({"type": "text", "value": "canary"})).send().await;
    let event = events.next().await.unwrap();
    assert!(!event.data.contains("canary"), "{}", event.data);
    let change: serde_json::Value = serde_json::from_str(&event.data).unwrap();
    assert_eq!((event.kind.as_str(), event.id), ("change", Some(2)));
    assert_eq!((&change["version"], &change["by"]), (&json!(2), &json!("anna")));
    assert_eq!((&change["changed"], &change["removed"]), (&json!(["B"]), &json!([])));
    // From a version on, as a page that shows an older list asks.
    let mut late = Events::of(&service, &viewer, "?since=1").await;
    assert_eq!(late.next().await.unwrap(), event);
    assert!(service.metrics().await.contains("secret_manager_watchers{kind=\"person\"} 2\n"));
}

#[tokio::test]
async fn a_person_watches_as_long_as_session_and_membership_last() {
    let service = Service::start().await;
    let anna = service.set_up().await;
    let removed = service.invite(&anna, "vera").await;
    join(&service, "vera", Role::Viewer).await;
    let signed_out = service.invite(&anna, "egon").await;
    join(&service, "egon", Role::Editor).await;
    let mut removed_sees = Events::of(&service, &removed, "").await;
    let mut signed_out_sees = Events::of(&service, &signed_out, "").await;
    let mut anna_sees = Events::of(&service, &anna, "").await;

    let at = Instant::now();
    anna.ask(&service, "DELETE /spaces/plant/members/vera").send().await;
    removed_sees.expect_end().await;
    signed_out.ask(&service, "DELETE /session").send().await;
    signed_out_sees.expect_end().await;
    assert!(at.elapsed() < Duration::from_secs(2), "{:?}", at.elapsed());

    service.put("B", "others still see").await;
    assert_eq!(anna_sees.next().await.unwrap().id, Some(2));
    // Who isn't a member learns nothing, not even that there is a space.
    let watch = removed.ask(&service, "GET /spaces/plant/watch").send().await;
    watch.expect_problem(404, "not_found");
    let nobody = Person::nobody().ask(&service, "GET /spaces/plant/watch").send().await;
    nobody.expect_problem(401, "session_missing");
}

#[tokio::test]
async fn the_audit_trail_tells_who_watched_and_what_went_out() {
    let service = Service::start().await;
    let mut watchers = Vec::new();
    for _ in 0..3 {
        watchers.push(Events::open(&service, "?since=1", &[]).await);
    }
    service.put("A", "new").await;
    for events in &mut watchers {
        events.change().await;
    }
    let filter = AuditFilter { action: Some("snapshot.read".into()), ..AuditFilter::default() };
    let events = service.manager.audit(filter, 10, Names::Hide).await.unwrap();
    let by: Vec<_> = events.iter().map(|event| event.actor_kind.as_str()).collect();
    assert_eq!(by, ["system", "token", "token", "token"], "once for all, the newest first");
    assert_eq!(events[0].count, 1);
}

#[tokio::test]
async fn without_a_good_token_there_is_no_stream() {
    let service = Service::start().await;
    service.request("GET /api/v1/watch", &[]).await.expect_problem(401, "token_missing");
    let wrong = "Authorization: Bearer smt_wrong";
    service.request("GET /api/v1/watch", &[wrong]).await.expect_problem(401, "token_invalid");
}

#[tokio::test]
async fn a_silent_stream_says_that_it_is_there() {
    let service = Service::start_with(|config| {
        config.heartbeat = Duration::from_millis(20);
        // An open stream is no idle connection, and a body that goes on for ever isn't late.
        config.timeouts.header = Duration::from_millis(100);
        config.timeouts.body = Duration::from_millis(100);
        config.timeouts.sending = Duration::from_millis(100);
    })
    .await;
    let mut events = Events::open(&service, "?since=1", &[]).await;
    assert!(events.block().await.unwrap().starts_with("retry: "));
    for _ in 0..10 {
        assert!(events.block().await.unwrap().starts_with(':'));
    }
}

#[tokio::test]
async fn a_stop_ends_streams_at_once() {
    let service = Service::start_with(|config| {
        config.timeouts.drain = Duration::from_secs(3600);
    })
    .await;
    let mut events = Events::open(&service, "?since=1", &[]).await;
    service.stop.send(()).unwrap();
    events.expect_end().await;
    let stopped = tokio::time::timeout(Duration::from_secs(10), service.stopped);
    stopped.await.expect("it stops").unwrap();
}

#[tokio::test]
async fn many_watch_and_all_are_told() {
    let service = Service::start().await;
    let mut watchers = Vec::new();
    for _ in 0..200 {
        watchers.push(Events::open(&service, "?since=1", &[]).await);
    }
    for version in 2..5 {
        service.put("A", &format!("version {version}")).await;
        let mut told: HashMap<u64, usize> = HashMap::new();
        for events in &mut watchers {
            *told.entry(events.change().await["version"].as_u64().unwrap()).or_default() += 1;
        }
        assert_eq!(told, HashMap::from([(version, 200)]));
    }
}

#[tokio::test]
async fn who_does_not_read_is_cut_off_and_holds_up_nobody() {
    let service = Service::start_with(|config| {
        config.timeouts.sending = Duration::from_millis(200);
    })
    .await;
    let mut slow = Events::open(&service, "?since=1", &[]).await;
    let mut quick = Events::open(&service, "?since=1", &[]).await;
    for version in 2..10 {
        service.put("BIG", &version.to_string().repeat(1_000_000)).await;
        assert_eq!(quick.change().await["version"], version);
    }
    let told = async {
        while !service.metrics().await.contains("secret_manager_watchers{kind=\"engine\"} 1\n") {}
    };
    tokio::time::timeout(Duration::from_secs(20), told).await.expect("one of two is left");
    let mut rest = Vec::new();
    let _ = slow.stream.read_to_end(&mut rest).await;
    assert!(rest.len() < 8_000_000, "{}", rest.len());
}
