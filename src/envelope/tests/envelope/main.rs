//! What is sealed comes back whole in its own place and nowhere else.

#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

mod stream;

use proptest::prelude::*;
use secret_manager_envelope::{AssociatedData, Dek, Kek, KeyError, OpenError, SEAL_OVERHEAD};

fn kek(byte: u8) -> Kek {
    Kek::from_bytes(&[byte; 32]).unwrap()
}

proptest! {
    #[test]
    fn a_sealed_text_opens_in_its_place(plaintext: Vec<u8>, space: String, secret: String, version: u64) {
        let dek = Dek::generate().unwrap();
        let place = AssociatedData::value(&space, &secret, version, "text");
        let sealed = dek.seal(&place, &plaintext).unwrap();
        prop_assert_eq!(sealed.len(), plaintext.len() + SEAL_OVERHEAD);
        prop_assert_eq!(&*dek.open(&place, &sealed).unwrap(), &plaintext);
    }

    #[test]
    fn any_flipped_bit_is_an_error(plaintext in prop::collection::vec(any::<u8>(), 0..40), bit: prop::sample::Index) {
        let dek = Dek::generate().unwrap();
        let place = AssociatedData::value("space", "secret", 1, "text");
        let mut sealed = dek.seal(&place, &plaintext).unwrap();
        let bit = bit.index(sealed.len() * 8);
        sealed[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(dek.open(&place, &sealed).is_err());
    }

    #[test]
    fn places_that_differ_never_look_alike(a: (String, String, u64), b: (String, String, u64)) {
        let place = |(space, secret, version): &(String, String, u64)| AssociatedData::name(space, secret, *version);
        prop_assert_eq!(a == b, place(&a) == place(&b));
    }

    #[test]
    fn names_hash_alike_under_one_key_and_differently_under_another(a: String, b: String) {
        let (one, other) = (Dek::generate().unwrap(), Dek::generate().unwrap());
        prop_assert_eq!(a == b, one.name_hash(&a) == one.name_hash(&b));
        prop_assert_ne!(one.name_hash(&a), other.name_hash(&a));
    }
}

#[test]
fn every_flipped_bit_and_every_cut_of_a_wrapped_key_is_an_error() {
    let wrapped = kek(1).wrap(&Dek::generate().unwrap(), "space").unwrap();
    for bit in 0..wrapped.len() * 8 {
        let mut altered = wrapped.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        assert!(kek(1).unwrap(&altered, "space").is_err(), "bit {bit}");
    }
    for end in 0..wrapped.len() {
        assert!(kek(1).unwrap(&wrapped[..end], "space").is_err(), "cut after {end}");
    }
}

#[test]
fn a_text_opens_in_no_other_place() {
    let dek = Dek::generate().unwrap();
    let sealed = dek.seal(&AssociatedData::value("space", "secret", 2, "text"), b"v").unwrap();
    for other in [
        AssociatedData::value("other", "secret", 2, "text"),
        AssociatedData::value("space", "other", 2, "text"),
        AssociatedData::value("space", "secret", 1, "text"),
        AssociatedData::value("space", "secret", 2, "json"),
        AssociatedData::value("spaces", "ecret", 2, "text"),
        AssociatedData::name("space", "secret", 2),
    ] {
        assert_eq!(dek.open(&other, &sealed), Err(OpenError::Authentication), "{other:?}");
    }
}

#[test]
fn a_wrapped_key_opens_with_its_own_key_and_space_only() {
    let dek = Dek::generate().unwrap();
    let place = AssociatedData::name("space", "secret", 1);
    let sealed = dek.seal(&place, b"name").unwrap();
    let wrapped = kek(1).wrap(&dek, "space").unwrap();

    let unwrapped = kek(1).unwrap(&wrapped, "space").unwrap();
    assert_eq!(&**unwrapped.open(&place, &sealed).unwrap(), b"name");
    assert_eq!(unwrapped.name_hash("name"), dek.name_hash("name"));
    assert!(kek(2).unwrap(&wrapped, "space").is_err());
    assert!(kek(1).unwrap(&wrapped, "other").is_err());
}

#[test]
fn no_two_seals_are_alike() {
    let dek = Dek::generate().unwrap();
    let place = AssociatedData::name("space", "secret", 1);
    let sealed: std::collections::HashSet<_> =
        (0..1000).map(|_| dek.seal(&place, b"same").unwrap()).collect();
    assert_eq!(sealed.len(), 1000);
}

#[test]
fn a_key_is_recognised_by_its_id() {
    assert_eq!(kek(1).id(), kek(1).id());
    assert_ne!(kek(1).id(), kek(2).id());
    assert_eq!(kek(1).id().as_str().len(), 16);
    assert_eq!(Kek::from_bytes(&[0; 31]).unwrap_err(), KeyError { length: 31 });
    assert_eq!(Kek::from_bytes(&[0; 33]).unwrap_err(), KeyError { length: 33 });
}

#[test]
fn no_format_shows_a_key() {
    let shown = format!("{:?} {:#?} {:?}", kek(7), kek(7), Dek::generate().unwrap());
    assert!(!shown.contains("7, 7") && !shown.contains("0707") && shown.contains("•••"), "{shown}");
}

#[test]
fn a_key_of_two_parts_takes_both() {
    let of = |byte: u8, secret: &str| {
        Kek::from_bytes_and_secret(&[byte; 32], secret.as_bytes()).unwrap()
    };
    let wrapped = of(1, "secret").wrap(&Dek::generate().unwrap(), "space").unwrap();
    assert!(of(1, "secret").unwrap(&wrapped, "space").is_ok());
    for other in [of(1, ""), of(1, "Secret"), of(2, "secret"), kek(1)] {
        assert!(other.unwrap(&wrapped, "space").is_err());
    }
    assert!(Kek::from_bytes_and_secret(&[1; 31], b"secret").is_err());
}
