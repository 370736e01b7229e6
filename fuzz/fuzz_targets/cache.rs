//! The last-good cache: a file that isn't exactly one that was written is refused, and the content of
//! one that opens is read whole or not at all.

#![no_main]

use libfuzzer_sys::fuzz_target;
use secret_manager_model::wire::read_snapshot;
use secret_manager_sync::Cache;
use secret_manager_sync::fuzzing::{opened, sealed};

const KEY: [u8; 32] = [7; 32];
const SOURCE: &str = "service https://host";

fuzz_target!(|bytes: &[u8]| {
    let cache = Cache::new("unused", "SECRETS", "host secret");
    assert!(opened(bytes, &KEY, SOURCE, &cache).is_none(), "nobody has sealed it");

    let file = sealed(bytes, &KEY, SOURCE, &cache);
    let content = opened(&file, &KEY, SOURCE, &cache);
    if let Some(content) = &content {
        let (read, written) = (Parts::of(bytes), Parts::of(content));
        assert_eq!(read.times_and_spread, written.times_and_spread);
        // One that is longer than any that our service makes is left out.
        assert!(read.validator == written.validator || written.validator.is_empty());
        let read = read_snapshot(read.snapshot).expect("it was used");
        let written = read_snapshot(written.snapshot).expect("it was written");
        assert_eq!(read.secrets, written.secrets);
        assert_eq!((read.space, read.version), (written.space, written.version));
        let again = opened(&sealed(content, &KEY, SOURCE, &cache), &KEY, SOURCE, &cache);
        assert_eq!(again.map(|again| again.len()), Some(content.len()));
    }

    // One change that the input chooses.
    let mut altered = file.clone();
    let place = bytes.iter().fold(0_usize, |sum, byte| sum.wrapping_mul(31) + usize::from(*byte));
    let place = place % file.len();
    altered[place] ^= 1 << (place % 8);
    assert!(opened(&altered, &KEY, SOURCE, &cache).is_none(), "byte {place} altered");
    assert!(opened(&file[..place], &KEY, SOURCE, &cache).is_none(), "cut after {place} bytes");
    assert!(opened(&file, &[8; 32], SOURCE, &cache).is_none(), "another key");
    assert!(opened(&file, &KEY, "service https://other", &cache).is_none(), "another source");
    let other = Cache::new("unused", "SECRETS", "another secret");
    assert!(opened(&file, &KEY, SOURCE, &other).is_none(), "another secret of the host");
});

/// What stands in a cache file.
struct Parts<'a> {
    times_and_spread: &'a [u8],
    validator: &'a [u8],
    snapshot: &'a [u8],
}

impl<'a> Parts<'a> {
    fn of(content: &'a [u8]) -> Self {
        let (times_and_spread, rest) = content.split_at(20);
        let (length, rest) = rest.split_at(2);
        let length = u16::from_be_bytes([length[0], length[1]]);
        let (validator, snapshot) = rest.split_at(length.into());
        Self { times_and_spread, validator, snapshot }
    }
}
