//! What is published is masked, at every moment.

use std::sync::Arc;

use secret_manager_sync::{Cache, Masking, Plan, Rules, Text};
use tokio::runtime::Handle;

use crate::script::{Script, Step, Subject, delta, heard, plan};

fn masking() -> Arc<Masking> {
    Masking::new(&Handle::current(), Rules::default())
}

fn masked(masking: &Masking, text: &str) -> String {
    match masking.mask(text.as_bytes(), Text::Whole) {
        Some(masked) => String::from_utf8(masked.to_vec()).unwrap(),
        None => text.to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_is_masked_before_it_can_be_read_and_after_it_was_replaced() {
    let source = Script::new([Step::Secrets(5, &[("A", "first"), ("B", "stays")])]);
    let speak = source.offer_watch();
    let masking = masking();
    let subject = Subject::new();
    subject.engine.mask_with(Arc::clone(&masking));
    subject.engine.start(Plan { live: true, ..plan(&source) });
    assert_eq!(masked(&masking, "first stays"), "first stays");
    while subject.value("A").is_none() {
        tokio::task::yield_now().await;
    }
    assert_eq!(masked(&masking, "first stays"), "••• •••");

    let changes = [("A", Some("second")), ("C", Some("third"))];
    speak.send(heard(delta(5, 6, &changes))).unwrap();
    while subject.value("C").is_none() {
        tokio::task::yield_now().await;
    }
    assert_eq!(masked(&masking, "first stays second third"), "••• ••• ••• •••");

    drop(subject);
    assert_eq!(masked(&masking, "first stays second third"), "••• ••• ••• •••");
}

#[tokio::test]
async fn what_comes_from_the_cache_is_masked() {
    let directory = tempfile::tempdir().unwrap();
    let kept = |source: &Arc<Script>| {
        let cache = Cache::new(directory.path(), "SECRETS", "");
        Plan { cache: Some(cache), ..plan(source) }
    };
    let source = Script::new([Step::Secrets(1, &[("A", "kept-value")])]);
    let subject = Subject::new();
    let ticket = subject.engine.start(kept(&source));
    assert_eq!(subject.finished(ticket).await, None);
    subject.engine.stop();
    while !directory.path().join("SECRETS.cache").exists() {
        tokio::task::yield_now().await;
    }

    let source = Script::new([Step::Hang]);
    let masking = masking();
    let subject = Subject::new();
    subject.engine.mask_with(Arc::clone(&masking));
    subject.engine.start(kept(&source));
    while subject.value("A").is_none() {
        tokio::task::yield_now().await;
    }
    assert_eq!(masked(&masking, "kept-value"), "•••");
}

#[tokio::test(start_paused = true)]
async fn what_is_fetched_of_a_change_is_masked() {
    let change = Step::Changes(5, 6, &[("A", Some("second"))]);
    let source = Script::new([Step::Secrets(5, &[("A", "first")]), change]);
    let masking = masking();
    let subject = Subject::new();
    subject.engine.mask_with(Arc::clone(&masking));
    subject.engine.start(plan(&source));
    let ticket = subject.engine.sync_now();
    assert_eq!(subject.finished(ticket).await, None);
    assert_eq!(subject.value("A").as_deref(), Some("\"second\""));
    assert_eq!(masked(&masking, "first second"), "••• •••");
}

#[test]
fn where_nothing_is_to_be_masked_no_other_thread_is_waited_for() {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().max_blocking_threads(1).build().unwrap();
    runtime.block_on(async {
        let removal = Step::Changes(5, 6, &[("B", None)]);
        let source = Script::new([Step::Secrets(5, &[("B", "value")]), Step::Unchanged, removal]);
        let subject = Subject::new();
        subject.engine.mask_with(masking());
        let ticket = subject.engine.start(plan(&source));
        assert_eq!(subject.finished(ticket).await, None);
        // From now on the one thread for such work is taken.
        let (release, taken) = std::sync::mpsc::channel::<()>();
        let taken = tokio::task::spawn_blocking(move || taken.recv());
        for names in [&["B"][..], &[]] {
            let sync = subject.finished(subject.engine.sync_now());
            let sync = tokio::time::timeout(std::time::Duration::from_secs(20), sync);
            assert_eq!(sync.await.expect("it waits for nothing"), None);
            assert_eq!(subject.engine.names(), names);
        }
        drop(release);
        assert!(taken.await.unwrap().is_err());
    });
}

#[tokio::test(start_paused = true)]
async fn engines_share_their_masks() {
    let masking = masking();
    for value in [&[("A", "of-the-first")], &[("A", "of-the-second")]] {
        let subject = Subject::new();
        subject.engine.mask_with(Arc::clone(&masking));
        let ticket = subject.engine.start(plan(&Script::new([Step::Secrets(1, value)])));
        assert_eq!(subject.finished(ticket).await, None);
    }
    assert_eq!(masked(&masking, "of-the-first of-the-second"), "••• •••");
}
