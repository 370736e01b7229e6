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
        // Two times stand before the snapshot.
        let (read, written) = (read_snapshot(&bytes[16..]), read_snapshot(&content[16..]));
        let (read, written) = (read.expect("it was used"), written.expect("it was written"));
        assert_eq!((&bytes[..16], &read.secrets), (&content[..16], &written.secrets));
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
