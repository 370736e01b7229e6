//! A whole watch: what is heard on it can be used as it is, and what can't ends it without being quoted.

#![no_main]

use libfuzzer_sys::fuzz_target;
use secret_manager_fuzz::without_numbers;
use secret_manager_source::{Heard, Remedy, fuzzing};

const ENDS: [&str; 9] = [
    "the watch was ended",
    "a change on the watch is too large",
    "the watch tells of something that this version doesn't know",
    "a change on the watch contradicts itself, or has names that are left out",
    "a change on the watch is not understood: not UTF-#",
    "a change on the watch is not understood: the document ends too early",
    "a change on the watch is not understood: not JSON: unexpected character at line #, column #",
    "a change on the watch is not understood: not a snapshot: unexpected content at line #, column #",
    "a change on the watch is not understood: not a delta: unexpected content at line #, column #",
];

fuzz_target!(|stream: &[u8]| {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let (heard, end) = runtime.block_on(fuzzing::watch(stream.to_vec()));
    let mut heard = heard.into_iter();
    assert!(matches!(heard.next(), Some(Heard::Alive)), "the first says that the watch is open");
    for change in heard {
        if let Heard::Change { delta, .. } = change {
            assert!(delta.from <= delta.version);
            assert_eq!(delta.refused.count, 0);
            assert!(delta.removed.iter().all(|name| !delta.changed.contains_key(name)));
        }
    }
    assert!(matches!(end.remedy, Remedy::Retry | Remedy::Repair));
    let text = without_numbers(&end.message);
    assert!(ENDS.contains(&text.as_str()), "{text}");
});
