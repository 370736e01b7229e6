//! A delta as a source answers it or sends it: it leads to one snapshot, and nowhere else from.

#![no_main]

use std::collections::HashMap;

use libfuzzer_sys::fuzz_target;
use secret_manager_fuzz::assert_is_ours;
use secret_manager_model::wire::{
    Answer, read_answer, read_delta, read_delta_event, read_snapshot, write_delta,
    write_delta_event, write_snapshot,
};
use secret_manager_model::{Refused, Secret, SecretValue, Snapshot, Timestamp};

fuzz_target!(|body: &[u8]| {
    let (mut delta, etag) = match read_delta_event(body) {
        Ok(read) => read,
        Err(error) => {
            assert_eq!(read_delta(body).as_ref(), Err(&error));
            return assert_is_ours(&error);
        }
    };
    if let Ok(answer) = read_answer(body) {
        assert_eq!(answer, Answer::Delta(delta.clone()));
    }
    delta.refused = Refused::default();
    assert!(delta.from <= delta.version);
    assert!(delta.removed.iter().all(|name| !delta.changed.contains_key(name)));
    assert_eq!(read_delta(&write_delta(&delta)).as_ref(), Ok(&delta));
    assert_eq!(read_answer(&write_delta(&delta)), Ok(Answer::Delta(delta.clone())));
    let tag = etag.clone().unwrap_or_default();
    let event = read_delta_event(&write_delta_event(&delta, &tag));
    assert_eq!(event, Ok((delta.clone(), Some(tag))));

    let kept = Secret {
        value: SecretValue::text("kept").expect("a value"),
        version: 1,
        updated_at: Timestamp::EPOCH,
    };
    let mut secrets: HashMap<_, _> =
        delta.removed.iter().map(|name| (name.clone(), kept.clone())).collect();
    secrets.extend(delta.changed.keys().take(1).map(|name| (name.clone(), kept.clone())));
    let held = Snapshot {
        space: delta.space.clone(),
        version: delta.from,
        created_at: Timestamp::EPOCH,
        updated_at: Timestamp::EPOCH,
        issued_at: Timestamp::EPOCH,
        secrets,
        refused: Refused::default(),
    };
    let elsewhere = Snapshot { version: delta.from.wrapping_add(1), ..held.clone() };
    assert!(delta.clone().apply(elsewhere).is_err());
    let after = delta.clone().apply(held).expect("it leads on from there");
    assert_eq!((after.version, &after.secrets), (delta.version, &delta.changed));
    assert_eq!(read_snapshot(&write_snapshot(&after)), Ok(after));
});
