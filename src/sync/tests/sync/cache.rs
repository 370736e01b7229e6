//! What one run of an engine leaves for the next one.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use secret_manager_model::Timestamp;
use secret_manager_source::Remedy;
use secret_manager_sync::{Cache, Plan, State, Ticket};
use tempfile::TempDir;

use crate::script::{Script, Step, Subject, names, plan};

fn kept_in(directory: &TempDir, source: &Arc<Script>) -> Plan {
    let cache = Cache::new(directory.path().join("kept"), "SECRETS", "host secret");
    Plan { cache: Some(cache), ..plan(source) }
}

fn start(directory: &TempDir, steps: impl IntoIterator<Item = Step>) -> (Subject, Ticket) {
    let subject = Subject::new();
    let ticket = subject.engine.start(kept_in(directory, &Script::new(steps)));
    (subject, ticket)
}

fn file(directory: &TempDir) -> PathBuf {
    directory.path().join("kept/SECRETS.cache")
}

/// Disks take their time, and no clock of a test waits for them.
async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Files as one run leaves them.
async fn left_by_a_run(directory: &TempDir) {
    let (subject, ticket) = start(directory, [Step::Secrets(7, &[("A", "canary-1")])]);
    assert_eq!(subject.finished(ticket).await, None);
    until(|| file(directory).exists()).await;
}

#[tokio::test]
async fn where_engines_are_many_a_start_with_kept_values_waits_for_its_turn() {
    let directory = tempfile::tempdir().unwrap();
    let source = Script::new([Step::Secrets(7, &[("A", "canary-1")])]);
    source.ask_for_spread(300);
    let subject = Subject::new();
    let ticket = subject.engine.start(kept_in(&directory, &source));
    assert_eq!(subject.finished(ticket).await, None);
    until(|| file(&directory).exists()).await;
    drop(subject);

    let source = Script::new([]);
    let subject = Subject::new();
    let ticket = subject.engine.start(kept_in(&directory, &source));
    assert_eq!(subject.finished(ticket).await, None);
    assert_eq!(subject.value("A").as_deref(), Some("\"canary-1\""));
    let status = subject.engine.status();
    assert_eq!((status.state, status.facts.unwrap().cached), (State::Waiting, true));
    assert!(status.next_at.is_some() && status.failure.is_none());
    assert_eq!(source.asked(), []);

    // Somebody wants it now; the source says that nothing has changed.
    let ticket = subject.engine.sync_now();
    assert_eq!(subject.finished(ticket).await, None);
    assert_eq!(source.asked(), [Some("v7".to_owned())]);
    let status = subject.engine.status();
    assert_eq!((status.state, status.facts.unwrap().cached), (State::Synced, false));
}

#[tokio::test]
async fn a_start_without_the_source_has_the_last_good_values_before_its_first_outcome() {
    let directory = tempfile::tempdir().unwrap();
    left_by_a_run(&directory).await;

    // A quarter of an hour later.
    let subject = Subject::with_clock(|| 900_000);
    let ticket =
        subject.engine.start(kept_in(&directory, &Script::new([Step::Fail(Remedy::Retry)])));
    let news = subject.news().await;
    assert_eq!(names(news.change.unwrap().added()), ["A"]);
    assert_eq!(subject.value("A").as_deref(), Some("\"canary-1\""));
    if news.finished.is_empty() {
        assert_eq!(subject.finished(ticket).await, Some("unavailable"));
    }
    let status = subject.engine.status();
    let facts = status.facts.unwrap();
    assert_eq!((status.state, facts.version, facts.cached), (State::Stale, 7, true));
    let earlier = Timestamp::from_millis(1_000);
    assert_eq!(status.checked_at, earlier, "how old they are, not when they were read");
    assert_eq!(status.cache_problem, None);
}

#[tokio::test]
async fn what_the_source_says_takes_the_place_of_what_was_kept() {
    let directory = tempfile::tempdir().unwrap();
    left_by_a_run(&directory).await;
    let before = fs::read(file(&directory)).unwrap();

    // Older than what was kept: it may have been restored from a backup.
    let (subject, ticket) = start(&directory, [Step::Secrets(3, &[("B", "canary-2")])]);
    assert_eq!(subject.finished(ticket).await, None);
    assert_eq!(subject.engine.names(), ["B"]);
    assert!(!subject.engine.status().facts.unwrap().cached);
    until(|| fs::read(file(&directory)).unwrap() != before).await;
    drop(subject);

    let (subject, _) = start(&directory, [Step::Hang]);
    subject.news().await;
    assert_eq!((subject.engine.names(), subject.state()), (vec!["B".to_owned()], State::Syncing));
}

#[tokio::test(start_paused = true)]
async fn denial_twice_in_a_row_wipes_what_was_kept() {
    let directory = tempfile::tempdir().unwrap();
    left_by_a_run(&directory).await;

    let (subject, _) = start(
        &directory,
        [Step::Fail(Remedy::Authorise), Step::Fail(Remedy::Authorise), Step::Hang],
    );
    subject.news().await;
    assert!(subject.engine.has("A") && file(&directory).exists());
    until(|| subject.state() == State::Denied).await;
    assert_eq!(subject.engine.names(), Vec::<String>::new());
    until(|| !file(&directory).exists()).await;
}

