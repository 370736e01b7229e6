//! The pause that a source asks for: in seconds, or as a date that is still to come.

#![no_main]

use std::time::{Duration, SystemTime};

use libfuzzer_sys::fuzz_target;
use secret_manager_source::fuzzing::retry_after;

fuzz_target!(|value: &[u8]| {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let pause = retry_after(value, now);
    let is_text = value.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~'));
    let text = std::str::from_utf8(value).ok().filter(|_| is_text).unwrap_or_default().trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        assert_eq!(pause, text.parse().ok().map(Duration::from_secs));
    }
    if pause.is_some() {
        // It is a number, or it names a day.
        assert!(text.bytes().any(|byte| byte.is_ascii_digit()));
    }
});
