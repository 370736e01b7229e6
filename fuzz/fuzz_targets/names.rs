//! Names of secrets and of people, and times: what is accepted keeps the rules and stays what it is.

#![no_main]

use libfuzzer_sys::fuzz_target;
use secret_manager_fuzz::without_numbers;
use secret_manager_model::{LoginName, SecretName, Timestamp};

fuzz_target!(|text: &str| {
    match SecretName::parse(text) {
        Ok(name) => {
            assert_eq!(name.as_str(), text);
            assert!(text.len() <= 256 && !text.starts_with(|first: char| first.is_ascii_digit()));
            assert!(
                text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
            );
            assert!(!["__proto__", "constructor", "prototype", "toJSON", "then"].contains(&text));
        }
        Err(error) => {
            let text = without_numbers(&error.to_string());
            let ours = ["a secret's name ", "the name "];
            assert!(text.len() < 160 && ours.iter().any(|ours| text.starts_with(ours)), "{text}");
        }
    }
    match LoginName::parse(text) {
        Ok(name) => {
            assert_eq!(name.as_str(), text.to_ascii_lowercase());
            assert_eq!(LoginName::parse(name.as_str()), Ok(name));
        }
        Err(error) => {
            let text = without_numbers(&error.to_string());
            assert!(text.len() < 180 && text.starts_with("a login name "), "{text}");
        }
    }
    if let Ok(time) = Timestamp::parse(text) {
        assert_eq!(Timestamp::parse(&time.to_string()), Ok(time));
        assert_eq!(Timestamp::from_millis(time.as_millis()), Some(time));
    }
});
