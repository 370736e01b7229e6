//! What is sealed opens unaltered, in its place and with its key, and never otherwise.

#![no_main]

use libfuzzer_sys::fuzz_target;
use secret_manager_envelope::{AssociatedData, Dek, Kek, SEAL_OVERHEAD};

fuzz_target!(|input: (&[u8], &str, &str, u64, usize, u8)| {
    let (bytes, space, secret, version, place, change) = input;
    let kek = Kek::from_bytes(&[7; 32]).expect("a key");
    let dek = Dek::generate().expect("randomness");
    let here = AssociatedData::value(space, secret, version, "text");

    // Nobody has sealed it.
    assert!(dek.open(&here, bytes).is_err());
    assert!(kek.unwrap(bytes, space).is_err() && kek.unwrap_audit_key(bytes).is_err());

    let sealed = dek.seal(&here, bytes).expect("randomness");
    assert_eq!(sealed.len(), bytes.len() + SEAL_OVERHEAD);
    assert_eq!(dek.open(&here, &sealed).as_deref().map(Vec::as_slice), Ok(bytes));
    let wrapped = kek.wrap(&dek, space).expect("randomness");
    let unwrapped = kek.unwrap(&wrapped, space).expect("it was wrapped for there");
    assert_eq!(unwrapped.open(&here, &sealed).as_deref().map(Vec::as_slice), Ok(bytes));

    for (text, opens) in [
        (&sealed, &(|altered: &[u8]| dek.open(&here, altered).is_ok()) as &dyn Fn(&[u8]) -> bool),
        (&wrapped, &|altered: &[u8]| kek.unwrap(altered, space).is_ok()),
    ] {
        let place = place % text.len();
        let mut altered = text.clone();
        altered[place] ^= change.max(1);
        assert!(!opens(&altered), "byte {place} altered");
        assert!(!opens(&text[..place]), "cut after {place} bytes");
        altered.clone_from(text);
        altered.insert(place, change);
        assert!(!opens(&altered), "a byte more at {place}");
    }

    // Other places, of which some have the same characters in the same order.
    let joined = format!("{space}{secret}");
    for other in [
        AssociatedData::value(space, secret, version.wrapping_add(1), "text"),
        AssociatedData::value(space, secret, version, "json"),
        AssociatedData::value(&joined, "", version, "text"),
        AssociatedData::value("", &joined, version, "text"),
        AssociatedData::name(space, secret, version),
        AssociatedData::cache(space, secret),
    ] {
        assert_eq!(dek.open(&other, &sealed).is_ok(), other == here);
    }
    let elsewhere = format!("{space}.");
    assert!(kek.unwrap(&wrapped, &elsewhere).is_err());
    assert!(Dek::generate().expect("randomness").open(&here, &sealed).is_err());
});
