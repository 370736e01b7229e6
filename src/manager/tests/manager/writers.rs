//! Many writers at once, in this process and as if in others.

use std::sync::Arc;

use secret_manager_manager::{AuditFilter, Change, Edit, Error, Names, Outcome, Precondition};

use crate::{World, apply, edit, me, name, put, text};

const WRITERS: usize = 8;
const WRITES: usize = 12;

#[tokio::test(flavor = "multi_thread")]
async fn versions_are_neither_skipped_nor_doubled() {
    let world = World::new();
    // Two managers don't know of each other: to the database they are two processes.
    let managers = [Arc::new(world.open().await), Arc::new(world.open().await)];
    let space = managers[0].create_space("s", &me()).await.unwrap().id;
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let manager = Arc::clone(&managers[writer % 2]);
            let space = space.clone();
            tokio::spawn(async move {
                let mut seen = Vec::new();
                for write in 0..WRITES {
                    let value = format!("{writer} {write}");
                    let edits = vec![put("SHARED", &value), put(&format!("OWN_{writer}"), &value)];
                    let applied = apply(&manager, &space, edits).await.unwrap();
                    let (Outcome::Added(shared) | Outcome::Changed(shared)) = applied.outcomes[0]
                    else {
                        panic!("{applied:?}")
                    };
                    seen.push((applied.version, shared));
                }
                seen
            })
        })
        .collect();
    let mut seen = Vec::new();
    for writer in writers {
        seen.extend(writer.await.unwrap());
    }
    seen.sort_unstable();
    let expected: Vec<_> =
        (1..=(WRITERS * WRITES) as u64).map(|version| (version, version)).collect();
    assert_eq!(seen, expected);
    let snapshot = managers[1].snapshot(&space, &me()).await.unwrap().snapshot;
    assert_eq!(snapshot.version, (WRITERS * WRITES) as u64);
    assert_eq!(snapshot.secrets.len(), WRITERS + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_never_shows_half_a_change() {
    let world = World::new();
    let writer = Arc::new(world.open().await);
    let reader = world.open().await;
    let space = writer.create_space("s", &me()).await.unwrap().id;
    apply(&writer, &space, vec![put("A", "0"), put("B", "0")]).await.unwrap();
    let writing = tokio::spawn({
        let (writer, space) = (Arc::clone(&writer), space.clone());
        async move {
            for round in 1..40 {
                let value = round.to_string();
                apply(&writer, &space, vec![put("A", &value), put("B", &value)]).await.unwrap();
            }
        }
    });
    while !writing.is_finished() {
        let snapshot = reader.snapshot(&space, &me()).await.unwrap().snapshot;
        assert_eq!(snapshot.secrets["A"].value, snapshot.secrets["B"].value);
        assert_eq!(snapshot.secrets["A"].version, snapshot.version);
    }
    writing.await.unwrap();
}

/// Of many who edit what they have seen, one wins and the others are told; nothing is lost without
/// a word, whatever the edit is.
#[tokio::test(flavor = "multi_thread")]
async fn of_writers_at_the_same_version_exactly_one_wins() {
    let world = World::new();
    let managers = [Arc::new(world.open().await), Arc::new(world.open().await)];
    let space = managers[0].create_space("s", &me()).await.unwrap().id;
    apply(&managers[0], &space, vec![put("A", "0")]).await.unwrap();
    for version in 1..=6_u64 {
        let writers: Vec<_> = (0..16_usize)
            .map(|writer| {
                let manager = Arc::clone(&managers[writer % 2]);
                let space = space.clone();
                let change = match writer % 4 {
                    3 => Change::Rollback(1),
                    _ => Change::Put(text(&format!("{version} by {writer}"))),
                };
                let precondition = Precondition::Version(version);
                let edits = vec![Edit { precondition, ..edit("A", change) }];
                tokio::spawn(async move { apply(&manager, &space, edits).await })
            })
            .collect();
        let mut won = Vec::new();
        for writer in writers {
            match writer.await.unwrap() {
                Ok(applied) => won.push(applied),
                Err(error) => {
                    let current = Some(version + 1);
                    assert_eq!(error, Error::PreconditionFailed { current });
                }
            }
        }
        assert_eq!(won.len(), 1, "{won:?}");
        assert_eq!(won[0].outcomes, [Outcome::Changed(version + 1)]);
        assert_eq!(won[0].version, version + 1);
    }
    let history = managers[1].history(&space, &name("A")).await.unwrap();
    let versions: Vec<_> = history.versions.iter().map(|version| version.version).collect();
    assert_eq!(versions, (1..=7).rev().collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_are_made_together_are_as_separate_as_any() {
    let world = World::new();
    let managers = [Arc::new(world.open().await), Arc::new(world.open().await)];
    let space = managers[0].create_space("s", &me()).await.unwrap().id;
    let writers: Vec<_> = (0..48)
        .map(|writer| {
            let manager = Arc::clone(&managers[usize::from(writer % 6 == 0)]);
            let space = space.clone();
            tokio::spawn(async move {
                let mut done = Vec::new();
                for round in 0..6 {
                    let own = format!("OWN_{writer}");
                    done.push(apply(&manager, &space, vec![put(&own, "x")]).await.unwrap().version);
                    // Of all who want to be the first one of a round, one is.
                    let first = format!("FIRST_{round}");
                    let edit = Edit { precondition: Precondition::Absent, ..put(&first, &own) };
                    match apply(&manager, &space, vec![edit]).await {
                        Ok(applied) => done.push(applied.version),
                        Err(error) => {
                            assert_eq!(error, Error::PreconditionFailed { current: Some(1) });
                        }
                    }
                }
                done
            })
        })
        .collect();
    // Some are called off in the middle of it.
    let called_off: Vec<_> = (0..16)
        .map(|writer| {
            let (manager, space) = (Arc::clone(&managers[0]), space.clone());
            tokio::spawn(async move {
                for round in 0..40 {
                    let edits = vec![put(&format!("OFF_{writer}"), &round.to_string())];
                    let _ = apply(&manager, &space, edits).await;
                }
            })
        })
        .collect();
    for (index, writer) in called_off.iter().enumerate() {
        for _ in 0..index * 50 {
            tokio::task::yield_now().await;
        }
        writer.abort();
    }
    let mut versions = Vec::new();
    for writer in writers {
        versions.extend(writer.await.unwrap());
    }
    for writer in called_off {
        let _ = writer.await;
    }
    let count = versions.len();
    versions.sort_unstable();
    versions.dedup();
    assert_eq!((versions.len(), count), (48 * 6 + 6, 48 * 6 + 6), "each has a version of its own");

    let reader = world.open().await;
    let snapshot = reader.snapshot(&space, &me()).await.unwrap().snapshot;
    assert!((0..48).all(|writer| snapshot.secrets[&*format!("OWN_{writer}")].version == 6));
    let puts = AuditFilter { action: Some("secret.put".into()), ..AuditFilter::default() };
    let records = reader.audit(puts, 10_000, Names::Hide).await.unwrap();
    let told: Vec<_> = records.iter().rev().filter_map(|record| record.version).collect();
    assert_eq!(told, (1..=snapshot.version).collect::<Vec<_>>(), "a record for each version");
    assert_eq!(reader.verify_audit(None).await.unwrap().problems, []);
}
