//! When an access token stops working, as people write it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use secret_manager_model::Timestamp;

use super::failure::Failure;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expiry {
    After(Duration),
    At(Timestamp),
}

/// `30m`, `12h`, `90d`, `4w`, or a time in RFC 3339.
pub(super) fn parse(text: &str) -> Result<Expiry, String> {
    if let Ok(time) = Timestamp::parse(text) {
        return Ok(Expiry::At(time));
    }
    let unit = match text.chars().last() {
        Some('m') => 60,
        Some('h') => 60 * 60,
        Some('d') => 24 * 60 * 60,
        Some('w') => 7 * 24 * 60 * 60,
        _ => 0,
    };
    let seconds = text
        .get(..text.len().saturating_sub(1))
        .and_then(|number| number.parse::<u64>().ok())
        .and_then(|number| number.checked_mul(unit))
        .filter(|seconds| *seconds > 0);
    match seconds {
        Some(seconds) => Ok(Expiry::After(Duration::from_secs(seconds))),
        None => Err("write 30m, 12h, 90d, 4w or a time such as 2030-01-31T00:00:00Z".into()),
    }
}

impl Expiry {
    /// Counted from now.
    pub(super) fn time(self) -> Result<Timestamp, Failure> {
        let after = match self {
            Self::At(time) => return Ok(time),
            Self::After(after) => after,
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        now.checked_add(after)
            .and_then(|time| i64::try_from(time.as_millis()).ok())
            .and_then(Timestamp::from_millis)
            .ok_or_else(|| Failure::new("--expires is too far in the future"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_times_are_read() {
        for (text, seconds) in [("1m", 60), ("12h", 43_200), ("90d", 7_776_000), ("2w", 1_209_600)]
        {
            assert_eq!(parse(text), Ok(Expiry::After(Duration::from_secs(seconds))), "{text}");
        }
        let time = "2030-01-31T00:00:00Z";
        assert_eq!(parse(time), Ok(Expiry::At(Timestamp::parse(time).unwrap())));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in
            ["", "d", "0d", "-1d", "1", "1y", "1.5h", "d1", "ü", "99999999999999999999d", "soon"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(Expiry::After(Duration::from_secs(u64::MAX)).time().is_err());
    }
}