#[tokio::test]
async fn clearing_wipes_and_stopping_does_not() {
    let directory = tempfile::tempdir().unwrap();
    let (subject, ticket) = start(&directory, [Step::Secrets(7, &[("A", "1")])]);
    subject.finished(ticket).await;
    until(|| file(&directory).exists()).await;
    subject.engine.stop();
    until(|| subject.state() == State::Idle).await;
    assert!(file(&directory).exists());
    subject.engine.clear();
    until(|| !file(&directory).exists()).await;
}

#[tokio::test]
async fn what_was_made_for_another_place_is_refused_and_replaced() {
    let directory = tempfile::tempdir().unwrap();
    left_by_a_run(&directory).await;
    let kept = directory.path().join("kept");
    fs::copy(file(&directory), kept.join("OTHER.cache")).unwrap();

    let source = Script::new([Step::Hang]);
    let cache = Cache::new(&kept, "OTHER", "host secret");
    let subject = Subject::new();
    subject.engine.start(Plan { cache: Some(cache), ..plan(&source) });
    subject.news().await;
    assert_eq!(subject.engine.names(), Vec::<String>::new());
    let problem = subject.engine.status().cache_problem.unwrap();
    assert!(problem.contains("another source"), "{problem}");

    let source = Script::new([Step::Secrets(1, &[("A", "1")])]);
    let cache = Cache::new(&kept, "OTHER", "host secret");
    let ticket = subject.engine.start(Plan { cache: Some(cache), ..plan(&source) });
    subject.finished(ticket).await;
    until(|| subject.engine.status().cache_problem.is_none()).await;
    drop(subject);

    let subject = Subject::new();
    let cache = Cache::new(&kept, "OTHER", "host secret");
    let source = Script::new([Step::Hang]);
    subject.engine.start(Plan { cache: Some(cache), ..plan(&source) });
    subject.news().await;
    assert!(subject.engine.has("A"));
}

#[tokio::test]
async fn a_place_where_nothing_can_be_kept_is_told_and_stops_nothing() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("kept"), "a file where the directory should be").unwrap();
    let (subject, ticket) = start(&directory, [Step::Secrets(7, &[("A", "1")])]);
    assert_eq!(subject.finished(ticket).await, None);
    assert!(subject.engine.has("A"));
    until(|| subject.engine.status().cache_problem.is_some()).await;
    assert_eq!(subject.state(), State::Synced);
}

#[tokio::test]
async fn a_space_that_changes_all_the_time_is_kept_with_its_newest_values() {
    let directory = tempfile::tempdir().unwrap();
    let (subject, _) = start(
        &directory,
        (1..=20).map(|version| match version % 2 {
            0 => Step::Secrets(version, &[("A", "even")]),
            _ => Step::Secrets(version, &[("A", "odd")]),
        }),
    );
    for _ in 0..20 {
        let ticket = subject.engine.sync_now();
        subject.finished(ticket).await;
    }
    until(|| file(&directory).exists()).await;
    drop(subject);
    // The last write comes a moment after the first one, and also when the engine has ended.
    loop {
        let (subject, _) = start(&directory, [Step::Hang]);
        subject.news().await;
        if subject.value("A").as_deref() == Some("\"even\"") {
            break;
        }
    }
}

#[tokio::test]
async fn what_a_delta_led_to_is_kept_and_led_on_from() {
    let directory = tempfile::tempdir().unwrap();
    let changes = &[("A", Some("2")), ("B", None)];
    let first = Step::Secrets(5, &[("A", "1"), ("B", "1")]);
    let (subject, _) = start(&directory, [first, Step::Changes(5, 6, changes)]);
    let ticket = subject.engine.sync_now();
    assert_eq!(subject.finished(ticket).await, None);
    until(|| file(&directory).exists()).await;
    drop(subject);
    let source = loop {
        let source = Script::new([Step::Changes(6, 7, &[("C", Some("1"))])]);
        let subject = Subject::new();
        let ticket = subject.engine.start(kept_in(&directory, &source));
        assert_eq!(subject.finished(ticket).await, None);
        // Before the last write it has version 5, and asks for all there is.
        if source.asked_since()[0] == Some(6) {
            assert_eq!(subject.engine.names(), ["A", "C"]);
            assert_eq!(subject.value("A").as_deref(), Some("\"2\""));
            break source;
        }
    };
    assert_eq!(source.asked(), [Some("v6".to_owned())]);
}

#[tokio::test]
async fn no_file_shows_a_value_a_name_or_itself_to_others() {
    let directory = tempfile::tempdir().unwrap();
    left_by_a_run(&directory).await;
    let kept = directory.path().join("kept");
    let mut seen: Vec<_> = fs::read_dir(&kept)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            assert!(!bytes.windows(6).any(|window| window == b"canary"), "{path:?}");
            #[cfg(unix)]
            assert_eq!(mode(&path), 0o600, "{path:?}");
            path.file_name().unwrap().to_str().unwrap().to_owned()
        })
        .collect();
    seen.sort_unstable();
    assert_eq!(seen, [".gitignore", "SECRETS.cache", "cache.key"]);
    #[cfg(unix)]
    assert_eq!(mode(&kept), 0o700);
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}
