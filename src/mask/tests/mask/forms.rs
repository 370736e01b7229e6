//! In whichever form a value stands in a text, nothing of it is left.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use proptest::prelude::*;

use crate::{json, masked};

type Write = fn(&str) -> String;

/// How programs write a value.
const FORMS: [(&str, Write); 19] = [
    ("as it is", str::to_owned),
    ("base64", |text| STANDARD.encode(text)),
    ("base64 without padding", |text| STANDARD_NO_PAD.encode(text)),
    ("base64url", |text| URL_SAFE.encode(text)),
    ("base64url without padding", |text| URL_SAFE_NO_PAD.encode(text)),
    ("hex", |text| hex(text, "", |byte| format!("{byte:02x}"))),
    ("capital hex", |text| hex(text, "", |byte| format!("{byte:02X}"))),
    ("a printed buffer", |text| {
        format!("<Buffer {}>", hex(text, " ", |byte| format!("{byte:02x}")))
    }),
    ("a buffer in JSON", |text| format!("[{}]", hex(text, ",", |byte| byte.to_string()))),
    ("encodeURIComponent", |text| percent(text, "-_.!~*'()", |byte| format!("%{byte:02X}"))),
    ("encodeURI", |text| percent(text, "-_.!~*'();/?:@&=+$,#", |byte| format!("%{byte:02X}"))),
    ("percent, small letters", |text| percent(text, "-_.~", |byte| format!("%{byte:02x}"))),
    ("percent, everything", |text| hex(text, "", |byte| format!("%{byte:02X}"))),
    ("a form's field", |text| {
        percent(text, "-_.*", |byte| if byte == b' ' { "+".into() } else { format!("%{byte:02X}") })
    }),
    ("JSON", json),
    ("JSON in JSON", |text| json(&json(text))),
    ("JSON of ASCII only", ascii_json),
    ("JSON in a URL", |text| percent(&json(text), "-_.~", |byte| format!("%{byte:02X}"))),
    ("JSON with slashes escaped", |text| json(text).replace('/', "\\/")),
];

fn hex(text: &str, between: &str, digits: impl Fn(u8) -> String) -> String {
    text.bytes().map(digits).collect::<Vec<_>>().join(between)
}

fn percent(text: &str, plain: &str, escape: impl Fn(u8) -> String) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || plain.as_bytes().contains(&byte);
    text.bytes()
        .map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { escape(byte) })
        .collect()
}

fn ascii_json(text: &str) -> String {
    let escape = |character: char| match character {
        '"' | '\\' => format!("\\{character}"),
        ' '..='~' => character.to_string(),
        _ => character
            .encode_utf16(&mut [0; 2])
            .iter()
            .map(|unit| format!("\\u{unit:04x}"))
            .collect(),
    };
    format!("\"{}\"", text.chars().map(escape).collect::<String>())
}

/// Values as people make them: no space at the ends, four characters and more.
fn values() -> impl Strategy<Value = String> {
    let ascii = "[!-~][ -~]{2,40}[!-~]";
    let any = "[!-~äöüßéñ漢字🆗]\\PC{2,20}[!-~äöü漢🆗]";
    let lines = "[!-~]{4,30}(\n[!-~]{1,30}){1,3}";
    prop_oneof![4 => ascii, 2 => any, 1 => lines]
        .prop_filter("no escapes of its own", |text| !text.contains(['%', '\\']))
        .prop_filter("not allowed to be seen", |text| !["true", "null", "none"].contains(&&**text))
}

proptest! {
    #[test]
    fn nothing_is_left_of_a_value_in_any_form(value in values(), before in "[ =:;]{1,3}", after in "[ &;|]{1,3}") {
        for (name, write) in FORMS {
            let text = format!("{before}{}{after}", write(&value));
            let masked = masked(&[&json(&value)], &text);
            let left = masked.replace("•••", "");
            let frame = left.replace(['"', '\\', '[', ']'], "").replace("<Buffer ", "").replace('>', "").replace("%22", "");
            prop_assert_eq!(&frame, &format!("{before}{after}"), "{}: {}", name, text);
        }
    }

    #[test]
    fn nothing_is_left_of_a_value_inside_longer_base64(
        value in values(),
        before in prop::collection::vec(any::<u8>(), 0..8),
        after in prop::collection::vec(any::<u8>(), 0..8),
    ) {
        let all = [&before[..], value.as_bytes(), &after[..]].concat();
        for engine in [&STANDARD, &URL_SAFE, &STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let text = engine.encode(&all);
            let masked = masked(&[&json(&value)], &text);
            let (left, right) = masked.split_once("•••").unwrap();
            // Only whole groups of bits that belong to what stands around.
            prop_assert!(left.len() * 6 <= before.len() * 8, "{} in {}", masked, text);
            prop_assert!(text.starts_with(left) && text.ends_with(right));
            let right = right.trim_end_matches(['=', '•']);
            prop_assert!(right.len() * 6 <= after.len() * 8 + 5, "{} in {}", masked, text);
        }
    }

    #[test]
    fn a_text_without_the_value_stays_as_it_is(value in "[a-z]{4,12}", text in "[^a-z]{0,200}") {
        prop_assert_eq!(masked(&[&json(&value)], &text), text);
    }

    /// Whatever the text, and whatever escapes are in it, masking it twice changes nothing more.
    #[test]
    fn any_text_can_be_masked(value in values(), text in r#"([%\\a-zA-Z0-9"ü🆗{}+/=]|\\u[0-9a-fD]{4}|%[0-9a-f]{2}){0,60}"#) {
        let value = json(&value);
        let once = masked(&[&value], &text);
        prop_assert_eq!(masked(&[&value], &once), once);
    }
}

#[test]
fn the_password_of_basic_authentication_is_masked() {
    for user in ["a", "ab", "abc", "some-user"] {
        let header = format!("Basic {}", STANDARD.encode(format!("{user}:correct horse")));
        let masked = masked(&[r#""correct horse""#], &header);
        assert!(masked.starts_with("Basic ") && masked.ends_with("•••"), "{masked}");
        // Of the user's name and the colon, without the digit that they share with the password.
        let left = masked.chars().count() - "Basic •••".chars().count();
        assert_eq!(left, (user.len() + 1) * 8 / 6, "{masked}");
    }
}

#[test]
fn a_value_with_escapes_of_its_own_is_masked_as_it_is_and_escaped() {
    let value = r"100%25 \n of C:\temp";
    for text in [value.to_owned(), json(value), percent(value, "", |byte| format!("%{byte:02X}"))] {
        let masked = masked(&[&json(value)], &text);
        assert_eq!(masked.replace('"', ""), "•••", "{text}");
    }
}
