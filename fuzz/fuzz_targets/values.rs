//! Values as people and files give them: a text comes back as it was, JSON keeps every character.

#![no_main]

use libfuzzer_sys::fuzz_target;
use secret_manager_fuzz::without_numbers;
use secret_manager_model::SecretValue;
use serde_json::value::RawValue;

const REFUSALS: [&str; 3] = [
    "a value has at most # bytes in its JSON form; this one has #",
    "not JSON: the document ends too early at line #, column #",
    "not JSON: unexpected character at line #, column #",
];

fuzz_target!(|text: &str| {
    let value = SecretValue::text(text).expect("short enough");
    assert_eq!(*value.expose_text(), text);
    assert_eq!(serde_json::from_str::<String>(value.expose()).ok().as_deref(), Some(text));
    assert!(!value.expose().contains('\n'), "a value is one line of a stream");

    match SecretValue::json(text) {
        Ok(value) => {
            let blank = [' ', '\t', '\n', '\r'];
            assert_eq!(value.expose(), text.trim_matches(blank));
            assert_eq!(*value.expose_text(), value.expose());
            assert!(serde_json::from_str::<&RawValue>(value.expose()).is_ok());
        }
        Err(error) => {
            assert!(serde_json::from_str::<&RawValue>(text).is_err());
            let text = without_numbers(&error.to_string());
            assert!(REFUSALS.contains(&text.as_str()), "{text}");
        }
    }
});
