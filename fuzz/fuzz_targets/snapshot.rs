//! A snapshot as a source answers it: read whole or not at all, and written as it was read.

#![no_main]

use libfuzzer_sys::fuzz_target;
use secret_manager_fuzz::assert_is_ours;
use secret_manager_model::wire::{Answer, read_answer, read_snapshot, write_snapshot};
use secret_manager_model::{Diff, Kind, SecretName};
use serde_json::value::RawValue;

fuzz_target!(|body: &[u8]| {
    // Whoever would take a delta as well reads the same.
    match read_answer(body) {
        Ok(Answer::Snapshot(snapshot)) => assert_eq!(read_snapshot(body), Ok(snapshot)),
        Ok(Answer::Delta(_)) => {}
        Err(error) => assert_is_ours(&error),
    }
    let mut snapshot = match read_snapshot(body) {
        Ok(snapshot) => snapshot,
        Err(error) => return assert_is_ours(&error),
    };
    for (name, secret) in &snapshot.secrets {
        assert_eq!(SecretName::parse(name.as_str()).as_ref(), Ok(name));
        let value = secret.value.expose();
        assert!(serde_json::from_str::<&RawValue>(value).is_ok(), "no JSON");
        assert!(secret.value.kind() == Kind::Json || value.starts_with('"'));
    }
    let refused = std::mem::take(&mut snapshot.refused);
    assert!(refused.names.len() <= refused.count.min(10));
    assert!(refused.names.iter().all(|name| name.chars().count() <= 100));

    let written = write_snapshot(&snapshot);
    let again = read_snapshot(&written).expect("what was written is read");
    assert!(Diff::between(&snapshot.secrets, &again.secrets).is_empty());
    assert_eq!(again, snapshot);
});
