//! Values that come and go.

use std::time::{Duration, Instant};

use secret_manager_mask::{Masks, Rules, Text};

const MINUTE: Duration = Duration::from_secs(60);

fn text(masks: &Masks, text: &str) -> String {
    match masks.mask(text.as_bytes(), Text::Whole) {
        Some(masked) => String::from_utf8(masked.to_vec()).unwrap(),
        None => text.to_owned(),
    }
}

#[test]
fn what_is_covered_is_masked() {
    let (masks, now) = (Masks::new(Rules::default()), Instant::now());
    assert_eq!(text(&masks, "first second"), "first second");
    masks.cover([r#""first""#], now);
    assert_eq!(text(&masks, "first second"), "••• second");
    masks.cover([r#""first""#, r#"{"key": "second"}"#], now);
    assert_eq!(text(&masks, "first second"), "••• •••");
}

#[test]
fn what_was_replaced_is_masked_for_ten_minutes() {
    let (masks, now) = (Masks::new(Rules::default()), Instant::now());
    let (old, new) = (r#""old-value""#, r#""new-value""#);
    masks.cover([old], now);
    masks.hold([old], [], now);
    assert_eq!(masks.tidy(now + 60 * MINUTE), None);
    assert_eq!(text(&masks, "old-value"), "•••");

    let later = now + 60 * MINUTE;
    masks.cover([new], later);
    masks.hold([new], [old], later);
    assert_eq!(masks.tidy(later + 9 * MINUTE), Some(later + 10 * MINUTE));
    assert_eq!(text(&masks, "old-value new-value"), "••• •••");
    assert_eq!(masks.tidy(later + 10 * MINUTE), None);
    assert_eq!(text(&masks, "old-value new-value"), "old-value •••");
}

#[test]
fn a_value_that_two_secrets_have_stays_until_both_are_gone() {
    let (masks, now) = (Masks::new(Rules::default()), Instant::now());
    let value = r#""shared-value""#;
    masks.cover([value], now);
    masks.hold([value, value], [], now);
    masks.hold([], [value], now);
    assert_eq!(masks.tidy(now + 20 * MINUTE), None);
    assert_eq!(text(&masks, "shared-value"), "•••");
    masks.hold([], [value], now + 20 * MINUTE);
    masks.tidy(now + 40 * MINUTE);
    assert_eq!(text(&masks, "shared-value"), "shared-value");
}

#[test]
fn a_value_that_comes_back_stays() {
    let (masks, now) = (Masks::new(Rules::default()), Instant::now());
    let value = r#""back-again""#;
    masks.cover([value], now);
    masks.hold([value], [], now);
    masks.hold([], [value], now);
    masks.cover([value], now + 9 * MINUTE);
    assert_eq!(masks.tidy(now + 11 * MINUTE), Some(now + 19 * MINUTE));
    masks.hold([value], [], now + 12 * MINUTE);
    assert_eq!(masks.tidy(now + 60 * MINUTE), None);
    assert_eq!(text(&masks, "back-again"), "•••");
}

#[test]
fn many_changes_one_by_one_leave_nothing_unmasked() {
    let (masks, now) = (Masks::new(Rules::default()), Instant::now());
    let values: Vec<String> = (0..700).map(|n| format!("\"value-number-{n:03}\"")).collect();
    masks.cover(values.iter().take(300).map(String::as_str), now);
    for (n, value) in values.iter().enumerate().skip(300) {
        masks.cover([value.as_str()], now);
        for seen in [0, 299, 300, n / 2, n] {
            assert_eq!(text(&masks, &format!("value-number-{seen:03}")), "•••", "{seen} of {n}");
        }
    }
}
