//! Files with many secrets, as people import them: what was read is written and read again as the same,
//! and no mistake is told with a piece of the file.

#![no_main]

use std::collections::HashMap;

use libfuzzer_sys::fuzz_target;
use secret_manager_format::{Format, Mistake, Place};
use secret_manager_fuzz::without_numbers;
use secret_manager_model::{
    Kind, Refused, Secret, SecretName, SecretValue, Snapshot, SpaceRef, Timestamp,
};

/// How the reasons begin; what follows is a rule.
const REASONS: [&str; 10] = [
    "there is no = after a name",
    "the quote that opens here is never closed",
    "only a comment may follow a closing quote",
    "the name stands in line # already",
    "the file has to hold one JSON object, each member a secret",
    "not JSON",
    "stands twice",
    "a secret's name ",
    "the name ",
    "a text secret's value must be a string",
];

fuzz_target!(|text: &str| {
    for format in [Format::Env, Format::Json] {
        match format.read(text) {
            Ok(secrets) => assert_comes_back(format, secrets),
            Err(mistakes) => mistakes.iter().for_each(|mistake| assert_is_ours(mistake, text)),
        }
    }
});

fn assert_comes_back(format: Format, read: Vec<(SecretName, SecretValue)>) {
    let count = read.len();
    let read: HashMap<SecretName, SecretValue> = read.into_iter().collect();
    assert_eq!(read.len(), count, "a name stands twice");
    let secret = |value: &SecretValue| Secret {
        value: value.clone(),
        version: 1,
        updated_at: Timestamp::EPOCH,
    };
    let snapshot = Snapshot {
        space: SpaceRef { id: "s".into(), name: "n".into() },
        version: 1,
        created_at: Timestamp::EPOCH,
        updated_at: Timestamp::EPOCH,
        issued_at: Timestamp::EPOCH,
        secrets: read.iter().map(|(name, value)| (name.clone(), secret(value))).collect(),
        refused: Refused::default(),
    };
    let written = format.write(&snapshot);
    let again = format.read(&written).expect("what was written is read");
    assert_eq!(again.into_iter().collect::<HashMap<_, _>>(), read);

    // As lines, JSON becomes the text that it is.
    let lines = Format::Env.read(&Format::Env.write(&snapshot)).expect("what was written is read");
    for (name, value) in lines {
        assert_eq!(value.kind(), Kind::Text);
        assert_eq!(value.expose_text(), read[&name].expose_text());
    }
}

fn assert_is_ours(mistake: &Mistake, text: &str) {
    let reason = without_numbers(&mistake.reason);
    assert!(REASONS.iter().any(|ours| reason.starts_with(ours)), "{reason}");
    assert!(reason.len() < 200, "{reason}");
    let lines = 1 + text.matches('\n').count();
    match mistake.place {
        Place::Line(line) | Place::Spot { line, .. } => assert!((1..=lines).contains(&line)),
        Place::File | Place::Member(_) => {}
    }
}
