//! Which parts of which values are masked.

use secret_manager_mask::{Rules, Text};

use crate::{json, masked, masked_with};

#[test]
fn a_text_is_masked_wherever_it_stands() {
    for (text, expected) in [
        ("hunter22", "•••"),
        ("is hunter22!", "is •••!"),
        ("hunter22hunter22", "•••"),
        ("hunter22 hunter22", "••• •••"),
        ("ühunter22ü🆗", "ü•••ü🆗"),
        ("hunter2", "hunter2"),
        ("", ""),
    ] {
        assert_eq!(masked(&[r#""hunter22""#], text), expected);
    }
}

#[test]
fn the_longest_of_several_is_masked_and_nothing_of_those_that_overlap_is_left() {
    let values = [r#""abcd""#, r#""abcdefgh""#, r#""abcdefxy""#, r#""ghij""#];
    assert_eq!(masked(&values, "abcdefgz"), "•••efgz");
    assert_eq!(masked(&values, "abcdefghi"), "•••i");
    assert_eq!(masked(&values, "abcdefghij"), "•••");
    assert_eq!(masked(&values, "abcdefxyz"), "•••z");
}

#[test]
fn every_string_and_number_of_a_document_is_masked_and_no_name() {
    let document = r#"{"user" : "admin", "password":"pass\"wörd\\", "port":15432, "on": true,
        "deep": [{"keys": ["first-key", "second-key"]}, null, -12.5e3, 0.25]}"#;
    let text =
        r#"user admin password pass"wörd\ port 15432 first-key second-key deep 0.25 -12500 true"#;
    let expected = "user ••• password ••• port ••• ••• ••• deep ••• ••• true";
    assert_eq!(masked(&[document], text), expected);
}

#[test]
fn a_number_is_masked_only_where_it_stands_alone() {
    for (text, expected) in [
        ("5432", "•••"),
        ("port=5432, 5432;", "port=•••, •••;"),
        ("1764054321", "1764054321"),
        ("x5432 54321 5432.5 1.5432", "x5432 54321 5432.5 1.5432"),
    ] {
        assert_eq!(masked(&["{\"port\":5432}"], text), expected);
        assert_eq!(masked(&["5432"], text), expected);
    }
    assert_eq!(masked(&["5432", r#""5432""#], "1764054321"), "17640•••1");
    // As JavaScript writes them.
    assert_eq!(masked(&["12345678901234567890"], "n 12345678901234567000"), "n •••");
    assert_eq!(masked(&["1.500"], "1.500 1.5"), "••• 1.5");
    assert_eq!(masked(&["-1234.500"], "[-1234.5]"), "[•••]");
}

#[test]
fn short_values_and_those_that_are_allowed_are_not_masked() {
    let values = [r#""abc""#, r#""äöü""#, r#""true""#, r#""localhost""#, r#"{"a": 123, "b": ""}"#];
    let text = "abc äöü true localhost 123";
    assert_eq!(masked(&values, text), text);
    let rules = Rules::new(3, ["äöü".to_owned()]);
    let expected = "••• äöü true localhost •••";
    assert_eq!(masked_with(&rules, &values, text, Text::Whole), expected);
    let rules = Rules::new(0, []);
    assert_eq!(masked_with(&rules, &[r#""x""#, r#""""#], "axb", Text::Whole), "a•••b");
}

#[test]
fn a_document_that_is_kept_as_a_text_is_masked_when_a_flow_has_parsed_it() {
    let file = r#"{"type":"account","private_key":"-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n"}"#;
    let values = [json(file)];
    assert_eq!(masked(&[&values[0]], file), "•••");
    let parsed = "-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n";
    assert_eq!(masked(&[&values[0]], parsed), "•••\n");
    assert_eq!(masked(&[&values[0]], "account: MIIEvQIBADANBg"), "•••: •••");
    assert_eq!(masked(&[&json("[not, a \"document\"")], "document"), "document");
}

#[test]
fn space_around_a_value_does_not_matter() {
    let values = [json("  token-from-a-file\n")];
    assert_eq!(masked(&[&values[0]], "token-from-a-file|"), "•••|");
}

#[test]
fn a_value_of_several_lines_is_masked_line_by_line() {
    let pem = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQDEXAMPLEEXAMPL\nshort\n-----END PRIVATE KEY-----\n";
    let value = json(pem);
    assert_eq!(masked(&[&value], pem), "•••\n");
    let printed =
        "'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\\n' +\n  'BKcwggSjAgEAAoIBAQDEXAMPLEEXAMPL\\n'";
    assert_eq!(masked(&[&value], printed), "'•••\\n' +\n  '•••\\n'");
    assert_eq!(masked(&[&value], &pem.replace('\n', "\r\n")).matches("•••").count(), 2);
    let other = "-----BEGIN PRIVATE KEY-----\nAnotherKey\nshort";
    assert_eq!(masked(&[&value], other), other);
}

#[test]
fn a_long_value_is_masked_as_far_as_it_goes() {
    let long = |tag: &str| {
        (0..2000).map(|n| format!("{n}{}", if n == 1000 { tag } else { "" })).collect::<String>()
    };
    let (one, other) = (long("x"), long("yy"));
    let (first, second) = (json(&one), json(&other));
    let values = [first.as_str(), second.as_str()];
    assert_eq!(masked(&values, &format!("<{one}>")), "<•••>");
    assert_eq!(masked(&values, &format!("<{other}>")), "<•••>");
    assert_eq!(masked(&values, &format!("<{}>", &one[..700])), "<•••>");
    assert_eq!(masked(&values, &one[1..100]), &one[1..100]);
}

#[test]
fn the_beginning_of_a_value_is_masked_where_a_text_was_cut() {
    let rules = Rules::default();
    let cut = |text| masked_with(&rules, &[r#""sk_live_51H8xY""#], text, Text::Cut);
    assert_eq!(cut("key sk_live_5..."), "key •••...");
    assert_eq!(cut("key sk_live_5…"), "key •••…");
    assert_eq!(cut("key sk_l"), "key •••");
    assert_eq!(cut("key sk_"), "key sk_");
    assert_eq!(cut("key sk_live_51H8xY"), "key •••");
    assert_eq!(cut("sk_live_5 is not the end"), "sk_live_5 is not the end");
    assert_eq!(cut(""), "");
    assert_eq!(cut("..."), "...");
}

#[test]
fn ten_thousand_values_with_the_same_beginning_are_told_apart() {
    let values: Vec<String> = (0..10_000).map(|n| format!("\"production-key-{n:05}\"")).collect();
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    let text = "production-key-00000 production-key-0999 production-key-09999 production-key-10000";
    assert_eq!(masked(&values, text), "••• production-key-0999 ••• production-key-10000");
}

#[test]
fn without_values_nothing_is_masked() {
    assert_eq!(masked(&[], "anything"), "anything");
    assert_eq!(masked(&["null", "{}", "[]", "true", r#""""#], "null true {}"), "null true {}");
}
